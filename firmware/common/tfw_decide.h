/*
 * How the scores of consecutive windows become an answer; tinyforge/tasks/gesture.py has the same on the host, bit for
 * bit. The scores of the latest windows are added, class by class, in 256ths; the largest sum is the answer when it is
 * at least `least_score` for each window added, else the answer is TFW_UNKNOWN.
 */
#ifndef TFW_DECIDE_H
#define TFW_DECIDE_H

#include <stdint.h>

#include "tfw_model.h"

#define TFW_UNKNOWN 0xffffu

/* Forgets all scores: at a start, and where samples were lost. */
void tfw_decide_reset(void);

/* Takes the scores in `model->output`; the answer now. */
uint16_t tfw_decide(const tfw_model_t *model);

#endif
