#include "tfw_decide.h"

#include <string.h>

static struct {
    uint8_t filled; /* windows in the history */
    uint8_t next;   /* row of the next one */
} history;

void tfw_decide_reset(void)
{
    memset(&history, 0, sizeof history);
}

uint16_t tfw_decide(const tfw_model_t *model)
{
    memcpy(model->history + (uint32_t)history.next * model->output_bytes, model->output, model->output_bytes);
    history.next = (uint8_t)(history.next + 1u == model->smoothing ? 0u : history.next + 1u);
    history.filled = (uint8_t)(history.filled < model->smoothing ? history.filled + 1u : history.filled);
    uint16_t winner = 0;
    int32_t most = -1;
    for (uint16_t label = 0; label < model->output_bytes; label++) {
        int32_t sum = 0;
        for (uint8_t row = 0; row < history.filled; row++) {
            sum += model->history[(uint32_t)row * model->output_bytes + label] + 128;
        }
        if (sum > most) {
            most = sum;
            winner = label;
        }
    }
    return most >= (int32_t)model->least_score * history.filled ? winner : (uint16_t)TFW_UNKNOWN;
}
