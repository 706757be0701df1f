/*
 * The model the application runs: one constant, defined by the generated tfw_model.c
 * (tinyforge/link/model_binding.py) or, for firmware that only records, by tfw_model_none.c.
 */
#ifndef TFW_MODEL_H
#define TFW_MODEL_H

#include <stdint.h>

/* In `columns`: no channel of the sensor; windows then come from the host only. */
#define TFW_NO_COLUMN 255u

/* Of tfw_model_t: a model that comes as an update must have been built for the same one. 2: the last four members. */
#define TFW_MODEL_ABI 2u

typedef struct {
    const char *name;          /* C identifier; empty without a model, and everything below 0 */
    const char *const *labels; /* [label_count] */
    uint16_t label_count;
    uint16_t window_length; /* samples */
    uint16_t window_hop;    /* samples from window to window in LIVE, >= 1 */
    uint8_t channels;       /* columns of a window */
    const uint8_t *columns; /* [channels]: which channel of the sensor a column is, or TFW_NO_COLUMN */
    const float *factors;   /* [channels]: from the sensor's unit to the column's; 1 where they are the same */
    uint32_t rate_mhz;      /* milli-hertz */
    const uint8_t *sha256;  /* [32], of the .tflite */
    uint32_t input_bytes;   /* window_length * channels */
    uint32_t output_bytes;  /* scores, <= 255 */
    uint32_t arena_bytes;   /* RAM of the activations */
    float *window;          /* [window_length][channels], in the columns' units */
    int8_t *input;          /* [input_bytes] */
    int8_t *output;         /* [output_bytes] */
    void (*preprocess)(const float *raw, int8_t *input);
    void (*invoke)(const int8_t *input, int8_t *output);
    void (*reset)(void);  /* clears recurrent state; NULL where there is none */
    uint16_t least_score; /* of an answer, in 256ths; 0: every window has one */
    uint16_t rest;        /* label that means "no gesture"; 65535: none */
    uint8_t smoothing;    /* windows an answer is made of, >= 1 */
    int8_t *history;      /* [smoothing][output_bytes] */
    uint16_t slide_hop;   /* samples that `slide` takes, < window_length; 0 without it, and what follows is NULL */
    void (*preprocess_samples)(const float *raw, int8_t *input, int32_t samples);
    void (*slide)(const int8_t *samples, int8_t *output); /* goes on; gives what `invoke` gives for the whole window */
    void (*slide_reset)(void);                            /* before the first samples of a window, and after a gap */
} tfw_model_t;

extern const tfw_model_t tfw_model;

#endif
