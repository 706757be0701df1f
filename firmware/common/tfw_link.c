#include "tfw_link.h"

#include "tfw_hal.h"

#define HEAD_BYTES      2u
#define CRC_BYTES       4u
/* COBS adds a code byte for every 254 bytes begun. */
#define COBS_MOST_CODES ((TFW_MAX_FRAME_BYTES + 253u) / 254u)
#define COBS_FULL_BLOCK 0xffu

/* What is being received. The code byte of a COBS block says how many bytes it has, itself included; a zero follows
 * each block but the last and those of COBS_FULL_BLOCK. */
static struct {
    uint8_t wire[64]; /* read from the HAL, not decoded yet */
    size_t wire_at;
    size_t wire_count;
    uint8_t frame[TFW_MAX_FRAME_BYTES];
    size_t count;   /* decoded bytes, also those that did not fit */
    uint8_t code;   /* of the current block; 0 before the first */
    uint8_t remain; /* bytes of the current block still to come */
} rx;

/* A frame is written behind a gap as wide as COBS can make it grow, and then encoded in place. */
static uint8_t tx[COBS_MOST_CODES + TFW_MAX_FRAME_BYTES + 1u];

static tfw_link_counters_t counters;

/* One step for each half of a byte: 64 bytes of table where a whole byte would take 1 KiB. */
uint32_t tfw_crc32(uint32_t crc, const uint8_t *data, size_t count)
{
    static const uint32_t table[16] = {
        0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u, 0x4db26158u, 0x5005713cu,
        0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu, 0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
    };
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15u];
        crc = crc >> 4 ^ table[crc & 15u];
    }
    return ~crc;
}

static void rx_append(uint8_t value)
{
    if (rx.count < sizeof rx.frame) {
        rx.frame[rx.count] = value;
    }
    if (rx.count <= sizeof rx.frame) {
        rx.count++; /* one more than fits says that it was too long */
    }
}

/* A delimiter came: true when what lies before it is a good frame. */
static bool rx_finish(tfw_frame_t *frame)
{
    const size_t count = rx.count;
    const bool empty = rx.code == 0u;
    const bool whole = rx.remain == 0u;
    rx.count = 0;
    rx.code = 0;
    rx.remain = 0;
    if (empty) {
        return false; /* delimiters in a row: a host that clears the line */
    }
    if (count > sizeof rx.frame) {
        counters.frames_oversized++;
        return false;
    }
    if (!whole || count < HEAD_BYTES + CRC_BYTES ||
        tfw_crc32(0, rx.frame, count - CRC_BYTES) != tfw_get_u32(rx.frame + count - CRC_BYTES)) {
        counters.frames_bad++;
        return false;
    }
    counters.frames_received++;
    frame->type = rx.frame[0];
    frame->tag = rx.frame[1];
    frame->body = rx.frame + HEAD_BYTES;
    frame->body_bytes = count - HEAD_BYTES - CRC_BYTES;
    return true;
}

bool tfw_link_receive(tfw_frame_t *frame)
{
    for (;;) {
        if (rx.wire_at == rx.wire_count) {
            rx.wire_at = 0;
            rx.wire_count = tfw_hal_read(rx.wire, sizeof rx.wire);
            if (rx.wire_count == 0u) {
                return false;
            }
        }
        const uint8_t byte = rx.wire[rx.wire_at++];
        if (byte == 0u) {
            if (rx_finish(frame)) {
                return true;
            }
        } else if (rx.remain > 0u) {
            rx.remain--;
            rx_append(byte);
        } else {
            if (rx.code != 0u && rx.code != COBS_FULL_BLOCK) {
                rx_append(0);
            }
            rx.code = byte;
            rx.remain = (uint8_t)(byte - 1u);
        }
    }
}

uint8_t *tfw_link_body(void)
{
    return tx + COBS_MOST_CODES + HEAD_BYTES;
}

void tfw_link_send(uint8_t type, uint8_t tag, size_t body_bytes)
{
    uint8_t *const frame = tx + COBS_MOST_CODES;
    frame[0] = type;
    frame[1] = tag;
    const size_t checked = HEAD_BYTES + body_bytes;
    (void)tfw_put_u32(frame + checked, tfw_crc32(0, frame, checked));

    /* The gap is at least the codes written so far, so `to` never passes `from`. */
    const uint8_t *from = frame;
    const uint8_t *const end = frame + checked + CRC_BYTES;
    uint8_t *code = tx;
    uint8_t *to = tx + 1;
    *code = 1;
    while (from < end) {
        const uint8_t byte = *from++;
        if (byte != 0u) {
            *to++ = byte;
            (*code)++;
        }
        if (byte == 0u || (*code == COBS_FULL_BLOCK && from < end)) {
            code = to++;
            *code = 1;
        }
    }
    *to++ = 0;
    tfw_hal_write(tx, (size_t)(to - tx));
    counters.frames_sent++;
}

const tfw_link_counters_t *tfw_link_counters(void)
{
    return &counters;
}
