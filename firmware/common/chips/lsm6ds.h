/*
 * What ST's LSM6DSL (DocID028475) and LSM6DSM (DocID028165) have in common: rates, ranges, how a sample is laid out.
 * The register names are those of the data sheets.
 */
#ifndef TFW_LSM6DS_H
#define TFW_LSM6DS_H

#include <stddef.h>
#include <stdint.h>

constexpr uint8_t lsm6ds_who_am_i = 0x6A;
constexpr uint8_t lsm6ds_range_4_g = 0x08;      /* CTRL1_XL, FS_XL */
constexpr uint8_t lsm6ds_range_2000_dps = 0x0C; /* CTRL2_G, FS_G */
constexpr size_t lsm6ds_sample_bytes = 12;

struct lsm6ds_rate_t {
    uint32_t rate_mhz;
    uint8_t code; /* ODR_XL, ODR_G and ODR_FIFO */
};

constexpr lsm6ds_rate_t lsm6ds_rates[] = {
    {26000, 2}, {52000, 3}, {104000, 4}, {208000, 5}, {416000, 6}, {833000, 7}, {1660000, 8},
};

/* The rate within 0.5 % of the one that is wanted, and not above `most_mhz`; 0 when there is none. */
inline uint32_t lsm6ds_near_rate_mhz(uint32_t wanted_mhz, uint32_t most_mhz)
{
    for (const lsm6ds_rate_t &rate : lsm6ds_rates) {
        const uint32_t away = wanted_mhz > rate.rate_mhz ? wanted_mhz - rate.rate_mhz : rate.rate_mhz - wanted_mhz;
        if (rate.rate_mhz <= most_mhz && away <= rate.rate_mhz / 200) {
            return rate.rate_mhz;
        }
    }
    return 0;
}

/* Of one of these rates; 0, which stops the part, of any other. */
inline uint8_t lsm6ds_code(uint32_t rate_mhz)
{
    for (const lsm6ds_rate_t &rate : lsm6ds_rates) {
        if (rate.rate_mhz == rate_mhz) {
            return rate.code;
        }
    }
    return 0;
}

/* From rotation and acceleration as they lie in the part, with the sensitivities of table 3, to g and dps. */
inline void lsm6ds_sample(const uint8_t bytes[lsm6ds_sample_bytes], float sample[6])
{
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *const rotation = bytes + 2 * i;
        const uint8_t *const acceleration = bytes + 6 + 2 * i;
        sample[i] = static_cast<float>(static_cast<int16_t>(acceleration[0] | acceleration[1] << 8)) * 0.000122f;
        sample[3 + i] = static_cast<float>(static_cast<int16_t>(rotation[0] | rotation[1] << 8)) * 0.070f;
    }
}

#endif
