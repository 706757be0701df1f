#include "tfg/tfg_cast.h"

#include "../tfg_internal.h"

static int64_t integer(const void *input, int32_t type, int32_t i)
{
    switch (type) {
    case TFG_CAST_BOOL:
    case TFG_CAST_U8:
        return ((const uint8_t *)input)[i];
    case TFG_CAST_S8:
        return ((const int8_t *)input)[i];
    case TFG_CAST_S16:
        return ((const int16_t *)input)[i];
    case TFG_CAST_S32:
        return ((const int32_t *)input)[i];
    default:
        return ((const int64_t *)input)[i];
    }
}

/* Towards zero, of less than 2^63 either way; without the compiler's own function for it, which takes more stack */
static int64_t truncated(float value)
{
    int32_t doublings = 0;
    while (value >= 2147483648.0f || value <= -2147483648.0f) {
        value *= 0.5f; /* a whole number still: it has 24 bits */
        doublings++;
    }
    return (int64_t)((uint64_t)(int64_t)(int32_t)value << doublings);
}

/* To the nearest, half to even */
static float nearest(int64_t value)
{
    float scale = 1.0f;
    while (value > INT32_MAX || value < INT32_MIN) {
        value = (value >> 1) | (value & 1); /* what is cut off stays visible in the last bit */
        scale *= 2.0f;
    }
    return (float)(int32_t)value * scale;
}

/* A float as an integer between min and max, whose successor is a power of two. */
static int64_t saturate(float value, int64_t min, int64_t max)
{
    if (!(value < (float)max)) { /* max + 1 for wide types: a float that reaches it is beyond max */
        return max;
    }
    return value <= (float)min ? min : truncated(value);
}

static int64_t from_float(float value, int32_t type)
{
    switch (type) {
    case TFG_CAST_BOOL:
        return value < 0.0f || value > 0.0f || value != value;
    case TFG_CAST_U8:
        return saturate(value, 0, UINT8_MAX);
    case TFG_CAST_S8:
        return saturate(value, INT8_MIN, INT8_MAX);
    case TFG_CAST_S16:
        return saturate(value, INT16_MIN, INT16_MAX);
    case TFG_CAST_S32:
        return saturate(value, INT32_MIN, INT32_MAX);
    default:
        return saturate(value, INT64_MIN, INT64_MAX);
    }
}

void tfg_cast(const tfg_cast_t *p, const void *input, void *output)
{
    for (int32_t i = 0; i < p->elements; i++) {
        int64_t value = 0;
        if (p->from != TFG_CAST_F32) {
            value = integer(input, p->from, i);
        } else {
            value = from_float(((const float *)input)[i], p->to);
        }
        switch (p->to) {
        case TFG_CAST_BOOL:
            ((uint8_t *)output)[i] = value != 0;
            break;
        case TFG_CAST_U8:
        case TFG_CAST_S8:
            ((uint8_t *)output)[i] = (uint8_t)value;
            break;
        case TFG_CAST_S16:
            ((int16_t *)output)[i] = (int16_t)value;
            break;
        case TFG_CAST_S32:
            ((int32_t *)output)[i] = (int32_t)value;
            break;
        case TFG_CAST_S64:
            ((int64_t *)output)[i] = value;
            break;
        default:
            ((float *)output)[i] = nearest(value);
            break;
        }
    }
}
