#include "tfw_slide.h"

#ifdef TFW_SLIDE

#include <stddef.h>

static int8_t *end_of(const tfw_model_t *model, uint16_t samples)
{
    return model->input + (size_t)(model->window_length - samples) * model->channels;
}

int8_t *tfw_slide_move(const tfw_model_t *model, uint16_t samples)
{
    const size_t moved = (size_t)model->slide_hop * model->channels;
    memmove(model->input, model->input + moved, model->input_bytes - moved);
    return end_of(model, samples);
}

void tfw_slide_take(const tfw_model_t *model, const tfw_window_t *window)
{
    const uint16_t samples = tfw_slide_begins(model, window) ? window->filled : model->slide_hop;
    const float *const raw = window->values + (size_t)(window->filled - samples) * window->channels;
    model->preprocess_samples(raw, tfw_slide_move(model, samples), samples);
}

void tfw_slide_invoke(const tfw_model_t *model)
{
    model->slide(end_of(model, model->slide_hop), model->output);
}

void tfw_slide_fill(const tfw_model_t *model, const tfw_window_t *window)
{
    if (tfw_slide_is_due(model, window)) {
        if (tfw_slide_begins(model, window)) {
            model->slide_reset();
        }
        tfw_slide_take(model, window);
        tfw_slide_invoke(model);
    }
}

#else

typedef int tfw_slide_is_not_built_in; /* ISO C wants a declaration in every file */

#endif
