#include "tfw_alone.h"

#include "tfw_decide.h"
#include "tfw_hal.h"

#define BLINK_MS 200u /* on, and off again */
#define PAUSE_MS 1000u

static struct {
    bool heard;
    bool running;
    bool lit;
    uint16_t shown;    /* the answer; TFW_UNKNOWN in the beginning */
    uint16_t blinks;   /* a round; 0: dark */
    uint32_t began_ms; /* the round */
} alone = {.shown = TFW_UNKNOWN};

void tfw_alone_heard(void)
{
    alone.heard = true;
}

bool tfw_alone_is_due(uint32_t uptime_ms)
{
    return !alone.heard && uptime_ms >= TFW_ALONE_AFTER_MS;
}

static void light(bool on)
{
    if (on != alone.lit) {
        alone.lit = on;
        tfw_hal_led(on);
    }
}

void tfw_alone_show(const tfw_model_t *model, uint16_t answer)
{
    alone.running = true;
    if (answer == alone.shown) {
        return;
    }
    alone.shown = answer;
    alone.blinks = answer == TFW_UNKNOWN || answer == model->rest ? 0u : (uint16_t)(answer + 1u);
    alone.began_ms = 0; /* tfw_alone_blink begins a round */
    tfw_hal_log(answer == TFW_UNKNOWN ? "unknown" : answer < model->label_count ? model->labels[answer] : "gesture");
}

void tfw_alone_blink(uint32_t uptime_ms)
{
    if (!alone.running) {
        return;
    }
    const uint32_t round_ms = 2u * BLINK_MS * alone.blinks + PAUSE_MS;
    if (alone.began_ms == 0u || uptime_ms - alone.began_ms >= round_ms) {
        alone.began_ms = uptime_ms;
    }
    const uint32_t at = (uptime_ms - alone.began_ms) / BLINK_MS;
    light(at < 2u * alone.blinks && at % 2u == 0u);
}

void tfw_alone_end(void)
{
    alone.running = false;
    alone.shown = TFW_UNKNOWN;
    light(false);
}
