// The part of Arduino's core that our sketches use, with the overloads of its Print: on a chip it prints nothing.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef STANDIN_PRINTS
#include <stdio.h>
#define STANDIN_PRINT(...) printf(__VA_ARGS__)
#else
#define STANDIN_PRINT(...) ((void)0)
#endif

unsigned long micros();
void delay(unsigned long ms);

class HardwareSerial {
public:
    void begin(unsigned long baud) { (void)baud; }
    void print(const char *text) { (void)text, STANDIN_PRINT("%s", text); }
    void print(char value) { (void)value, STANDIN_PRINT("%c", value); }
    void print(int value) { (void)value, STANDIN_PRINT("%d", value); }
    void print(unsigned int value) { (void)value, STANDIN_PRINT("%u", value); }
    void print(long value) { (void)value, STANDIN_PRINT("%ld", value); }
    void print(unsigned long value) { (void)value, STANDIN_PRINT("%lu", value); }
    void print(double value, int digits = 2) { (void)value, (void)digits, STANDIN_PRINT("%.*f", digits, value); }
    template <typename Value> void println(Value value) { print(value), STANDIN_PRINT("\n"); }
    void println(double value, int digits) { print(value, digits), STANDIN_PRINT("\n"); }
};

extern HardwareSerial Serial;
