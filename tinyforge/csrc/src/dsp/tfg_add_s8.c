#include "tfg/tfg_add_s8.h"

#define TFG_ADD           tfg_add_s8_t
#define TFG_ADD_KERNEL    tfg_add_s8
#define TFG_COMBINE(a, b) ((a) + (b))
#include "tfg_add.h"
