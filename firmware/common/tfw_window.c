#include "tfw_window.h"

#include <stddef.h>
#include <string.h>

void tfw_window_init(tfw_window_t *window, float *values, uint16_t length, uint16_t channels)
{
    memset(window, 0, sizeof *window);
    window->values = values;
    window->length = length;
    window->channels = channels;
}

bool tfw_window_push(tfw_window_t *window, const float *sample, uint32_t index)
{
    if (index != window->next_index) {
        window->filled = 0;
        window->skip = 0;
    }
    window->next_index = index + 1u;
    if (window->skip > 0u) {
        window->skip--;
        return false;
    }
    if (window->filled == 0u) {
        window->first_index = index;
    }
    float *const row = window->values + (size_t)window->filled * window->channels;
    memcpy(row, sample, window->channels * sizeof *sample);
    window->filled++;
    return window->filled == window->length;
}

void tfw_window_slide(tfw_window_t *window, uint16_t hop)
{
    if (hop >= window->filled) {
        window->skip = (uint16_t)(hop - window->filled);
        window->filled = 0;
        return;
    }
    window->filled = (uint16_t)(window->filled - hop);
    window->first_index += hop;
    memmove(window->values, window->values + (size_t)hop * window->channels,
            (size_t)window->filled * window->channels * sizeof *window->values);
}
