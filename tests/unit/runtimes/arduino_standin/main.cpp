// Runs a sketch once.
#include "Arduino.h"

HardwareSerial Serial;
void setup();
void loop();

unsigned long micros()
{
    return 0;
}

void delay(unsigned long ms)
{
    (void)ms;
}

int main()
{
    setup();
    loop();
    return 0;
}
