/*
 * The application of firmware/common fed with bytes nobody would send, under sanitizers.
 *
 *     fuzz_firmware SEED COUNT     COUNT inputs of its own generator
 *     with libFuzzer               -DTFW_LIBFUZZER -fsanitize=fuzzer: LLVMFuzzerTestOneInput
 *
 * An input is a row of commands: a byte that says which, a length byte, so many bytes.
 *     raw      the bytes as they are
 *     frame    the bytes as type, tag and body of a frame whose CRC is right: what hides behind the CRC is reached, too
 *     time     the clock goes on and the sensor takes samples
 *     restart  with TFW_UPDATE_KEY: records of the flash become the bytes, and the board starts anew
 * What the application sends must always be frames: it is checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tfw_app.h"
#include "tfw_hal.h"
#include "tfw_link.h"
#include "tfw_model.h"
#ifdef TFW_UPDATE_KEY
#include "fuzz_flash.h"
#endif

#define RESTART 11u

const char tfw_board_name[] = "fuzz";

static uint8_t incoming[4096];
static size_t incoming_at, incoming_count;
static uint32_t now_us;
static struct {
    bool running;
    uint32_t rate_mhz, index, waiting;
} imu;
unsigned long frames_out;

void tfw_hal_init(void)
{
}

size_t tfw_hal_read(uint8_t *data, size_t cap)
{
    const size_t left = incoming_count - incoming_at;
    const size_t count = left < cap ? left : cap;
    memcpy(data, incoming + incoming_at, count);
    incoming_at += count;
    return count;
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "the application sent %s\n", what);
        abort();
    }
}

#ifdef TFW_EEMBC

void tfw_hal_write(const uint8_t *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check((text[i] >= ' ' && text[i] <= '~') || text[i] == '\r' || text[i] == '\n', "no text");
    }
    frames_out++;
}

#else

/* Undoes COBS; independent of the decoder under test. */
void tfw_hal_write(const uint8_t *wire, size_t count)
{
    uint8_t frame[TFW_MAX_FRAME_BYTES + 8];
    size_t length = 0;
    check(count > 0 && wire[count - 1] == 0 && memchr(wire, 0, count - 1) == NULL, "no single frame");
    if (count == 1) {
        return;
    }
    check(count <= TFW_MAX_FRAME_BYTES + 4, "more than a frame");
    for (size_t at = 0; at < count - 1;) {
        const size_t code = wire[at];
        check(at + code <= count - 1, "a block that ends behind the frame");
        memcpy(frame + length, wire + at + 1, code - 1);
        length += code - 1;
        at += code;
        if (code != 255 && at < count - 1) {
            frame[length++] = 0;
        }
    }
    check(length >= 6 && length <= TFW_MAX_FRAME_BYTES, "a frame of impossible length");
    check((frame[0] & 0x80) != 0, "a message of the host");
    check(tfw_crc32(0, frame, length - 4) == tfw_get_u32(frame + length - 4), "a wrong CRC");
    frames_out++;
}

#endif

void tfw_hal_log(const char *text)
{
    (void)text;
}

uint32_t tfw_hal_micros(void)
{
    return now_us++;
}

uint32_t tfw_hal_cycles(void)
{
    return now_us++;
}

bool tfw_hal_imu_start(uint32_t rate_mhz)
{
    imu.running = rate_mhz % 3 != 0;
    imu.rate_mhz = rate_mhz;
    imu.index = 0;
    imu.waiting = 0;
    return imu.running;
}

bool tfw_hal_imu_read(float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    if (!imu.running || imu.waiting == 0) {
        return false;
    }
    imu.waiting--;
    *index = imu.index++;
    *time_us = now_us;
    for (int c = 0; c < TFW_CHANNELS; c++) {
        sample[c] = (float)(*index % 100u);
    }
    return true;
}

void tfw_hal_imu_stop(void)
{
    imu.running = false;
}

uint32_t tfw_hal_imu_rate_mhz(void)
{
    return 100000;
}

void tfw_hal_idle(void)
{
}

void tfw_hal_led(bool on)
{
    (void)on;
}

void tfw_hal_watchdog(void)
{
}

uint32_t tfw_hal_stack_high_water(void)
{
    return 0;
}

uint32_t tfw_hal_reset_reason(void)
{
    return 0;
}

static void run(void)
{
    while (incoming_at < incoming_count || (imu.running && imu.waiting > 0)) {
        tfw_loop();
    }
    tfw_loop();
    incoming_at = 0;
    incoming_count = 0;
}

static void put(uint8_t byte)
{
    if (incoming_count < sizeof incoming) {
        incoming[incoming_count++] = byte;
    }
}

static void put_frame(const uint8_t *data, size_t count)
{
    uint8_t frame[TFW_MAX_FRAME_BYTES];
    const size_t kept = count < sizeof frame - 4 ? count : sizeof frame - 4;
    memcpy(frame, data, kept);
    tfw_put_u32(frame + kept, tfw_crc32(0, frame, kept));
    size_t at = 0;
    const size_t end = kept + 4;
    bool more = true;
    while (more) {
        size_t block = 0;
        while (at + block < end && block < 254 && frame[at + block] != 0) {
            block++;
        }
        put((uint8_t)(block + 1));
        for (size_t i = 0; i < block; i++) {
            put(frame[at + i]);
        }
        at += block;
        more = at < end;
        if (more && block < 254) {
            at++; /* the zero */
            if (at == end) {
                put(1);
                more = false;
            }
        }
    }
    put(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static bool is_set_up;
    if (!is_set_up) {
#ifdef TFW_UPDATE_KEY
        fuzz_flash_begin();
#endif
        tfw_setup();
        is_set_up = true;
    }
    size_t at = 0;
    while (at + 2 <= count) {
        const uint8_t command = data[at];
        size_t length = (size_t)data[at + 1] * (command >= 0xf0 ? 2u : 1u);
        at += 2;
        length = length < count - at ? length : count - at;
        switch (command % 4u) {
        case 0:
            for (size_t i = 0; i < length; i++) {
                put(data[at + i]);
            }
            break;
        case 1:
        case 2:
            put_frame(data + at, length);
            break;
        default:
#ifdef TFW_UPDATE_KEY
            if (command == RESTART) {
                fuzz_flash_tear(data + at, length);
                tfw_setup();
                break;
            }
#endif
            now_us += (uint32_t)length * 1000u;
            imu.index += command == 3 ? (uint32_t)length : 0u; /* lost ones */
            imu.waiting += (uint32_t)length;
            break;
        }
        at += length;
        run();
    }
    return 0;
}

#ifndef TFW_LIBFUZZER

static uint64_t state;

/* xorshift64* of S. Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
static uint32_t pick(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 2685821657736338717u) >> 32) % below;
}

static uint8_t *put_command(uint8_t *at, uint8_t command, size_t length)
{
    at[0] = command;
    at[1] = (uint8_t)(command >= 0xf0u ? length / 2u : length);
    return at + 2;
}

#ifdef TFW_UPDATE_KEY

/*
 * A model update that is right but for what chance changes: BEGIN, the image in two pieces, COMMIT; now and then a
 * restart with torn records. The toy's proof is 60 zeros and the scores 0 0 0 that it gives of them.
 */
static size_t compose_update(uint8_t *data)
{
    enum { MODEL = 128, PROOF = 320, TOTAL = 384, PIECE = 192 };
    uint8_t image[TOTAL];
    uint8_t *at = data;
    memset(image, 0, sizeof image);
    const uint32_t head[] = {0x31554654u, TFW_MODEL_ABI, TOTAL, 0x11111111u, 0x11111111u, 64, 0x11111111u, MODEL, PROOF, PROOF, TOTAL};
    for (uint32_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        (void)tfw_put_u32(image + 4u * i, head[i]);
    }
    memcpy(image + 44, "fuzz", 4);
    for (uint32_t changes = pick(3); changes > 0; changes--) {
        image[pick(2) == 0 ? pick(64) : pick(TOTAL)] = (uint8_t)pick(256);
    }
    if (pick(8) == 0) {
        at = put_command(at, RESTART, 81);
        for (int i = 0; i < 81; i++) {
            *at++ = (uint8_t)pick(256);
        }
    }
    at = put_command(at, 1, 6);
    at[0] = TFW_UPDATE_BEGIN;
    at[1] = 1;
    (void)tfw_put_u32(at + 2, pick(16) == 0 ? pick(1024) : TOTAL);
    at += 6;
    for (uint32_t from = 0; from < TOTAL; from += PIECE) {
        at = put_command(at, 1, 8u + PIECE);
        at[0] = TFW_UPDATE_PART;
        at[1] = 1;
        (void)tfw_put_u32(at + 2, pick(32) == 0 ? pick(TOTAL) : from);
        at[6] = PIECE;
        at[7] = 0;
        memcpy(at + 8, image + from, PIECE);
        at += 8 + PIECE;
    }
    at = put_command(at, 1, 2);
    *at++ = TFW_UPDATE_COMMIT;
    *at++ = 1;
    return (size_t)(at - data);
}

#endif

/* Requests that are right, one behind the other, as far as 10 x 6 values are a window: what random bytes hardly hit. */
static size_t compose_right(uint8_t *data)
{
    uint8_t *at = data;
    switch (pick(3)) {
    case 0: /* a window in two pieces, and INFER; sometimes one value too many */
        for (uint8_t piece = 0; piece < 2; piece++) {
            const uint8_t values = (uint8_t)(30u + (pick(8) == 0));
            at = put_command(at, 1, 12u + 4u * values);
            memset(at, 0, 12u + 4u * values);
            at[0] = TFW_WINDOW_PART;
            at[6] = (uint8_t)(30u * piece);
            at[10] = values;
            for (size_t i = 12; i < 12u + 4u * values; i += 4) {
                at[i + 2] = (uint8_t)pick(256);
                at[i + 3] = (uint8_t)(0x40u + pick(4));
            }
            at += 12u + 4u * values;
        }
        at = put_command(at, 1, 6);
        memset(at, 0, 6);
        at[0] = TFW_INFER;
        at += 6;
        break;
    case 1: /* LIVE for some time */
        at = put_command(at, 1, 5);
        memset(at, 0, 5);
        at[0] = TFW_START_LIVE;
        at[2] = (uint8_t)pick(16);
        at[4] = (uint8_t)pick(2);
        at += 5;
        for (int k = 0; k < 3; k++) {
            const uint8_t samples = (uint8_t)pick(40);
            at = put_command(at, pick(4) == 0 ? 3 : 7, samples);
            memset(at, 0, samples);
            at += samples;
        }
        break;
    default: /* a frame longer than a frame can be */
        for (int k = 0; k < 3; k++) {
            at = put_command(at, 0xf0, 500);
            for (int i = 0; i < 500; i++) {
                at[i] = (uint8_t)(1u + pick(255));
            }
            at += 500;
        }
        at = put_command(at, 0, 1);
        *at++ = 0;
        break;
    }
    return (size_t)(at - data);
}

#ifdef TFW_EEMBC

/* Commands of the text protocol, some of them damaged. */
static size_t compose_text(uint8_t *data)
{
    static const char *const texts[] = {
        "name%", "profile%", "help%", "results%", "db load 60%", "db load 240%", "db load 99999%", "db print%",
        "db 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e%", "infer 2 1%", "infer 1%", "infer 77777%",
        "db 0000803f0000803f0000803f0000803f0000803f0000803f0000803f%", "db%", "db load%", "timestamp%", "%",
    };
    size_t count = 0;
    for (uint32_t commands = 1 + pick(16); commands > 0; commands--) {
        const char *const text = texts[pick(sizeof texts / sizeof texts[0])];
        const size_t length = strlen(text);
        data[count++] = 0;
        data[count++] = (uint8_t)length;
        memcpy(data + count, text, length);
        if (pick(4) == 0) {
            data[count + pick((uint32_t)length)] = (uint8_t)pick(256);
        }
        count += length;
    }
    return count;
}

#endif

/* Commands that are nearly right: known types, lengths around the right ones. */
static size_t compose(uint8_t *data, size_t cap)
{
    static const uint8_t bodies[] = {0, 1, 2, 4, 0, 10, 4, 3, 0};
    size_t count = 0;
    const uint32_t commands = 1 + pick(12);
    for (uint32_t k = 0; k < commands && count + 530 < cap; k++) {
        const uint8_t command = (uint8_t)pick(256);
        const uint32_t type = pick(10);
        size_t length = pick(8) == 0 ? pick(255) : 2u + bodies[type % 9];
        if (type == 5 && pick(4) != 0) { /* a piece of a window with a count that fits its length */
            const uint32_t values = pick(64);
            length = 12u + 4u * values;
            length = length > 254 ? 252 : length;
        }
        data[count++] = command;
        data[count++] = (uint8_t)length;
        for (size_t i = 0; i < length; i++) {
            data[count + i] = pick(3) == 0 ? (uint8_t)pick(256) : 0;
        }
        if (length >= 2) {
            data[count] = (uint8_t)(pick(20) == 0 ? pick(256) : type);
        }
        if (type == 5 && length >= 12 && pick(4) != 0) {
            data[count + 10] = (uint8_t)((length - 12u) / 4u);
            data[count + 11] = 0;
        }
        count += length;
    }
    return count;
}

int main(int argc, char **argv)
{
    static uint8_t data[8192];
    if (argc != 3) {
        fprintf(stderr, "fuzz_firmware SEED COUNT\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 10) * 2u + 1u;
    const unsigned long wanted = strtoul(argv[2], NULL, 10);
    for (unsigned long n = 0; n < wanted; n++) {
        size_t count = pick(4) == 0 ? compose_right(data) : compose(data, sizeof data);
#ifdef TFW_UPDATE_KEY
        count = pick(2) == 0 ? compose_update(data) : count;
#elif defined TFW_EEMBC
        count = pick(8) == 0 ? count : compose_text(data);
#endif
        LLVMFuzzerTestOneInput(data, count);
    }
    const tfw_link_counters_t *const seen = tfw_link_counters();
#ifdef TFW_UPDATE_KEY
    printf("%lu %lu ", fuzz_flash_accepted(), fuzz_flash_taken());
#endif
    printf("%lu %lu %lu %lu\n", (unsigned long)seen->frames_received, (unsigned long)seen->frames_bad,
           (unsigned long)seen->frames_oversized, frames_out);
    return 0;
}

#endif
