/*
 * Frames over the byte stream of the HAL.
 *
 *     wire   COBS(frame) 0x00
 *     frame  type u8 | tag u8 | body | CRC-32 u32 of all before
 *
 * One frame is received and one sent at a time, each in its own static buffer.
 */
#ifndef TFW_LINK_H
#define TFW_LINK_H

#include "tfw_protocol.h"

typedef struct {
    uint8_t type;
    uint8_t tag; /* chosen by the host, given back in what answers it */
    const uint8_t *body;
    size_t body_bytes;
} tfw_frame_t;

/* Counters since the start; they wrap. */
typedef struct {
    uint32_t frames_received;  /* good ones */
    uint32_t frames_bad;       /* damaged, cut short, or CRC wrong */
    uint32_t frames_oversized; /* longer than TFW_MAX_FRAME_BYTES */
    uint32_t frames_sent;
} tfw_link_counters_t;

/* CRC-32 as in Ethernet and zlib: reflected polynomial 0xEDB88320, start and final complement. `crc` is 0 at first,
 * then what the call before returned. */
uint32_t tfw_crc32(uint32_t crc, const uint8_t *data, size_t count);

/* The next good frame; false when no whole one has come yet. `frame->body` is valid until the next call. */
bool tfw_link_receive(tfw_frame_t *frame);

/* Where the body of the next frame to send is written: TFW_MAX_BODY_BYTES. */
uint8_t *tfw_link_body(void);

/* Sends the frame whose body was written there; blocks until it is queued. */
void tfw_link_send(uint8_t type, uint8_t tag, size_t body_bytes);

const tfw_link_counters_t *tfw_link_counters(void);

#endif
