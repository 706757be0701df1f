#include "tfg/tfg_mean_fours_s8.h"

#define TFG_MEAN        tfg_mean_fours_s8_t
#define TFG_MEAN_KERNEL tfg_mean_fours_s8
#include "tfg_mean.h"
