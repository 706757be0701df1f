/*
 * Samples between whoever reads a sensor (an interrupt, a thread) and tfw_hal_imu_read. For sensors that do not count
 * their samples: the time from sample to sample says how many were missed.
 *
 * One writer, one reader, one core; neither blocks the other.
 */
#ifndef TFW_IMU_QUEUE_H
#define TFW_IMU_QUEUE_H

#include "tfw_hal.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TFW_IMU_QUEUE_ROWS 32u /* a power of two */

typedef struct {
    struct {
        float sample[TFW_CHANNELS];
        uint32_t index;
        uint32_t time_us;
    } rows[TFW_IMU_QUEUE_ROWS];
    volatile uint32_t written; /* rows put, ever; the writer's */
    volatile uint32_t taken;   /* rows taken, ever; the reader's */
    uint32_t period_us;
    uint32_t next_index;
    uint32_t last_us; /* when the last sample was put */
} tfw_imu_queue_t;

/* Empties the queue and counts from 0. The writer must be silent meanwhile. `rate_mhz` > 0. */
void tfw_imu_queue_start(tfw_imu_queue_t *queue, uint32_t rate_mhz);

/*
 * A sample that was taken at `time_us`. When more than one and a half periods have passed since the one before, the
 * samples between are counted as lost, and so is this one when the queue is full.
 */
void tfw_imu_queue_put(tfw_imu_queue_t *queue, const float sample[TFW_CHANNELS], uint32_t time_us);

/* As tfw_hal_imu_read. */
bool tfw_imu_queue_take(tfw_imu_queue_t *queue, float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us);

#ifdef __cplusplus
}
#endif

#endif
