/*
 * A board on its own: when no host has spoken for a while after the start, it infers its own windows and shows each
 * answer, as a line of text on the log and as so many blinks of its light: 1 for the first label, 2 for the second.
 */
#ifndef TFW_ALONE_H
#define TFW_ALONE_H

#include <stdbool.h>
#include <stdint.h>

#include "tfw_model.h"

/* How long a board waits for a host after its start. */
#ifndef TFW_ALONE_AFTER_MS
#define TFW_ALONE_AFTER_MS 10000u
#endif

/* A host spoke: it is not alone any more, until the next start. */
void tfw_alone_heard(void);

bool tfw_alone_is_due(uint32_t uptime_ms);

/* A new answer: shown when it is another one than before. The rest class and TFW_UNKNOWN are dark. */
void tfw_alone_show(const tfw_model_t *model, uint16_t answer);

/* The light, as time goes on. */
void tfw_alone_blink(uint32_t uptime_ms);

void tfw_alone_end(void);

#endif
