/*
 * The text protocol of the runner for MLPerf Tiny, in place of docs/protocol.md, where TFW_EEMBC is defined: commands
 * and answers are those of github.com/mlcommons/tiny, benchmark/api. docs/eembc.md says what is measured. With
 * TFW_EEMBC_ENERGY too, time stamps are pulses on a pin.
 */
#ifdef TFW_EEMBC

#include <string.h>

#include "tfw_app.h"
#include "tfw_eembc.h"
#include "tfw_hal.h"
#include "tfw_model.h"
#include "tfw_window.h"

#define COMMAND_BYTES 80u
#define TERMINATOR    '%'
#define PROFILE       "ULPMark for tinyML Firmware V0.0.1"
#define LINE_BYTES    160u
#define FLOATS        (tfw_model.input_bytes * (uint32_t)sizeof(float)) /* bytes of an input that are floats */
#define USB_BYTES     64u /* some boards follow a write of whole packets by a delimiter, which text must not have */

#ifdef TFW_EEMBC_ENERGY
#define MODE     "energy"
#define PULSE_US 100u /* the runner asks for 1, and takes 50 for noise */
#else
#define MODE "performance"
#endif

/* Of one command: whoever mistypes does not wait for days. */
#ifndef TFW_EEMBC_MOST
#define TFW_EEMBC_MOST 100000u
#endif

static struct {
    char text[COMMAND_BYTES + 1u];
    size_t count;
    char *next; /* what has not been looked at */
} command;

static struct {
    uint8_t bytes[LINE_BYTES];
    size_t count;
} line;

/* What `db` fills lies in the model's window: a byte a value, or the four of a float. */
static struct {
    uint32_t total;
    uint32_t count;
} buffer;

/* ---- answers ---- */

static void flush(void)
{
    const size_t last = line.count > 0u && line.count % USB_BYTES == 0u ? 1u : 0u;
    tfw_hal_write(line.bytes, line.count - last);
    if (last != 0u) {
        tfw_hal_write(line.bytes + line.count - last, last);
    }
    line.count = 0;
}

static void say_byte(char byte)
{
    line.bytes[line.count++] = (uint8_t)byte;
    if (byte == '\n' || line.count == LINE_BYTES) {
        flush();
    }
}

static void say(const char *text)
{
    while (*text != '\0') {
        say_byte(*text++);
    }
}

static void say_number(uint32_t value)
{
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value != 0u);
    while (count > 0u) {
        say_byte(digits[--count]);
    }
}

static void say_hex(uint8_t value)
{
    static const char digits[] = "0123456789abcdef";
    say_byte(digits[value >> 4]);
    say_byte(digits[value & 15u]);
}

static void say_error(const char *what, const char *which)
{
    say("e-[");
    say(what);
    for (; *which != '\0'; which++) {
        say_byte(*which >= ' ' && *which <= '~' ? *which : '?');
    }
    say("]\r\n");
}

static void say_timestamp(void)
{
#ifdef TFW_EEMBC_ENERGY
    tfw_hal_timestamp_pin(false);
    const uint32_t from_us = tfw_hal_micros();
    while (tfw_hal_micros() - from_us < PULSE_US) {
    }
    tfw_hal_timestamp_pin(true);
#else
    say("m-lap-us-");
    say_number(tfw_hal_micros());
    say("\r\n");
#endif
}

static void say_thousandths(int32_t value)
{
    const uint32_t size = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    if (value < 0) {
        say_byte('-');
    }
    say_number(size / 1000u);
    say_byte('.');
    say_byte((char)('0' + size / 100u % 10u));
    say_byte((char)('0' + size / 10u % 10u));
    say_byte((char)('0' + size % 10u));
}

/* Cut off, as the reference does with the scores of a softmax; what is too large is the largest. */
static int32_t thousandths_of(float value)
{
    const float most = 2.0e9f;
    const float scaled = value * 1000.0f;
    if (!(scaled > -most)) {
        return (int32_t)-most;
    }
    return scaled < most ? (int32_t)scaled : (int32_t)most;
}

static float output_of(uint32_t i)
{
    return tfw_eembc_model.output_scale * (float)(tfw_model.output[i] - tfw_eembc_model.output_zero_point);
}

/* What was loaded as real values. */
static float input_of(uint32_t i)
{
    return buffer.total == FLOATS
               ? tfw_model.window[i]
               : tfw_eembc_model.input_scale * (float)(tfw_model.input[i] - tfw_eembc_model.input_zero_point);
}

static void say_results(void)
{
    say("m-results-[");
    if (tfw_eembc_model.is_autoencoder) {
        float sum = 0.0f;
        for (uint32_t i = 0; i < tfw_model.output_bytes; i++) {
            const float away = output_of(i) - input_of(i);
            sum += away * away;
        }
        say_thousandths(thousandths_of(sum / (float)tfw_model.output_bytes + 0.0005f)); /* the nearest, there */
    } else {
        for (uint32_t i = 0; i < tfw_model.output_bytes; i++) {
            say(i == 0u ? "" : ",");
            say_thousandths(thousandths_of(output_of(i)));
        }
    }
    say("]\r\n");
}

/* ---- words ---- */

/* The next word of the command; NULL when there is none. */
static char *next_word(void)
{
    char *at = command.next;
    while (*at == ' ' || *at == '\r' || *at == '\n') {
        at++;
    }
    if (*at == '\0') {
        command.next = at;
        return NULL;
    }
    char *const word = at;
    while (*at != '\0' && *at != ' ' && *at != '\r' && *at != '\n') {
        at++;
    }
    command.next = *at == '\0' ? at : at + 1;
    *at = '\0';
    return word;
}

static bool is(const char *word, const char *name)
{
    while (*word != '\0' && *word == *name) {
        word++;
        name++;
    }
    return *word == *name;
}

/* As far as there are digits; no number is 0, and what is too large the largest. */
static uint32_t number_of(const char *word)
{
    uint32_t value = 0;
    for (; *word >= '0' && *word <= '9'; word++) {
        const uint32_t digit = (uint32_t)(*word - '0');
        value = value > (UINT32_MAX - digit) / 10u ? UINT32_MAX : value * 10u + digit;
    }
    return value;
}

/* 0..15; 16 when it is no digit. */
static uint8_t hex_of(char digit)
{
    const char lower = (char)(digit | 0x20);
    if (digit >= '0' && digit <= '9') {
        return (uint8_t)(digit - '0');
    }
    return lower >= 'a' && lower <= 'f' ? (uint8_t)(lower - 'a' + 10) : 16u;
}

/* ---- commands ---- */

static uint8_t *room(void)
{
    return (uint8_t *)tfw_model.window;
}

static void load(void)
{
    const char *const word = next_word();
    const uint32_t total = word == NULL ? 0u : number_of(word);
    if (word == NULL) {
        say_error("Command 'db load' requires the # of bytes", "");
    } else if (total == 0u) {
        say_error("Command 'db load' must be >0 bytes", "");
    } else if (total > tfw_eembc_model.room_bytes) {
        say("Supplied buffer size ");
        say_number(total);
        say(" exceeds maximum of ");
        say_number(tfw_eembc_model.room_bytes);
        say("\r\n");
    } else {
        buffer.total = total;
        buffer.count = 0;
        say("m-[Expecting ");
        say_number(total);
        say(" bytes]\r\n");
    }
}

static void print(void)
{
    for (uint32_t i = 0; i < buffer.total; i++) {
        say(i % 8u == 0u ? "m-buffer-" : "-");
        say_hex(room()[i]);
        if (i % 8u == 7u || i + 1u == buffer.total) {
            say("\r\n");
        }
    }
}

static void take_hex(const char *digits)
{
    const size_t count = strlen(digits);
    if (count % 2u != 0u) {
        say_error("Insufficent number of hex digits", "");
        return;
    }
    for (size_t i = 0; i < count && buffer.count < buffer.total; i += 2u) {
        const uint8_t high = hex_of(digits[i]);
        const uint8_t low = hex_of(digits[i + 1u]);
        if (high > 15u || low > 15u) {
            const char wrong[] = {digits[i], digits[i + 1u], '\'', '\0'};
            say_error("Invalid hex digit '", wrong);
            return;
        }
        room()[buffer.count++] = (uint8_t)(high << 4 | low);
        if (buffer.count == buffer.total) {
            say("m-load-done\r\n");
        }
    }
}

static void on_db(void)
{
    const char *const word = next_word();
    if (word == NULL) {
        say_error("Command 'db' requires a subcommand", "");
    } else if (is(word, "load")) {
        load();
    } else if (is(word, "print")) {
        print();
    } else {
        take_hex(word);
    }
}

/* As MLPerf Tiny's reference does: the nearest, halves away from zero. */
static int8_t quantized(float value)
{
    const float away = value / tfw_eembc_model.input_scale;
    const float bound = away > 512.0f ? 512.0f : away < -512.0f ? -512.0f : away;
    const int32_t near = (int32_t)(bound + (bound < 0.0f ? -0.5f : 0.5f)) + tfw_eembc_model.input_zero_point;
    return (int8_t)(near > 127 ? 127 : near < -128 ? -128 : near);
}

/* A window, to be preprocessed in each inference. */
static bool is_window(void)
{
    return buffer.total == FLOATS && tfw_model.preprocess != NULL;
}

static void set_input(void)
{
    for (uint32_t i = 0; i < tfw_model.input_bytes && !is_window(); i++) {
        const int32_t pixel = (int32_t)room()[i] - 128;
        tfw_model.input[i] = buffer.total == FLOATS     ? quantized(tfw_model.window[i])
                             : tfw_eembc_model.is_image ? (int8_t)pixel
                                                        : (int8_t)room()[i];
    }
}

static void infer_once(void)
{
    if (is_window()) {
        tfw_model.preprocess(tfw_model.window, tfw_model.input);
    }
    if (tfw_model.reset != NULL) {
        tfw_model.reset();
    }
    tfw_model.invoke(tfw_model.input, tfw_model.output);
    tfw_hal_watchdog();
}

static bool is_finite_window(void)
{
    for (uint32_t i = 0; i < tfw_model.input_bytes; i++) {
        if (!tfw_is_finite(tfw_model.window[i])) {
            return false;
        }
    }
    return true;
}

static void infer(uint32_t times, uint32_t warm_up)
{
    set_input();
    say("m-warmup-start-");
    say_number(warm_up);
    say("\r\n");
    while (warm_up-- > 0u) {
        infer_once();
    }
    say("m-warmup-done\r\nm-infer-start-");
    say_number(times);
    say("\r\n");
    say_timestamp();
    while (times-- > 0u) {
        infer_once();
    }
    say_timestamp();
    say("m-infer-done\r\n");
    say_results();
}

/* An input is there; else that is said. */
static bool is_loaded(void)
{
    if (tfw_model.invoke == NULL) {
        say_error("No model", "");
    } else if (buffer.count != buffer.total || (buffer.total != tfw_model.input_bytes && buffer.total != FLOATS)) {
        say_error("The input is not loaded", "");
    } else if (buffer.total == FLOATS && !is_finite_window()) {
        say_error("A value is not finite", "");
    } else {
        return true;
    }
    return false;
}

#ifdef TFW_LAYERS

static void say_count(const char *what, uint32_t value)
{
    say(what);
    say_number(value);
    say("\r\n");
}

static void say_bytes(const char *what, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        say(i % 32u == 0u ? what : "");
        say_hex(bytes[i]);
        say(i % 32u == 31u || i + 1u == count ? "\r\n" : "");
    }
}

/* The input anew, whose memory may be the network's. */
static void begin(void)
{
    tfw_hal_watchdog();
    set_input();
    if (is_window()) {
        tfw_model.preprocess(tfw_model.window, tfw_model.input);
    }
    if (tfw_model.reset != NULL) {
        tfw_model.reset();
    }
}

/* One inference as ever and one call by call, both of an input that is there, after one that warms caches up. */
static void on_layers(void)
{
    if (!is_loaded()) {
        return;
    }
    begin();
    tfw_model.invoke(tfw_model.input, tfw_model.output);
    begin();
    const uint32_t start_cycles = tfw_hal_cycles();
    tfw_model.invoke(tfw_model.input, tfw_model.output);
    const uint32_t cycles = tfw_hal_cycles() - start_cycles;
    begin();
    tfw_layers.run(tfw_model.input, tfw_model.output);
    tfw_hal_watchdog();
    say_bytes("m-sha256-", tfw_model.sha256, 32);
    for (uint32_t i = 0; i < tfw_layers.count; i++) {
        say("m-layer-");
        say_number(i);
        say_count("-", tfw_layers.cycles[i]);
    }
    say_count("m-invoke-", cycles);
    say_bytes("m-output-", (const uint8_t *)tfw_model.output, tfw_model.output_bytes);
}

#endif

static void on_infer(void)
{
    const char *const first = next_word();
    const char *const second = next_word();
    const uint32_t times = first == NULL ? 1u : number_of(first);
    const uint32_t warm_up = second == NULL ? 10u : number_of(second);
    if (times == 0u) {
        say_error("Inference iterations must be >0", "");
    } else if (second != NULL && *second == '-') {
        say_error("Inference warmup must be >=0", "");
    } else if (times > TFW_EEMBC_MOST || warm_up > TFW_EEMBC_MOST) {
        say_error("Too many inferences", "");
    } else if (is_loaded()) {
        infer(times, warm_up);
    }
}

static void help(void)
{
    say(PROFILE "\r\n\r\n"
                "help         : Print this information\r\n"
                "name         : Print the name of the device\r\n"
                "timestamp    : Generate a timestamp\r\n"
                "profile      : Print profile and model\r\n"
                "db load N    : Expect N bytes: a byte an input value, or a float32\r\n"
                "db HH[HH]*   : Load 8-bit hex bytes until N bytes\r\n"
                "db print     : Print them\r\n"
                "infer N [W]  : Execute N inferences after W, or 10, to warm up\r\n"
                "results      : Print the scores\r\n"
#ifdef TFW_LAYERS
                "layers       : Print the cycles of each call of an inference\r\n"
#endif
    );
}

static void handle(void)
{
    command.next = command.text;
    const char *const word = next_word();
    if (word == NULL) {
        say_error("Unknown command: ", "");
    } else if (is(word, "name")) {
        say("m-name-dut-[");
        say(tfw_board_name);
        say("]\r\n");
    } else if (is(word, "timestamp")) {
        say_timestamp();
    } else if (is(word, "profile")) {
        say("m-profile-[" PROFILE "]\r\nm-model-[");
        say(tfw_model.name);
        say("]\r\n");
    } else if (is(word, "db")) {
        on_db();
    } else if (is(word, "infer")) {
        on_infer();
    } else if (is(word, "results")) {
        say_results();
#ifdef TFW_LAYERS
    } else if (is(word, "layers")) {
        on_layers();
#endif
    } else if (is(word, "help")) {
        help();
    } else {
        say_error("Unknown command: ", word);
    }
    say("m-ready\r\n");
}

void tfw_setup(void)
{
    tfw_hal_init();
    tfw_hal_watchdog();
    say("m-timestamp-mode-" MODE "\r\n");
    say_timestamp();
    say("m-init-done\r\nm-ready\r\n");
}

void tfw_loop(void)
{
    uint8_t byte;
    tfw_hal_watchdog();
    if (tfw_hal_read(&byte, 1) == 0u) {
        tfw_hal_idle();
    } else if (byte == TERMINATOR) {
        command.text[command.count] = '\0';
        command.count = 0;
        handle();
    } else if (command.count < COMMAND_BYTES) { /* the reference cuts longer ones, too */
        command.text[command.count++] = (char)byte;
    }
}

#else

typedef int tfw_eembc_is_not_built_in; /* ISO C wants a declaration in every file */

#endif
