#include <Arduino.h>

#include "tfw_app.h"

void setup()
{
    tfw_setup();
}

void loop()
{
    tfw_loop();
}
