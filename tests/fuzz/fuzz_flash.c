/*
 * The flash of fuzz_firmware.c, and what stands for Ed25519: an image counts as signed where it says so itself, so that
 * what is looked at behind the signature is reached. What no attacker may reach, a signed image whose code is rubbish,
 * is not tried: where an image names its model, the toy of the harness is put.
 *
 * The file under test is included, so that a restart clears its RAM.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_FIXED_NOREPLACE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz_flash.h"
#include "tfw_update.c"

#define PAGE  4096u
#define SLOT  (4u * PAGE)
#define FLASH 0x30000000u
#define ASKED 0x11111111u /* in an image's head: what this board wants there */

const tfw_flash_t tfw_hal_flash = {FLASH, 2u * SLOT, PAGE};

static unsigned long erased, accepted, taken;

static uint8_t *at(uint32_t address)
{
    return (uint8_t *)(uintptr_t)address;
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "the application %s\n", what);
        abort();
    }
}

void fuzz_flash_begin(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    void *const got = mmap(at(FLASH), 2u * SLOT, PROT_READ | PROT_WRITE, flags, -1, 0);
    check(got == (void *)at(FLASH), "has no flash at its address");
    memset(got, 0xff, 2u * SLOT);
}

bool tfw_hal_flash_erase(uint32_t page_address)
{
    check(page_address >= FLASH && page_address < FLASH + 2u * SLOT && page_address % PAGE == 0, "erases no page");
    memset(at(page_address), 0xff, PAGE);
    return ++erased % 64u != 0; /* now and then the flash fails */
}

bool tfw_hal_flash_program(uint32_t address, const uint8_t *data, size_t count)
{
    check(address >= FLASH && count <= 2u * SLOT && address + count <= FLASH + 2u * SLOT, "programs outside the flash");
    check(address % TFW_FLASH_UNIT_BYTES == 0 && count % TFW_FLASH_UNIT_BYTES == 0, "programs half a unit");
    for (size_t i = 0; i < count; i++) {
        check(*at(address + (uint32_t)i) == 0xff, "programs a unit twice");
    }
    memcpy(at(address), data, count);
    taken += count == sizeof(confirm_t) && address % SLOT == FLASH % SLOT + sizeof(record_t);
    return true;
}

void crypto_eddsa_reduce(uint8_t reduced[32], const uint8_t expanded[64])
{
    memcpy(reduced, expanded, 32);
}

static void put(uint8_t *head, uint32_t offset, uint32_t value)
{
    if (tfw_get_u32(head + offset) == ASKED) {
        (void)tfw_put_u32(head + offset, value);
    }
}

int crypto_eddsa_check_equation(const uint8_t signature[64], const uint8_t public_key[32], const uint8_t h[32])
{
    tfw_update_state_t state;
    uint8_t *const head = at((uint32_t)(uintptr_t)signature - TFW_IMAGE_AT_SIGNATURE);
    check(head == at(FLASH + PAGE) || head == at(FLASH + SLOT + PAGE), "checks a signature that is in no slot");
    (void)public_key;
    (void)h;
    if (signature[0] > 0xC0u) {
        return -1;
    }
    tfw_update_tell(&state);
    put(head, TFW_IMAGE_AT_ADDRESS, state.slot_address);
    put(head, TFW_IMAGE_AT_RAM, state.ram_address);
    put(head, TFW_IMAGE_AT_VERSION, state.version + 1u);
    const uint32_t model = tfw_get_u32(head + TFW_IMAGE_AT_MODEL);
    if (model % 4u == 0 && model <= SLOT - PAGE - sizeof tfw_model) {
        memcpy(head + model, &tfw_model, sizeof tfw_model);
    }
    accepted++;
    return 0;
}

/* What a torn write leaves: records of any content, their CRCs and magic numbers right where the input says so. */
void fuzz_flash_tear(const uint8_t *data, size_t count)
{
    memset(&coming, 0, sizeof coming);
    memset(&in_use, 0, sizeof in_use);
    if (count == 0) {
        return;
    }
    uint8_t *const record = at(FLASH + (data[0] & 1u) * SLOT);
    const size_t kept = count - 1u < 80u ? count - 1u : 80u;
    memcpy(record, data + 1, kept);
    if ((data[0] & 2u) != 0) {
        (void)tfw_put_u32(record, RECORD_MAGIC);
        (void)tfw_put_u32(record + 60, tfw_crc32(0, record, 60));
    }
    if ((data[0] & 4u) != 0) {
        (void)tfw_put_u32(record + 64, CONFIRM_MAGIC);
        (void)tfw_put_u32(record + 68, tfw_get_u32(record + 60));
        (void)tfw_put_u32(record + 76, tfw_crc32(0, record + 64, 12));
    }
}

unsigned long fuzz_flash_accepted(void)
{
    return accepted;
}

unsigned long fuzz_flash_taken(void)
{
    return taken;
}
