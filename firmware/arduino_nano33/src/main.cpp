#include <Arduino.h>

#include "run.h"

void setup()
{
    run();
}

void loop()
{
}
