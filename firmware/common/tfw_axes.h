/*
 * How the sensor is mounted: which axis of the part lies along x, y and z of the board, and its sign. The numbers are
 * those of `axes` in the board's TOML; a build without them takes the part's own axes.
 */
#ifndef TFW_AXES_H
#define TFW_AXES_H

#include "tfw_hal.h"

#ifndef TFW_AXIS_X_FROM
#define TFW_AXIS_X_FROM 0
#define TFW_AXIS_X_SIGN 1.0f
#define TFW_AXIS_Y_FROM 1
#define TFW_AXIS_Y_SIGN 1.0f
#define TFW_AXIS_Z_FROM 2
#define TFW_AXIS_Z_SIGN 1.0f
#endif

/* Turns acceleration and rotation from the part's axes to the board's. */
static inline void tfw_to_board_axes(float sample[TFW_CHANNELS])
{
    for (int part = 0; part < TFW_CHANNELS; part += 3) {
        const float x = TFW_AXIS_X_SIGN * sample[part + TFW_AXIS_X_FROM];
        const float y = TFW_AXIS_Y_SIGN * sample[part + TFW_AXIS_Y_FROM];
        const float z = TFW_AXIS_Z_SIGN * sample[part + TFW_AXIS_Z_FROM];
        sample[part] = x;
        sample[part + 1] = y;
        sample[part + 2] = z;
    }
}

#endif
