/*
 * In place of the file of this name in Bosch's BMI270_SensorAPI: as many bytes, but by a rule of ours, which the part of
 * tinyforge/virtual/parts/bmi270.py expects. Bosch's own come with the library that the board's platformio.ini names.
 */
#include <stdint.h>

#define TFV_BYTE(i)     (uint8_t)(73u * (i) + (i) / 7u + 41u)
#define TFV_BYTES_4(i)  TFV_BYTE(i), TFV_BYTE((i) + 1u), TFV_BYTE((i) + 2u), TFV_BYTE((i) + 3u)
#define TFV_BYTES_16(i) TFV_BYTES_4(i), TFV_BYTES_4((i) + 4u), TFV_BYTES_4((i) + 8u), TFV_BYTES_4((i) + 12u)
#define TFV_BYTES_64(i) TFV_BYTES_16(i), TFV_BYTES_16((i) + 16u), TFV_BYTES_16((i) + 32u), TFV_BYTES_16((i) + 48u)

const uint8_t bmi270_maximum_fifo_config_file[] = {
    TFV_BYTES_64(0u),   TFV_BYTES_64(64u), TFV_BYTES_64(128u), TFV_BYTES_64(192u),
    TFV_BYTES_64(256u), TFV_BYTES_4(320u), TFV_BYTES_4(324u),
};
