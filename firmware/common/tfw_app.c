/*
 * The application every board runs: answers the host, and in STREAM or LIVE handles every sample of the sensor.
 * docs/protocol.md is its specification. With TFW_EEMBC, tfw_eembc.c stands in its place.
 */
#ifndef TFW_EEMBC

#include "tfw_app.h"

#include "tfw_alone.h"
#include "tfw_axes.h"
#include "tfw_decide.h"
#include "tfw_hal.h"
#include "tfw_link.h"
#include "tfw_model.h"
#include "tfw_slide.h"
#include "tfw_update.h"
#include "tfw_window.h"

/* A build may set both: -DTFW_FIRMWARE_VERSION=0.1.0 -DTFW_FIRMWARE_DIGEST=<hex digits>, without quotes. */
#ifndef TFW_FIRMWARE_VERSION
#define TFW_FIRMWARE_VERSION
#endif
#ifndef TFW_FIRMWARE_DIGEST
#define TFW_FIRMWARE_DIGEST
#endif
#define TEXT_OF(...) #__VA_ARGS__
#define TEXT(...)    TEXT_OF(__VA_ARGS__)

/* SAMPLES are sent when full, or when their first sample is this old: a live view stays live at low rates. */
#define STREAM_DELAY_US 50000u
#define STREAM_ROWS     (TFW_SAMPLES_MAX_VALUES / TFW_CHANNELS)

static const char *const channel_names[TFW_CHANNELS] = {"ax", "ay", "az", "gx", "gy", "gz"};
static const char *const channel_units[TFW_CHANNELS] = {"g", "g", "g", "dps", "dps", "dps"};

/* The one the firmware was built with, or a later one that came over the link. */
static const tfw_model_t *model = &tfw_model;

/* What the sensor does for: TFW_MODE_STREAM, TFW_MODE_LIVE or TFW_MODE_ALONE. */
static struct {
    uint8_t mode;
    uint8_t tag;    /* of the request that started it; in every frame of the run */
    uint32_t taken; /* samples the sensor took, up to the last one read */
    uint32_t lost;  /* of these, never read */
    uint32_t sent;  /* samples in SAMPLES, or predictions */
} run;

static struct {
    float values[STREAM_ROWS * TFW_CHANNELS];
    uint16_t rows;
    uint32_t first_index;
    uint32_t time_us; /* of the first row */
} stream;

static struct {
    tfw_window_t window;
    uint16_t hop;
    bool send_windows;
    uint32_t next_window; /* first index of the window after the last one */
} live;

/* The window the host sends for INFER; it lies in the model's window, which LIVE uses too. */
static struct {
    bool begun;
    uint32_t sequence;
    uint32_t count; /* values that have come */
} host_window;

static struct {
    uint32_t samples_lost;
    uint32_t requests_refused;
    uint32_t inferences;
    uint32_t uptime_ms;
    uint32_t uptime_us; /* below one millisecond */
    uint32_t clock_us;  /* tfw_hal_micros() at the last look */
} stats;

typedef struct {
    uint16_t label;
    uint32_t preprocess_cycles;
    uint32_t invoke_cycles;
    uint32_t duration_us;
    uint32_t input_crc;
} result_t;

static bool has_model(void)
{
    return model->invoke != NULL;
}

static uint32_t window_values(void)
{
    return (uint32_t)model->window_length * model->channels;
}

/* The microsecond clock wraps after 71 minutes; looked at in every loop, it counts on in milliseconds. */
static void keep_uptime(void)
{
    const uint32_t now_us = tfw_hal_micros();
    const uint32_t passed_us = stats.uptime_us + (now_us - stats.clock_us);
    stats.clock_us = now_us;
    stats.uptime_ms += passed_us / 1000u;
    stats.uptime_us = passed_us % 1000u;
}

/* ---- replies ---- */

static void refuse(const tfw_frame_t *request, uint8_t status, const char *text)
{
    stats.requests_refused++;
    const tfw_error_t error = {.status = status, .request = request->type, .text = text};
    tfw_link_send(TFW_ERROR, request->tag, tfw_encode_error(tfw_link_body(), &error));
}

static void send_hello(uint8_t tag)
{
    const tfw_hello_t hello = {
        .protocol = TFW_PROTOCOL_VERSION,
        .reset = (uint8_t)tfw_hal_reset_reason(),
        .mode = run.mode,
        .board = tfw_board_name,
        .firmware_version = TEXT(TFW_FIRMWARE_VERSION),
        .firmware_digest = TEXT(TFW_FIRMWARE_DIGEST),
        .channel_names_count = TFW_CHANNELS,
        .channel_names = channel_names,
        .channel_units_count = TFW_CHANNELS,
        .channel_units = channel_units,
        .rate_mhz = tfw_hal_imu_rate_mhz(),
        .model_name = model->name,
        .model_sha256 = model->sha256,
        .model_rate_mhz = model->rate_mhz,
        .window_length = model->window_length,
        .window_hop = model->window_hop,
        .window_channels_count = model->channels,
        .window_channels = model->columns,
        .label_count = model->label_count,
    };
    tfw_link_send(TFW_HELLO, tag, tfw_encode_hello(tfw_link_body(), &hello));
}

static void send_stats(uint8_t tag)
{
    const tfw_link_counters_t *const link = tfw_link_counters();
    const tfw_stats_t message = {
        .uptime_ms = stats.uptime_ms,
        .arena_bytes = model->arena_bytes,
        .stack_bytes = tfw_hal_stack_high_water(),
        .samples_lost = stats.samples_lost,
        .frames_received = link->frames_received,
        .frames_bad = link->frames_bad,
        .frames_oversized = link->frames_oversized,
        .requests_refused = stats.requests_refused,
        .frames_sent = link->frames_sent,
        .inferences = stats.inferences,
    };
    tfw_link_send(TFW_STATS, tag, tfw_encode_stats(tfw_link_body(), &message));
}

/* ---- inference ---- */

/* Runs the model on its window; where that slides, on the samples that are new in it. */
static result_t infer(bool slides)
{
    result_t result;
    const uint32_t start_us = tfw_hal_micros();
    const uint32_t start_cycles = tfw_hal_cycles();
    if (slides) {
        tfw_slide_take(model, &live.window);
    } else {
        model->preprocess(model->window, model->input);
    }
    const uint32_t ready_cycles = tfw_hal_cycles();
    /* Before the network runs: its input may lie in memory that the network uses again. */
    result.input_crc = tfw_crc32(0, (const uint8_t *)model->input, model->input_bytes);
    const uint32_t check_us = tfw_hal_micros();
    if (!slides && model->reset != NULL) {
        model->reset();
    }
    const uint32_t invoke_us = tfw_hal_micros();
    const uint32_t invoke_cycles = tfw_hal_cycles();
    if (slides) {
        tfw_slide_invoke(model);
    } else {
        model->invoke(model->input, model->output);
    }
    result.invoke_cycles = tfw_hal_cycles() - invoke_cycles;
    result.preprocess_cycles = ready_cycles - start_cycles;
    result.duration_us = tfw_hal_micros() - start_us - (invoke_us - check_us);
    result.label = 0;
    for (uint16_t i = 1; i < model->output_bytes; i++) {
        if (model->output[i] > model->output[result.label]) {
            result.label = i;
        }
    }
    stats.inferences++;
    return result;
}

/* False, and the request refused, where no window of the host's can be taken. */
static bool takes_windows(const tfw_frame_t *request)
{
    if (!has_model()) {
        refuse(request, TFW_STATUS_NO_MODEL, "");
        return false;
    }
    if (run.mode == TFW_MODE_LIVE) {
        refuse(request, TFW_STATUS_BUSY, "");
        return false;
    }
    return true;
}

static void on_window_part(const tfw_frame_t *request)
{
    tfw_window_part_t part;
    if (!tfw_decode_window_part(request->body, request->body_bytes, &part)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    if (!takes_windows(request)) {
        return;
    }
    if (part.offset == 0u) {
        host_window.begun = true;
        host_window.sequence = part.sequence;
        host_window.count = 0;
    }
    if (!host_window.begun || part.sequence != host_window.sequence || part.offset != host_window.count) {
        host_window.begun = false; /* a piece is missing: INFER will say so */
        return;
    }
    if (part.values_count > window_values() - host_window.count) {
        host_window.begun = false;
        refuse(request, TFW_STATUS_BAD_VALUE, "more values than a window has");
        return;
    }
    for (uint16_t i = 0; i < part.values_count; i++) {
        const float value = tfw_get_f32(part.values + 4u * (size_t)i);
        if (!tfw_is_finite(value)) {
            host_window.begun = false;
            refuse(request, TFW_STATUS_BAD_VALUE, "a value is not finite");
            return;
        }
        model->window[host_window.count++] = value;
    }
}

static void on_infer(const tfw_frame_t *request)
{
    tfw_infer_t asked;
    if (!tfw_decode_infer(request->body, request->body_bytes, &asked)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    if (!takes_windows(request)) {
        return;
    }
    if (!host_window.begun || asked.sequence != host_window.sequence || host_window.count != window_values()) {
        refuse(request, TFW_STATUS_INCOMPLETE_WINDOW, "");
        return;
    }
    const result_t result = infer(false);
    const tfw_inference_t message = {
        .sequence = asked.sequence,
        .label = result.label,
        .preprocess_cycles = result.preprocess_cycles,
        .invoke_cycles = result.invoke_cycles,
        .duration_us = result.duration_us,
        .input_crc = result.input_crc,
        .scores_count = (uint16_t)model->output_bytes,
        .scores = model->output,
    };
    tfw_link_send(TFW_INFERENCE, request->tag, tfw_encode_inference(tfw_link_body(), &message));
}

/* ---- STREAM and LIVE ---- */

static void flush_stream(void)
{
    if (stream.rows == 0u) {
        return;
    }
    const tfw_samples_t message = {
        .first_index = stream.first_index,
        .time_us = stream.time_us,
        .channels = TFW_CHANNELS,
        .values_count = (uint16_t)(stream.rows * TFW_CHANNELS),
        .values = stream.values,
    };
    tfw_link_send(TFW_SAMPLES, run.tag, tfw_encode_samples(tfw_link_body(), &message));
    run.sent += stream.rows;
    stream.rows = 0;
}

static void stream_sample(const float sample[TFW_CHANNELS], uint32_t index, uint32_t time_us)
{
    if (stream.rows > 0u && index != stream.first_index + stream.rows) {
        flush_stream(); /* a frame never spans a gap */
    }
    if (stream.rows == 0u) {
        stream.first_index = index;
        stream.time_us = time_us;
    }
    memcpy(stream.values + (size_t)stream.rows * TFW_CHANNELS, sample, TFW_CHANNELS * sizeof *sample);
    stream.rows++;
    if (stream.rows == STREAM_ROWS) {
        flush_stream();
    }
}

static void send_live_window(uint32_t sequence)
{
    const uint32_t all = window_values();
    for (uint32_t offset = 0; offset < all; offset += TFW_LIVE_WINDOW_MAX_VALUES) {
        const uint32_t left = all - offset;
        const tfw_live_window_t piece = {
            .sequence = sequence,
            .offset = offset,
            .values_count = (uint16_t)(left < TFW_LIVE_WINDOW_MAX_VALUES ? left : TFW_LIVE_WINDOW_MAX_VALUES),
            .values = model->window + offset,
        };
        tfw_link_send(TFW_LIVE_WINDOW, run.tag, tfw_encode_live_window(tfw_link_body(), &piece));
    }
}

static void live_sample(const float sample[TFW_CHANNELS], uint32_t index, uint32_t time_us)
{
    float row[TFW_CHANNELS];
    for (uint8_t c = 0; c < model->channels; c++) {
        row[c] = sample[model->columns[c]] * model->factors[c];
    }
    const bool slides = tfw_slides(model, live.hop);
    if (!tfw_window_push(&live.window, row, index)) {
        if (slides) {
            tfw_slide_fill(model, &live.window);
        }
        return;
    }
    if (live.window.first_index != live.next_window) {
        tfw_decide_reset(); /* samples were lost in between */
    }
    live.next_window = live.window.first_index + live.hop;
    const result_t result = infer(slides);
    const uint16_t answer = tfw_decide(model);
    const uint32_t sequence = run.sent++;
    if (run.mode == TFW_MODE_ALONE) {
        tfw_alone_show(model, answer);
        tfw_window_slide(&live.window, live.hop);
        return;
    }
    if (live.send_windows) {
        send_live_window(sequence);
    }
    const tfw_prediction_t message = {
        .sequence = sequence,
        .first_index = live.window.first_index,
        .time_us = time_us,
        .label = result.label,
        .answer = answer,
        .preprocess_cycles = result.preprocess_cycles,
        .invoke_cycles = result.invoke_cycles,
        .duration_us = result.duration_us,
        .input_crc = result.input_crc,
        .scores_count = (uint16_t)model->output_bytes,
        .scores = model->output,
    };
    tfw_link_send(TFW_PREDICTION, run.tag, tfw_encode_prediction(tfw_link_body(), &message));
    tfw_window_slide(&live.window, live.hop);
}

/* Whether a sample was there. */
static bool handle_sample(void)
{
    float sample[TFW_CHANNELS];
    uint32_t index;
    uint32_t time_us;
    if (!tfw_hal_imu_read(sample, &index, &time_us)) {
        return false;
    }
    tfw_to_board_axes(sample);
    const uint32_t lost = index - run.taken;
    run.lost += lost;
    stats.samples_lost += lost;
    run.taken = index + 1u;
    if (run.mode == TFW_MODE_STREAM) {
        stream_sample(sample, index, time_us);
    } else {
        live_sample(sample, index, time_us);
    }
    return true;
}

/* False when the sensor cannot. */
static bool begin_run(uint8_t mode, uint8_t tag, uint32_t rate_mhz)
{
    tfw_hal_imu_stop();
    memset(&run, 0, sizeof run);
    stream.rows = 0;
    if (!tfw_hal_imu_start(rate_mhz)) {
        return false;
    }
    run.mode = mode;
    run.tag = tag;
    return true;
}

/* False, and the request refused, when the sensor cannot. */
static bool start_run(const tfw_frame_t *request, uint8_t mode, uint32_t rate_mhz)
{
    if (!begin_run(mode, request->tag, rate_mhz)) {
        refuse(request, TFW_STATUS_NO_SENSOR, "");
        return false;
    }
    return true;
}

static void on_start_stream(const tfw_frame_t *request)
{
    tfw_start_stream_t asked;
    if (!tfw_decode_start_stream(request->body, request->body_bytes, &asked)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    uint32_t rate_mhz = asked.rate_mhz;
    if (rate_mhz == 0u) {
        rate_mhz = has_model() ? model->rate_mhz : tfw_hal_imu_rate_mhz();
    }
    if (start_run(request, TFW_MODE_STREAM, rate_mhz)) {
        const tfw_stream_started_t message = {.rate_mhz = tfw_hal_imu_rate_mhz()};
        tfw_link_send(TFW_STREAM_STARTED, request->tag, tfw_encode_stream_started(tfw_link_body(), &message));
    }
}

/* Whether the sensor has what the model's windows are made of. */
static bool has_channels(void)
{
    for (uint8_t c = 0; c < model->channels; c++) {
        if (c >= TFW_CHANNELS || model->columns[c] >= TFW_CHANNELS) {
            return false;
        }
    }
    return true;
}

static void begin_windows(uint16_t hop, bool send_windows)
{
    host_window.begun = false;
    live.hop = hop;
    live.send_windows = send_windows;
    live.next_window = 0;
    tfw_window_init(&live.window, model->window, model->window_length, model->channels);
    tfw_decide_reset();
}

static void on_start_live(const tfw_frame_t *request)
{
    tfw_start_live_t asked;
    if (!tfw_decode_start_live(request->body, request->body_bytes, &asked)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    if (!has_model()) {
        refuse(request, TFW_STATUS_NO_MODEL, "");
        return;
    }
    if (asked.send_windows > 1u) {
        refuse(request, TFW_STATUS_BAD_VALUE, "send_windows");
        return;
    }
    if (!has_channels()) {
        refuse(request, TFW_STATUS_NO_CHANNEL, "");
        return;
    }
    if (start_run(request, TFW_MODE_LIVE, model->rate_mhz)) {
        begin_windows(asked.hop != 0u ? asked.hop : model->window_hop, asked.send_windows == 1u);
        const tfw_live_started_t message = {.rate_mhz = tfw_hal_imu_rate_mhz(), .hop = live.hop};
        tfw_link_send(TFW_LIVE_STARTED, request->tag, tfw_encode_live_started(tfw_link_body(), &message));
    }
}

static void on_stop(const tfw_frame_t *request)
{
    if (!tfw_decode_stop(request->body_bytes)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    flush_stream();
    tfw_hal_imu_stop();
    const tfw_stopped_t message = {.mode = run.mode, .taken = run.taken, .lost = run.lost, .sent = run.sent};
    run.mode = TFW_MODE_IDLE;
    tfw_link_send(TFW_STOPPED, request->tag, tfw_encode_stopped(tfw_link_body(), &message));
}

static void on_hello_request(const tfw_frame_t *request)
{
    tfw_hello_request_t asked;
    if (!tfw_decode_hello_request(request->body, request->body_bytes, &asked)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    send_hello(request->tag); /* whatever the host's version: it is the host that decides what to do */
}

static void on_label_request(const tfw_frame_t *request)
{
    tfw_label_request_t asked;
    if (!tfw_decode_label_request(request->body, request->body_bytes, &asked)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    if (asked.index >= model->label_count) {
        refuse(request, TFW_STATUS_BAD_VALUE, "index");
        return;
    }
    const tfw_label_t message = {.index = asked.index, .text = model->labels[asked.index]};
    tfw_link_send(TFW_LABEL, request->tag, tfw_encode_label(tfw_link_body(), &message));
}

static void on_stats_request(const tfw_frame_t *request)
{
    if (!tfw_decode_stats_request(request->body_bytes)) {
        refuse(request, TFW_STATUS_BAD_LENGTH, "");
        return;
    }
    send_stats(request->tag);
}

/* ---- model updates ---- */

static void send_update_state(uint8_t tag)
{
    tfw_update_state_t message;
    tfw_update_tell(&message);
    tfw_link_send(TFW_UPDATE_STATE, tag, tfw_encode_update_state(tfw_link_body(), &message));
}

static void on_update(const tfw_frame_t *request)
{
    uint8_t status;
    if (run.mode != TFW_MODE_IDLE && request->type != TFW_UPDATE_QUERY) {
        refuse(request, TFW_STATUS_BUSY, "");
        return;
    }
    const char *const why = tfw_update_handle(request, &status);
    if (why != NULL) {
        refuse(request, status, why);
        return;
    }
    if (request->type == TFW_UPDATE_COMMIT) {
        host_window.begun = false;
        model = tfw_update_model();
    }
    send_update_state(request->tag);
}

/* ---- stand-alone ---- */

static void end_alone(void)
{
    tfw_hal_imu_stop();
    run.mode = TFW_MODE_IDLE;
    tfw_alone_end();
}

/* A board that has a model and a sensor for it, and that no host has spoken to since it started, works by itself. */
static void maybe_begin_alone(void)
{
    if (run.mode != TFW_MODE_IDLE || !tfw_alone_is_due(stats.uptime_ms)) {
        return;
    }
    if (has_model() && has_channels() && begin_run(TFW_MODE_ALONE, 0, model->rate_mhz)) {
        begin_windows(model->window_hop, false);
    } else {
        tfw_alone_heard(); /* it cannot: not to be tried again in every loop */
    }
}

static void handle(const tfw_frame_t *request)
{
    tfw_alone_heard();
    if (run.mode == TFW_MODE_ALONE) {
        end_alone();
    }
    switch (request->type) {
    case TFW_HELLO_REQUEST:
        on_hello_request(request);
        break;
    case TFW_LABEL_REQUEST:
        on_label_request(request);
        break;
    case TFW_START_STREAM:
        on_start_stream(request);
        break;
    case TFW_STOP:
        on_stop(request);
        break;
    case TFW_WINDOW_PART:
        on_window_part(request);
        break;
    case TFW_INFER:
        on_infer(request);
        break;
    case TFW_START_LIVE:
        on_start_live(request);
        break;
    case TFW_STATS_REQUEST:
        on_stats_request(request);
        break;
    case TFW_UPDATE_QUERY:
    case TFW_UPDATE_BEGIN:
    case TFW_UPDATE_PART:
    case TFW_UPDATE_COMMIT:
        on_update(request);
        break;
    default:
        refuse(request, TFW_STATUS_UNKNOWN_MESSAGE, "");
        break;
    }
}

void tfw_setup(void)
{
    tfw_hal_init();
    tfw_hal_watchdog();
    model = tfw_update_begin_life();
    stats.clock_us = tfw_hal_micros();
    static const uint8_t delimiter = 0; /* ends whatever a boot loader has sent */
    tfw_hal_write(&delimiter, 1);
    send_hello(0);
}

void tfw_loop(void)
{
    bool busy = false;
    tfw_frame_t request;
    keep_uptime();
    tfw_hal_watchdog();
    if (tfw_link_receive(&request)) {
        handle(&request);
        busy = true;
    }
    if (run.mode != TFW_MODE_IDLE && handle_sample()) {
        busy = true;
    }
    maybe_begin_alone();
    tfw_alone_blink(stats.uptime_ms);
    if (stream.rows > 0u && tfw_hal_micros() - stream.time_us >= STREAM_DELAY_US) {
        flush_stream();
    }
    if (!busy) {
        tfw_hal_idle();
    }
}

#else

typedef int tfw_app_is_not_built_in; /* ISO C wants a declaration in every file */

#endif
