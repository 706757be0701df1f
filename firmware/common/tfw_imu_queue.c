#include "tfw_imu_queue.h"

#include <string.h>

/* On one core it is enough that the compiler keeps a row's writes before the counter that announces it. */
#define KEEP_ORDER() __asm volatile("" ::: "memory")

void tfw_imu_queue_start(tfw_imu_queue_t *queue, uint32_t rate_mhz)
{
    queue->written = 0;
    queue->taken = 0;
    queue->period_us = (1000000000u + rate_mhz / 2u) / rate_mhz;
    queue->next_index = 0;
    queue->last_us = 0;
}

void tfw_imu_queue_put(tfw_imu_queue_t *queue, const float sample[TFW_CHANNELS], uint32_t time_us)
{
    if (queue->next_index > 0u) {
        const uint32_t periods = (time_us - queue->last_us + queue->period_us / 2u) / queue->period_us;
        queue->next_index += periods > 1u ? periods - 1u : 0u;
    }
    queue->last_us = time_us;
    const uint32_t index = queue->next_index++;
    if (queue->written - queue->taken == TFW_IMU_QUEUE_ROWS) {
        return; /* lost: the next one's index tells */
    }
    const uint32_t row = queue->written % TFW_IMU_QUEUE_ROWS;
    memcpy(queue->rows[row].sample, sample, sizeof queue->rows[row].sample);
    queue->rows[row].index = index;
    queue->rows[row].time_us = time_us;
    KEEP_ORDER();
    queue->written++;
}

bool tfw_imu_queue_take(tfw_imu_queue_t *queue, float sample[TFW_CHANNELS], uint32_t *index, uint32_t *time_us)
{
    if (queue->written == queue->taken) {
        return false;
    }
    KEEP_ORDER();
    const uint32_t row = queue->taken % TFW_IMU_QUEUE_ROWS;
    memcpy(sample, queue->rows[row].sample, sizeof queue->rows[row].sample);
    *index = queue->rows[row].index;
    *time_us = queue->rows[row].time_us;
    KEEP_ORDER();
    queue->taken++;
    return true;
}
