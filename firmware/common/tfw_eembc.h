/*
 * What the text protocol of MLPerf Tiny's runner (tfw_eembc.c) must know of a model beside tfw_model.h: what `db` may
 * load, and how outputs become results. Generated with the model's tfw_model.c.
 */
#ifndef TFW_EEMBC_H
#define TFW_EEMBC_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t room_bytes; /* of tfw_model.window, which `db` fills; from 4 bytes an input value on it takes floats */
    bool is_image;       /* loaded bytes are pixels of 0 to 255, otherwise they are the quantized input itself */
    bool is_autoencoder; /* the one result is the mean squared difference between input and output */
    float input_scale;   /* real = scale * (quantized - zero point) */
    int32_t input_zero_point;
    float output_scale;
    int32_t output_zero_point;
} tfw_eembc_model_t;

extern const tfw_eembc_model_t tfw_eembc_model;

/*
 * What the command `layers` measures, where TFW_LAYERS is defined: the network's calls one by one, by the cycle counter
 * of tfw_hal.h. The generated code must be compiled with TFG_TRACE.
 */
typedef struct {
    uint32_t count;         /* calls of the network */
    const uint32_t *cycles; /* of each, set by run */
    void (*run)(const int8_t *input, int8_t *output);
} tfw_layers_t;

extern const tfw_layers_t tfw_layers;

/*
 * Energy mode (TFW_EEMBC_ENERGY): time stamps are falling edges on a pin that an energy monitor watches, and the link is
 * a UART on pins, because the board is cut off from USB.
 */
#define TFW_EEMBC_ENERGY_BAUD 9600u

/* Asked of a board in energy mode, besides tfw_hal.h: the level of that pin. It may be an open drain. */
void tfw_hal_timestamp_pin(bool is_high);

#ifdef __cplusplus
}
#endif

#endif
