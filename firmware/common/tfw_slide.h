/*
 * LIVE with a model that takes only the new samples of its sliding window (tfw_model_t.slide): what is said here of the
 * quantized window, model->input, holds while LIVE runs. Built in only with TFW_SLIDE, which a project whose model can is
 * compiled with, or where models come as updates.
 */
#ifndef TFW_SLIDE_H
#define TFW_SLIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "tfw_model.h"
#include "tfw_window.h"

#if defined TFW_UPDATE_KEY && !defined TFW_SLIDE
#define TFW_SLIDE
#endif

#ifdef TFW_SLIDE

/* Whether windows that move by `hop` are computed from their new samples. */
static inline bool tfw_slides(const tfw_model_t *model, uint16_t hop)
{
    return model->slide != NULL && hop == model->slide_hop;
}

/* Whether the sample that came last in the window completes a hop: counted back from the sample that fills it. */
static inline bool tfw_slide_is_due(const tfw_model_t *model, const tfw_window_t *window)
{
    return (window->length - window->filled) % model->slide_hop == 0;
}

/* Whether that hop is the first one of a window that begins anew. */
static inline bool tfw_slide_begins(const tfw_model_t *model, const tfw_window_t *window)
{
    return window->filled <= model->slide_hop;
}

/* Moves the quantized window on by a hop; gives the place of the hop's last `samples` samples, its end. */
int8_t *tfw_slide_move(const tfw_model_t *model, uint16_t samples);

/* Moves the quantized window on and preprocesses the samples of the hop that is due: all of them, or, where the length
 * is no multiple of the hop, in the first one those there are; what stands before them then is no part of any window. */
void tfw_slide_take(const tfw_model_t *model, const tfw_window_t *window);

/* One call for the hop at the quantized window's end. */
void tfw_slide_invoke(const tfw_model_t *model);

/* A hop before the window is full: takes it, and computes what is kept of it. */
void tfw_slide_fill(const tfw_model_t *model, const tfw_window_t *window);

#else

static inline bool tfw_slides(const tfw_model_t *model, uint16_t hop)
{
    (void)model;
    (void)hop;
    return false;
}

static inline void tfw_slide_take(const tfw_model_t *model, const tfw_window_t *window)
{
    (void)model;
    (void)window;
}

static inline void tfw_slide_invoke(const tfw_model_t *model)
{
    (void)model;
}

static inline void tfw_slide_fill(const tfw_model_t *model, const tfw_window_t *window)
{
    (void)model;
    (void)window;
}

#endif
#endif
