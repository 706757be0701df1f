/*
 * The registers and functions of the chips that the boards' own files name: Cortex-M4 (Arm DDI 0439), nRF52840
 * (product specification), STM32L4 (RM0351) and the names ST's HAL gives them (UM1884). Where the chips and the virtual
 * platform differ in addresses, these are the platform's.
 */
#ifndef TFV_CHIP_H
#define TFV_CHIP_H

#include <stdint.h>

/* ---- Cortex-M4 ---- */

typedef struct {
    volatile uint32_t DHCSR, DCRSR, DCRDR, DEMCR;
} CoreDebug_Type;
typedef struct {
    volatile uint32_t CTRL, CYCCNT;
} DWT_Type;
#define CoreDebug                  ((CoreDebug_Type *)0xE000EDF0u)
#define CoreDebug_DEMCR_TRCENA_Msk (1u << 24)
#define DWT                        ((DWT_Type *)0xE0001000u)
#define DWT_CTRL_CYCCNTENA_Msk     1u

#define __DSB() __asm volatile("dsb" ::: "memory")
#define __NOP() __asm volatile("nop")
void __WFI(); /* until an interrupt, or until the host speaks */
[[noreturn]] void NVIC_SystemReset();

/* ---- nRF52840 ---- */

typedef struct {
    uint32_t reserved0[256];
    volatile uint32_t RESETREAS;
    uint32_t reserved1[71];
    volatile uint32_t GPREGRET2;
} NRF_POWER_Type;
static_assert(offsetof(NRF_POWER_Type, RESETREAS) == 0x400 && offsetof(NRF_POWER_Type, GPREGRET2) == 0x520, "POWER");
#define NRF_POWER                    ((NRF_POWER_Type *)0x40032000u)
#define POWER_RESETREAS_RESETPIN_Msk 1u
#define POWER_RESETREAS_DOG_Msk      2u
#define POWER_RESETREAS_SREQ_Msk     4u
#define POWER_RESETREAS_LOCKUP_Msk   8u

#define LED_BUILTIN 13u

/* ---- STM32L4 ---- */

#define TFV_PORT_PINS(letter, number)                                                                                 \
    P##letter##0 = 16 * (number), P##letter##1, P##letter##2, P##letter##3, P##letter##4, P##letter##5, P##letter##6, \
    P##letter##7, P##letter##8, P##letter##9, P##letter##10, P##letter##11, P##letter##12, P##letter##13,             \
    P##letter##14, P##letter##15
enum : uint32_t {
    TFV_PORT_PINS(A, 0),
    TFV_PORT_PINS(B, 1),
    TFV_PORT_PINS(C, 2),
    TFV_PORT_PINS(D, 3),
    TFV_PORT_PINS(E, 4),
    TFV_PORT_PINS(F, 5),
    TFV_PORT_PINS(G, 6),
};

typedef struct {
    volatile uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR;
} GPIO_TypeDef;
#define TFV_PORT(number) ((GPIO_TypeDef *)(0x48000000u + 0x400u * (number)))
#define GPIOB            TFV_PORT(1u)
#define GPIO_ODR_OD12    (1u << 12)
#define GPIO_ODR_OD13    (1u << 13)
#define GPIO_ODR_OD15    (1u << 15)

typedef struct {
    uint32_t reserved[37];
    volatile uint32_t CSR;
} RCC_TypeDef;
static_assert(offsetof(RCC_TypeDef, CSR) == 0x94, "RCC");
#define RCC                           ((RCC_TypeDef *)0x40021000u)
#define RCC_CSR_RMVF                  (1u << 23)
#define RCC_CSR_PINRSTF               (1u << 26)
#define RCC_CSR_BORRSTF               (1u << 27)
#define RCC_CSR_SFTRSTF               (1u << 28)
#define RCC_CSR_IWDGRSTF              (1u << 29)
#define RCC_CSR_WWDGRSTF              (1u << 30)
#define __HAL_RCC_CLEAR_RESET_FLAGS() (RCC->CSR |= RCC_CSR_RMVF)

typedef struct {
    volatile uint32_t KR, PR, RLR, SR;
} IWDG_TypeDef;
#define IWDG ((IWDG_TypeDef *)0x40003000u)

/* The clock tree is not modelled: what sets it up is run, and finds all well. */
typedef enum { HAL_OK = 0, HAL_ERROR = 1 } HAL_StatusTypeDef;
typedef struct {
    uint32_t PLLState, PLLSource, PLLM, PLLN, PLLP, PLLQ, PLLR;
} RCC_PLLInitTypeDef;
typedef struct {
    uint32_t OscillatorType, LSEState, MSIState, MSICalibrationValue, MSIClockRange;
    RCC_PLLInitTypeDef PLL;
} RCC_OscInitTypeDef;
typedef struct {
    uint32_t ClockType, SYSCLKSource, AHBCLKDivider, APB1CLKDivider, APB2CLKDivider;
} RCC_ClkInitTypeDef;
typedef struct {
    uint32_t PeriphClockSelection, UsbClockSelection;
} RCC_PeriphCLKInitTypeDef;
enum : uint32_t {
    PWR_REGULATOR_VOLTAGE_SCALE1,
    RCC_OSCILLATORTYPE_LSE,
    RCC_OSCILLATORTYPE_MSI,
    RCC_LSE_ON,
    RCC_MSI_ON,
    RCC_MSICALIBRATION_DEFAULT,
    RCC_MSIRANGE_11,
    RCC_PLL_ON,
    RCC_PLLSOURCE_MSI,
    RCC_PLLP_DIV7,
    RCC_PLLQ_DIV4,
    RCC_PLLR_DIV2,
    RCC_CLOCKTYPE_SYSCLK = 1,
    RCC_CLOCKTYPE_HCLK = 2,
    RCC_CLOCKTYPE_PCLK1 = 4,
    RCC_CLOCKTYPE_PCLK2 = 8,
    RCC_SYSCLKSOURCE_PLLCLK,
    RCC_SYSCLK_DIV1,
    RCC_HCLK_DIV1,
    RCC_PERIPHCLK_USB,
    RCC_USBCLKSOURCE_MSI,
    FLASH_LATENCY_4,
};
#define __HAL_RCC_PWR_CLK_ENABLE() ((void)0)
inline void HAL_PWR_EnableBkUpAccess()
{
}
inline HAL_StatusTypeDef HAL_PWREx_ControlVoltageScaling(uint32_t)
{
    return HAL_OK;
}
inline HAL_StatusTypeDef HAL_RCC_OscConfig(RCC_OscInitTypeDef *)
{
    return HAL_OK;
}
inline HAL_StatusTypeDef HAL_RCC_ClockConfig(RCC_ClkInitTypeDef *, uint32_t)
{
    return HAL_OK;
}
inline HAL_StatusTypeDef HAL_RCCEx_PeriphCLKConfig(RCC_PeriphCLKInitTypeDef *)
{
    return HAL_OK;
}
inline void HAL_RCCEx_EnableMSIPLLMode()
{
}
[[noreturn]] void Error_Handler();

/* The flash goes to the platform's own controller. */
typedef struct {
    uint32_t TypeErase, Banks, Page, NbPages;
} FLASH_EraseInitTypeDef;
#define FLASH_TYPEERASE_PAGES        0u
#define FLASH_BANK_2                 2u
#define FLASH_TYPEPROGRAM_DOUBLEWORD 0u
inline HAL_StatusTypeDef HAL_FLASH_Unlock()
{
    return HAL_OK;
}
inline HAL_StatusTypeDef HAL_FLASH_Lock()
{
    return HAL_OK;
}
HAL_StatusTypeDef HAL_FLASHEx_Erase(FLASH_EraseInitTypeDef *erase, uint32_t *failed);
HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t data);

/* ST's LL driver of the ports. */
#define LL_GPIO_PIN_13          (1u << 13)
#define LL_GPIO_PIN_15          (1u << 15)
#define LL_GPIO_MODE_INPUT      0u
#define LL_GPIO_MODE_OUTPUT     1u
#define LL_GPIO_SPEED_FREQ_HIGH 2u
inline void tfv_two_bits(volatile uint32_t &field, uint32_t pin, uint32_t value)
{
    const uint32_t shift = 2u * static_cast<uint32_t>(__builtin_ctz(pin));
    field = (field & ~(3u << shift)) | value << shift;
}
inline void LL_GPIO_SetPinMode(GPIO_TypeDef *port, uint32_t pin, uint32_t mode)
{
    tfv_two_bits(port->MODER, pin, mode);
}
inline void LL_GPIO_SetPinSpeed(GPIO_TypeDef *port, uint32_t pin, uint32_t speed)
{
    tfv_two_bits(port->OSPEEDR, pin, speed);
}

#endif
