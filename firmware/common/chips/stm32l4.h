/* What boards with an STM32L4 have in common, for their HALs in C++ (stm32duino, with ST's own drivers beneath). */
#ifndef TFW_STM32L4_H
#define TFW_STM32L4_H

#include <Arduino.h>

#include "tfw_flash.h"
#include "tfw_protocol.h"

/* The register collects reasons until they are cleared; each reset pulls the reset pin, too. */
inline uint32_t stm32l4_take_reset_reason()
{
    const uint32_t seen = RCC->CSR;
    __HAL_RCC_CLEAR_RESET_FLAGS();
    if ((seen & (RCC_CSR_IWDGRSTF | RCC_CSR_WWDGRSTF)) != 0) {
        return TFW_RESET_WATCHDOG;
    }
    if ((seen & RCC_CSR_SFTRSTF) != 0) {
        return TFW_RESET_SOFTWARE;
    }
    if ((seen & RCC_CSR_BORRSTF) != 0) {
        return TFW_RESET_POWER_ON; /* the supply rose; a dip that was long enough looks the same */
    }
    return (seen & RCC_CSR_PINRSTF) != 0 ? TFW_RESET_PIN : TFW_RESET_UNKNOWN;
}

/* The independent watchdog (RM0351, 42) runs on its own oscillator of 32 kHz and stops only with the supply. */
inline void stm32l4_feed_watchdog()
{
    static bool is_running = false;
    if (!is_running) {
        is_running = true;
        IWDG->KR = 0xCCCC;
        IWDG->KR = 0x5555;
        IWDG->PR = 5;     /* / 128 */
        IWDG->RLR = 2000; /* 8 s */
        while (IWDG->SR != 0) {
        }
    }
    IWDG->KR = 0xAAAA;
}

inline void stm32l4_start_cycle_counter()
{
    CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
    DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

/* The last 128 KiB of 1 MiB: in the second bank, so the program runs on from the first meanwhile. */
constexpr uint32_t stm32l4_bank2 = 0x08080000;
constexpr tfw_flash_t stm32l4_update_flash = {0x080E0000, 0x20000, 2048};

inline bool stm32l4_erase(uint32_t page_address)
{
    FLASH_EraseInitTypeDef erase = {};
    erase.TypeErase = FLASH_TYPEERASE_PAGES;
    erase.Banks = FLASH_BANK_2;
    erase.Page = (page_address - stm32l4_bank2) / stm32l4_update_flash.page_bytes;
    erase.NbPages = 1;
    uint32_t failed = 0;
    HAL_FLASH_Unlock();
    const bool done = HAL_FLASHEx_Erase(&erase, &failed) == HAL_OK;
    HAL_FLASH_Lock();
    return done;
}

inline bool stm32l4_program(uint32_t address, const uint8_t *data, size_t count)
{
    bool done = true;
    HAL_FLASH_Unlock();
    for (size_t at = 0; done && at < count; at += TFW_FLASH_UNIT_BYTES) {
        uint64_t unit;
        memcpy(&unit, data + at, sizeof unit);
        done = HAL_FLASH_Program(FLASH_TYPEPROGRAM_DOUBLEWORD, address + at, unit) == HAL_OK;
    }
    HAL_FLASH_Lock();
    return done;
}

#endif
