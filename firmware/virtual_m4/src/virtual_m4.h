/*
 * Registers of the virtual board.
 *
 * UARTs and timer are those of Arm's MPS2 AN386 (CMSDK, DDI0479). The block at 0x40030000 is ours: the AN386 leaves
 * that range reserved, and QEMU's `mps2-an386` reads zero there, so BOARD_ID tells where the image runs.
 */
#ifndef VIRTUAL_M4_H
#define VIRTUAL_M4_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* CMSDK timer 0: counts down from RELOAD at the processor's clock. */
#define TIMER_CTRL   REGISTER(0x40000000u) /* bit 0: enabled */
#define TIMER_VALUE  REGISTER(0x40000004u)
#define TIMER_RELOAD REGISTER(0x40000008u)

/* CMSDK UARTs: 0 is the link, 1 the log. */
#define UART_DATA(n)    REGISTER(0x40004000u + 0x1000u * (n))
#define UART_STATE(n)   REGISTER(0x40004004u + 0x1000u * (n)) /* bit 0: transmit buffer full; bit 1: byte received */
#define UART_CTRL(n)    REGISTER(0x40004008u + 0x1000u * (n)) /* bit 0: transmitter on; bit 1: receiver on */
#define UART_BAUDDIV(n) REGISTER(0x40004010u + 0x1000u * (n))
#define UART_TX_FULL    1u
#define UART_RX_FULL    2u

#define BOARD_ID           REGISTER(0x40030000u) /* r: BOARD_ID_VALUE; 0 on other machines */
#define BOARD_IDLE         REGISTER(0x40030004u) /* w: the clock goes on to the next sample or byte from the host */
#define BOARD_RESET_REASON REGISTER(0x40030008u) /* r: a TFW_RESET_... */
#define BOARD_LED          REGISTER(0x4003000Cu) /* w: 1 on, 0 off */
#define BOARD_PIN          REGISTER(0x40030010u) /* w: 1 high, 0 low; what an energy monitor would watch */
#define BOARD_ID_VALUE     0x31564654u           /* "TFV1" */

/* The IMU: a queue of 32 samples; when it is full the oldest is lost and counted. */
#define IMU_RATE_MHZ  REGISTER(0x40030100u) /* w: start, index 0, empty queue; 0 stops. r: rate, 0 while stopped */
#define IMU_WAITING   REGISTER(0x40030104u) /* r: samples in the queue */
#define IMU_FETCH     REGISTER(0x40030108u) /* w: address in RAM to which imu_sample_t goes, and out of the queue */
#define IMU_OVERRUNS  REGISTER(0x4003010Cu) /* r: samples lost since the start */
#define IMU_USUAL_MHZ REGISTER(0x40030110u) /* r: the rate it usually runs at; 0 when there is no sensor */

typedef struct {
    uint32_t index;
    uint32_t ticks_low; /* when it was taken: ticks since timer 0 was started, 64 bits */
    uint32_t ticks_high;
    float value[6];
} imu_sample_t;

/* The link's DMA: whole runs of bytes between UART 0's queues and RAM. */
#define LINK_ADDRESS REGISTER(0x40030200u) /* w: address in RAM */
#define LINK_RECEIVE REGISTER(0x40030204u) /* w: move up to so many bytes to ADDRESS. r: how many were moved */
#define LINK_SEND    REGISTER(0x40030208u) /* w: send so many bytes from ADDRESS */

/* Resets the board with the reason WATCHDOG when it is not fed in time. */
#define WATCHDOG_START REGISTER(0x40030300u) /* w: milliseconds */
#define WATCHDOG_FEED  REGISTER(0x40030304u) /* w */

/* The flash's controller. A unit of 8 bytes is programmed once between two erases of its page of 4096. */
#define FLASH_ERASE   REGISTER(0x40030400u) /* w: address of a page */
#define FLASH_SOURCE  REGISTER(0x40030404u) /* w: address of what to program */
#define FLASH_TARGET  REGISTER(0x40030408u) /* w: address in flash */
#define FLASH_PROGRAM REGISTER(0x4003040Cu) /* w: bytes */
#define FLASH_FAILED  REGISTER(0x40030410u) /* r: 1 when the last erase or program was refused */

#endif
