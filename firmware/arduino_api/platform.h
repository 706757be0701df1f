/*
 * Registers through which the Arduino functions of this folder reach the virtual platform; the other side is
 * tinyforge/virtual/parts/wiring.py and tinyforge/virtual/board.py. Names and effects of the Arduino functions are
 * those of Arduino's and mbed's public documentation; nothing is taken from a core.
 */
#ifndef TFV_PLATFORM_H
#define TFV_PLATFORM_H

#include <stdint.h>

#define TFV_REGISTER(address) (*(volatile uint32_t *)(address))

#define TFV_UART_DATA(n)    TFV_REGISTER(0x40004000u + 0x1000u * (n))
#define TFV_UART_STATE(n)   TFV_REGISTER(0x40004004u + 0x1000u * (n)) /* bit 1: a byte was received */
#define TFV_UART_CTRL(n)    TFV_REGISTER(0x40004008u + 0x1000u * (n))
#define TFV_UART_BAUDDIV(n) TFV_REGISTER(0x40004010u + 0x1000u * (n))

#define TFV_IDLE         TFV_REGISTER(0x40030004u)
#define TFV_LINK_ADDRESS TFV_REGISTER(0x40030200u)
#define TFV_LINK_RECEIVE TFV_REGISTER(0x40030204u)
#define TFV_LINK_SEND    TFV_REGISTER(0x40030208u)

#define TFV_I2C_BUS     TFV_REGISTER(0x40031000u)
#define TFV_I2C_ADDRESS TFV_REGISTER(0x40031004u)
#define TFV_I2C_BUFFER  TFV_REGISTER(0x40031008u)
#define TFV_I2C_WRITE   TFV_REGISTER(0x4003100Cu)
#define TFV_I2C_READ    TFV_REGISTER(0x40031010u)
#define TFV_I2C_STATUS  TFV_REGISTER(0x40031014u)
#define TFV_I2C_MOVED   TFV_REGISTER(0x40031018u)
#define TFV_I2C_CLOCK   TFV_REGISTER(0x4003101Cu)

#define TFV_INTERRUPT_ENABLE  TFV_REGISTER(0x40031100u)
#define TFV_INTERRUPT_PENDING TFV_REGISTER(0x40031104u) /* reading clears */
#define TFV_ALARM_IN          TFV_REGISTER(0x40031108u) /* ticks; 0: none */
#define TFV_PIN_ROSE          TFV_REGISTER(0x4003110Cu)
#define TFV_ALARM             1u
#define TFV_PIN               2u

#define TFV_MICROS TFV_REGISTER(0x40031200u)
#define TFV_MILLIS TFV_REGISTER(0x40031204u)

#define TFV_FLASH_ERASE   TFV_REGISTER(0x40030400u) /* w: address of a page */
#define TFV_FLASH_SOURCE  TFV_REGISTER(0x40030404u) /* w: address in RAM */
#define TFV_FLASH_TARGET  TFV_REGISTER(0x40030408u) /* w: address in flash */
#define TFV_FLASH_PROGRAM TFV_REGISTER(0x4003040Cu) /* w: bytes */
#define TFV_FLASH_FAILED  TFV_REGISTER(0x40030410u) /* r: whether the last of these was refused */

#endif
