/* ST's LL driver of the ports lies in chip.h. */
#include "chip.h"
