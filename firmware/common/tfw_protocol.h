/*
 * The messages of the link, version 1.
 * Generated from tinyforge/link/protocol.toml by `python -m tinyforge.link.generate`; do not edit.
 *
 * Messages of the host are decoded here, those of the device encoded. A decoder returns false when the body is not
 * exactly as long as its fields say, or a list is longer than it may be. An encoder returns the bytes it wrote.
 */
#ifndef TFW_PROTOCOL_H
#define TFW_PROTOCOL_H

#include "tfw_wire.h"

#define TFW_PROTOCOL_VERSION 1
#define TFW_MAX_FRAME_BYTES 512 /* type, tag, body, CRC */
#define TFW_MAX_BODY_BYTES 506

/* What an ERROR says. */
enum {
    TFW_STATUS_UNKNOWN_MESSAGE = 1, /* the firmware does not know this message */
    TFW_STATUS_BAD_LENGTH = 2, /* the message is shorter or longer than its fields */
    TFW_STATUS_BAD_VALUE = 3, /* a field is outside its range */
    TFW_STATUS_NO_MODEL = 4, /* the firmware carries no model */
    TFW_STATUS_NO_SENSOR = 5, /* the sensor is missing or does not run at this rate */
    TFW_STATUS_INCOMPLETE_WINDOW = 6, /* a part of the window is missing */
    TFW_STATUS_NO_CHANNEL = 7, /* the board's sensor lacks a channel the model needs */
    TFW_STATUS_BUSY = 8, /* not possible in this mode; send STOP first */
    TFW_STATUS_NO_UPDATE = 9, /* the firmware was built without a key for model updates */
    TFW_STATUS_UPDATE_REFUSED = 10, /* the model update is not accepted */
    TFW_STATUS_FLASH_FAILED = 11, /* the flash could not be written */
};

/* What a device is doing. */
enum {
    TFW_MODE_IDLE = 0, /* waits for a request */
    TFW_MODE_STREAM = 1, /* sends SAMPLES */
    TFW_MODE_LIVE = 2, /* infers its own windows and sends PREDICTION */
    TFW_MODE_ALONE = 3, /* infers its own windows and shows the answer; any request ends it */
};

/* Why a device started. */
enum {
    TFW_RESET_UNKNOWN = 0, /* the board cannot tell */
    TFW_RESET_POWER_ON = 1, /* power came on */
    TFW_RESET_PIN = 2, /* the reset button or pin */
    TFW_RESET_SOFTWARE = 3, /* the firmware or a debugger asked for it */
    TFW_RESET_WATCHDOG = 4, /* the watchdog: the firmware hung */
    TFW_RESET_BROWN_OUT = 5, /* the supply voltage fell */
    TFW_RESET_FAULT = 6, /* a fault of the processor */
};

/* First byte of a frame. */
enum {
    TFW_HELLO_REQUEST = 0x01,
    TFW_LABEL_REQUEST = 0x02,
    TFW_START_STREAM = 0x03,
    TFW_STOP = 0x04,
    TFW_WINDOW_PART = 0x05,
    TFW_INFER = 0x06,
    TFW_START_LIVE = 0x07,
    TFW_STATS_REQUEST = 0x08,
    TFW_UPDATE_QUERY = 0x09,
    TFW_UPDATE_BEGIN = 0x0A,
    TFW_UPDATE_PART = 0x0B,
    TFW_UPDATE_COMMIT = 0x0C,
    TFW_HELLO = 0x81,
    TFW_LABEL = 0x82,
    TFW_STREAM_STARTED = 0x83,
    TFW_STOPPED = 0x84,
    TFW_INFERENCE = 0x86,
    TFW_LIVE_STARTED = 0x87,
    TFW_STATS = 0x88,
    TFW_UPDATE_STATE = 0x89,
    TFW_SAMPLES = 0x90,
    TFW_LIVE_WINDOW = 0x91,
    TFW_PREDICTION = 0x92,
    TFW_ERROR = 0xFF,
};

/* ---- from the host ---------------------------------------------------------------------------------------------- */

/* Who are you? Answered in every mode, and changes none. */
typedef struct {
    uint8_t protocol; /* version of the host */
} tfw_hello_request_t;

static inline bool tfw_decode_hello_request(const uint8_t *body, size_t count, tfw_hello_request_t *message)
{
    if (count != 1u) {
        return false;
    }
    message->protocol = tfw_get_u8(body + 0);
    return true;
}

/* The name of one output of the model. */
typedef struct {
    uint16_t index; /* 0 .. label_count - 1 */
} tfw_label_request_t;

static inline bool tfw_decode_label_request(const uint8_t *body, size_t count, tfw_label_request_t *message)
{
    if (count != 2u) {
        return false;
    }
    message->index = tfw_get_u16(body + 0);
    return true;
}

/* Start the sensor and send every sample. A device that streams already starts anew, with sample 0. */
typedef struct {
    uint32_t rate_mhz; /* milli-hertz; 0: the model's rate, without a model the sensor's usual one */
} tfw_start_stream_t;

static inline bool tfw_decode_start_stream(const uint8_t *body, size_t count, tfw_start_stream_t *message)
{
    if (count != 4u) {
        return false;
    }
    message->rate_mhz = tfw_get_u32(body + 0);
    return true;
}

/* End STREAM or LIVE. In idle mode it repeats the counters of the last run. */
/* No fields: the body is empty. */
static inline bool tfw_decode_stop(size_t count)
{
    return count == 0u;
}

/* A piece of a window for INFER, not answered. Pieces come in order, the first with offset 0. */
typedef struct {
    uint32_t sequence; /* of the window, chosen by the host */
    uint32_t offset; /* values before this piece */
    uint16_t values_count; /* 0..120 */
    const uint8_t *values; /* little-endian f32, not aligned: row-major [time][channel], physical units, finite */
} tfw_window_part_t;

static inline bool tfw_decode_window_part(const uint8_t *body, size_t count, tfw_window_part_t *message)
{
    if (count < 10u) {
        return false;
    }
    message->sequence = tfw_get_u32(body + 0);
    message->offset = tfw_get_u32(body + 4);
    message->values_count = tfw_get_u16(body + 8);
    message->values = body + 10;
    return message->values_count <= 120u && count == 10u + 4u * (size_t)message->values_count;
}

/* Run the model on the window whose pieces were sent. The model's state is reset before. */
typedef struct {
    uint32_t sequence; /* that of the pieces */
} tfw_infer_t;

static inline bool tfw_decode_infer(const uint8_t *body, size_t count, tfw_infer_t *message)
{
    if (count != 4u) {
        return false;
    }
    message->sequence = tfw_get_u32(body + 0);
    return true;
}

/* Start the sensor at the model's rate and infer every `hop` samples. A device in LIVE starts anew. */
typedef struct {
    uint16_t hop; /* samples from window to window; 0: the model's own hop */
    uint8_t send_windows; /* 1: send each raw window as LIVE_WINDOW pieces before its PREDICTION; 0: do not */
} tfw_start_live_t;

static inline bool tfw_decode_start_live(const uint8_t *body, size_t count, tfw_start_live_t *message)
{
    if (count != 3u) {
        return false;
    }
    message->hop = tfw_get_u16(body + 0);
    message->send_windows = tfw_get_u8(body + 2);
    return true;
}

/* Counters and high-water marks. Answered in every mode, and changes none. */
/* No fields: the body is empty. */
static inline bool tfw_decode_stats_request(size_t count)
{
    return count == 0u;
}

/* Where a new model would go, and what is there. Answered in every mode, and changes none. */
/* No fields: the body is empty. */
static inline bool tfw_decode_update_query(size_t count)
{
    return count == 0u;
}

/* A new model will follow from its first byte on; what was received is dropped. Idle mode only. */
typedef struct {
    uint32_t image_bytes; /* of the whole image; a multiple of 8 */
} tfw_update_begin_t;

static inline bool tfw_decode_update_begin(const uint8_t *body, size_t count, tfw_update_begin_t *message)
{
    if (count != 4u) {
        return false;
    }
    message->image_bytes = tfw_get_u32(body + 0);
    return true;
}

/* The next bytes of the image. A repeated one is not written again; a gap is refused. */
typedef struct {
    uint32_t offset; /* bytes before this piece; a multiple of 8 */
    uint16_t data_count; /* 0..480 */
    const uint8_t *data; /* little-endian u8, not aligned: a multiple of 8 bytes */
} tfw_update_part_t;

static inline bool tfw_decode_update_part(const uint8_t *body, size_t count, tfw_update_part_t *message)
{
    if (count < 6u) {
        return false;
    }
    message->offset = tfw_get_u32(body + 0);
    message->data_count = tfw_get_u16(body + 4);
    message->data = body + 6;
    return message->data_count <= 480u && count == 6u + 1u * (size_t)message->data_count;
}

/* Check the image's signature, ABI and version, let it prove itself, and use it from now on. */
/* No fields: the body is empty. */
static inline bool tfw_decode_update_commit(size_t count)
{
    return count == 0u;
}

/* ---- from the device -------------------------------------------------------------------------------------------- */

/* Who I am. Also sent unasked with tag 0 when the device starts, so that a host sees a reset. */
#define TFW_HELLO_MAX_BYTES 429
#define TFW_HELLO_MAX_WINDOW_CHANNELS 12
TFW_STATIC_ASSERT(TFW_HELLO_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_hello_fits);

typedef struct {
    uint8_t protocol; /* version of the device; the first byte of HELLO in every version */
    uint8_t reset; /* why the device started */
    uint8_t mode; /* what it is doing */
    const char *board; /* more than 24 bytes are cut: identifier of the board, as in its TOML */
    const char *firmware_version; /* more than 24 bytes are cut: version of tinyforge the firmware was built by */
    const char *firmware_digest; /* more than 64 bytes are cut: hex digits over the sources of the firmware; empty when the build gave none */
    uint8_t channel_names_count; /* more than 12 are cut */
    const char *const *channel_names; /* more than 8 bytes are cut: columns of SAMPLES */
    uint8_t channel_units_count; /* more than 12 are cut */
    const char *const *channel_units; /* more than 8 bytes are cut: their units */
    uint32_t rate_mhz; /* rate of the sensor in milli-hertz; 0 without a sensor */
    const char *model_name; /* more than 32 bytes are cut: empty without a model, and the fields below 0 or empty */
    const uint8_t *model_sha256; /* 32 bytes: SHA-256 of the .tflite the model was made from */
    uint32_t model_rate_mhz; /* rate of the model's windows in milli-hertz */
    uint16_t window_length; /* samples in a window */
    uint16_t window_hop; /* samples from window to window in LIVE */
    uint16_t window_channels_count; /* more than 12 are cut */
    const uint8_t *window_channels; /* for each column of a window its column in SAMPLES; 255: none, and no LIVE */
    uint16_t label_count; /* outputs of the model */
} tfw_hello_t;

static inline size_t tfw_encode_hello(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_hello_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u8(at, message->protocol);
    at = tfw_put_u8(at, message->reset);
    at = tfw_put_u8(at, message->mode);
    at = tfw_put_text(at, message->board, 24u);
    at = tfw_put_text(at, message->firmware_version, 24u);
    at = tfw_put_text(at, message->firmware_digest, 64u);
    at = tfw_put_texts(at, message->channel_names, message->channel_names_count, 8u, 12u);
    at = tfw_put_texts(at, message->channel_units, message->channel_units_count, 8u, 12u);
    at = tfw_put_u32(at, message->rate_mhz);
    at = tfw_put_text(at, message->model_name, 32u);
    at = tfw_put_bytes(at, message->model_sha256, 32u);
    at = tfw_put_u32(at, message->model_rate_mhz);
    at = tfw_put_u16(at, message->window_length);
    at = tfw_put_u16(at, message->window_hop);
    at = tfw_put_u8s(at, message->window_channels, message->window_channels_count, 12u);
    at = tfw_put_u16(at, message->label_count);
    return (size_t)(at - body);
}

/* The name of one output of the model. */
#define TFW_LABEL_MAX_BYTES 51
TFW_STATIC_ASSERT(TFW_LABEL_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_label_fits);

typedef struct {
    uint16_t index; /* as asked */
    const char *text; /* more than 48 bytes are cut: the label; a longer one is cut */
} tfw_label_t;

static inline size_t tfw_encode_label(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_label_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u16(at, message->index);
    at = tfw_put_text(at, message->text, 48u);
    return (size_t)(at - body);
}

/* SAMPLES with the tag of the request follow. */
#define TFW_STREAM_STARTED_MAX_BYTES 4
TFW_STATIC_ASSERT(TFW_STREAM_STARTED_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_stream_started_fits);

typedef struct {
    uint32_t rate_mhz; /* the rate it is, in milli-hertz */
} tfw_stream_started_t;

static inline size_t tfw_encode_stream_started(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_stream_started_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->rate_mhz);
    return (size_t)(at - body);
}

/* Nothing more follows. The counters are those of the run that ended. */
#define TFW_STOPPED_MAX_BYTES 13
TFW_STATIC_ASSERT(TFW_STOPPED_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_stopped_fits);

typedef struct {
    uint8_t mode; /* the mode that ended; idle when none was running */
    uint32_t taken; /* samples the sensor took, up to the last one read */
    uint32_t lost; /* of these, lost on the device because its queue was full */
    uint32_t sent; /* samples sent in SAMPLES, or predictions sent */
} tfw_stopped_t;

static inline size_t tfw_encode_stopped(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_stopped_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u8(at, message->mode);
    at = tfw_put_u32(at, message->taken);
    at = tfw_put_u32(at, message->lost);
    at = tfw_put_u32(at, message->sent);
    return (size_t)(at - body);
}

/* What the model says of the host's window. */
#define TFW_INFERENCE_MAX_BYTES 279
#define TFW_INFERENCE_MAX_SCORES 255
TFW_STATIC_ASSERT(TFW_INFERENCE_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_inference_fits);

typedef struct {
    uint32_t sequence; /* of the window */
    uint16_t label; /* index of the highest score, the lowest index of equal ones */
    uint32_t preprocess_cycles; /* CPU cycles from raw window to quantized input */
    uint32_t invoke_cycles; /* CPU cycles of the network */
    uint32_t duration_us; /* both together, in microseconds */
    uint32_t input_crc; /* CRC-32 of the quantized input, to check the preprocessing bit for bit */
    uint16_t scores_count; /* more than 255 are cut */
    const int8_t *scores; /* quantized outputs */
} tfw_inference_t;

static inline size_t tfw_encode_inference(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_inference_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->sequence);
    at = tfw_put_u16(at, message->label);
    at = tfw_put_u32(at, message->preprocess_cycles);
    at = tfw_put_u32(at, message->invoke_cycles);
    at = tfw_put_u32(at, message->duration_us);
    at = tfw_put_u32(at, message->input_crc);
    at = tfw_put_i8s(at, message->scores, message->scores_count, 255u);
    return (size_t)(at - body);
}

/* PREDICTION with the tag of the request follow. */
#define TFW_LIVE_STARTED_MAX_BYTES 6
TFW_STATIC_ASSERT(TFW_LIVE_STARTED_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_live_started_fits);

typedef struct {
    uint32_t rate_mhz; /* the rate it is, in milli-hertz */
    uint16_t hop; /* samples from window to window */
} tfw_live_started_t;

static inline size_t tfw_encode_live_started(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_live_started_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->rate_mhz);
    at = tfw_put_u16(at, message->hop);
    return (size_t)(at - body);
}

/* Counters since the device started, and high-water marks. */
#define TFW_STATS_MAX_BYTES 40
TFW_STATIC_ASSERT(TFW_STATS_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_stats_fits);

typedef struct {
    uint32_t uptime_ms; /* milliseconds since the start; wraps */
    uint32_t arena_bytes; /* RAM of the model's activations */
    uint32_t stack_bytes; /* deepest use of the stack; 0 when it is not known */
    uint32_t samples_lost; /* samples lost because the sensor's queue was full */
    uint32_t frames_received; /* frames that passed their check */
    uint32_t frames_bad; /* frames dropped: damaged, cut short, or CRC wrong */
    uint32_t frames_oversized; /* frames dropped: longer than a frame can be */
    uint32_t requests_refused; /* requests answered with ERROR */
    uint32_t frames_sent; /* frames sent */
    uint32_t inferences; /* times the model ran */
} tfw_stats_t;

static inline size_t tfw_encode_stats(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_stats_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->uptime_ms);
    at = tfw_put_u32(at, message->arena_bytes);
    at = tfw_put_u32(at, message->stack_bytes);
    at = tfw_put_u32(at, message->samples_lost);
    at = tfw_put_u32(at, message->frames_received);
    at = tfw_put_u32(at, message->frames_bad);
    at = tfw_put_u32(at, message->frames_oversized);
    at = tfw_put_u32(at, message->requests_refused);
    at = tfw_put_u32(at, message->frames_sent);
    at = tfw_put_u32(at, message->inferences);
    return (size_t)(at - body);
}

/* What the device says of model updates. */
#define TFW_UPDATE_STATE_MAX_BYTES 36
TFW_STATIC_ASSERT(TFW_UPDATE_STATE_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_update_state_fits);

typedef struct {
    uint32_t abi; /* of models it takes */
    uint32_t version; /* of the model in use; 0: the one the firmware was built with */
    uint32_t slot_address; /* where the next image will lie: it must be linked for this place */
    uint32_t slot_bytes; /* room for it */
    uint32_t ram_address; /* RAM a model may use */
    uint32_t ram_bytes; /* how much */
    uint32_t received; /* bytes of the image that have come */
    const uint8_t *key; /* 8 bytes: first bytes of the public key images must be signed for */
} tfw_update_state_t;

static inline size_t tfw_encode_update_state(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_update_state_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->abi);
    at = tfw_put_u32(at, message->version);
    at = tfw_put_u32(at, message->slot_address);
    at = tfw_put_u32(at, message->slot_bytes);
    at = tfw_put_u32(at, message->ram_address);
    at = tfw_put_u32(at, message->ram_bytes);
    at = tfw_put_u32(at, message->received);
    at = tfw_put_bytes(at, message->key, 8u);
    return (size_t)(at - body);
}

/* Consecutive samples: a frame never spans a gap. */
#define TFW_SAMPLES_MAX_BYTES 491
#define TFW_SAMPLES_MAX_VALUES 120
TFW_STATIC_ASSERT(TFW_SAMPLES_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_samples_fits);

typedef struct {
    uint32_t first_index; /* number of the first sample since START_STREAM, lost ones counted; wraps */
    uint32_t time_us; /* device clock when the first sample was taken; wraps */
    uint8_t channels; /* columns, >= 1 */
    uint16_t values_count; /* more than 120 are cut */
    const float *values; /* row-major [time][channel], physical units */
} tfw_samples_t;

static inline size_t tfw_encode_samples(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_samples_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->first_index);
    at = tfw_put_u32(at, message->time_us);
    at = tfw_put_u8(at, message->channels);
    at = tfw_put_f32s(at, message->values, message->values_count, 120u);
    return (size_t)(at - body);
}

/* A piece of the raw window of the PREDICTION with the same sequence, which follows the last piece. */
#define TFW_LIVE_WINDOW_MAX_BYTES 490
#define TFW_LIVE_WINDOW_MAX_VALUES 120
TFW_STATIC_ASSERT(TFW_LIVE_WINDOW_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_live_window_fits);

typedef struct {
    uint32_t sequence; /* of the prediction */
    uint32_t offset; /* values before this piece */
    uint16_t values_count; /* more than 120 are cut */
    const float *values; /* row-major [time][channel], physical units */
} tfw_live_window_t;

static inline size_t tfw_encode_live_window(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_live_window_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->sequence);
    at = tfw_put_u32(at, message->offset);
    at = tfw_put_f32s(at, message->values, message->values_count, 120u);
    return (size_t)(at - body);
}

/* What the model says of the device's own window. A window with a gap is never used. */
#define TFW_PREDICTION_MAX_BYTES 289
#define TFW_PREDICTION_MAX_SCORES 255
TFW_STATIC_ASSERT(TFW_PREDICTION_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_prediction_fits);

typedef struct {
    uint32_t sequence; /* counts predictions since START_LIVE from 0 */
    uint32_t first_index; /* number of the window's first sample since START_LIVE, lost ones counted */
    uint32_t time_us; /* device clock when the window's last sample was taken; wraps */
    uint16_t label; /* index of the highest score, the lowest index of equal ones */
    uint16_t answer; /* index after smoothing and threshold (the model's decision); 65535: unknown */
    uint32_t preprocess_cycles; /* CPU cycles from raw window to quantized input */
    uint32_t invoke_cycles; /* CPU cycles of the network */
    uint32_t duration_us; /* both together, in microseconds */
    uint32_t input_crc; /* CRC-32 of the quantized input */
    uint16_t scores_count; /* more than 255 are cut */
    const int8_t *scores; /* quantized outputs */
} tfw_prediction_t;

static inline size_t tfw_encode_prediction(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_prediction_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u32(at, message->sequence);
    at = tfw_put_u32(at, message->first_index);
    at = tfw_put_u32(at, message->time_us);
    at = tfw_put_u16(at, message->label);
    at = tfw_put_u16(at, message->answer);
    at = tfw_put_u32(at, message->preprocess_cycles);
    at = tfw_put_u32(at, message->invoke_cycles);
    at = tfw_put_u32(at, message->duration_us);
    at = tfw_put_u32(at, message->input_crc);
    at = tfw_put_i8s(at, message->scores, message->scores_count, 255u);
    return (size_t)(at - body);
}

/* The request with this tag was refused. A refused start leaves the device idle. */
#define TFW_ERROR_MAX_BYTES 51
TFW_STATIC_ASSERT(TFW_ERROR_MAX_BYTES <= TFW_MAX_BODY_BYTES, tfw_error_fits);

typedef struct {
    uint8_t status; /* why */
    uint8_t request; /* type of the refused message */
    const char *text; /* more than 48 bytes are cut: which field or value, for a person; may be empty */
} tfw_error_t;

static inline size_t tfw_encode_error(uint8_t body[TFW_MAX_BODY_BYTES], const tfw_error_t *message)
{
    uint8_t *at = body;
    at = tfw_put_u8(at, message->status);
    at = tfw_put_u8(at, message->request);
    at = tfw_put_text(at, message->text, 48u);
    return (size_t)(at - body);
}

#endif
