/* mbed::FlashIAP lies in mbed.h. */
#include "mbed.h"
