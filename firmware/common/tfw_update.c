#include "tfw_update.h"

#include <string.h>

#ifndef TFW_UPDATE_KEY

const tfw_model_t *tfw_update_begin_life(void)
{
    return &tfw_model;
}

const tfw_model_t *tfw_update_model(void)
{
    return &tfw_model;
}

const char *tfw_update_handle(const tfw_frame_t *request, uint8_t *status)
{
    const bool asks = request->type == TFW_UPDATE_QUERY && tfw_decode_update_query(request->body_bytes);
    *status = TFW_STATUS_NO_UPDATE;
    return asks ? NULL : "";
}

void tfw_update_tell(tfw_update_state_t *state)
{
    static const uint8_t no_key[8];
    memset(state, 0, sizeof *state);
    state->key = no_key;
}

#else

#include "monocypher.h"
#include "tfw_flash.h"
#include "tfw_hal.h"
#include "tfw_sha512.h"
#include "tfw_slide.h"

#ifndef TFW_FIRMWARE_DIGEST
#define TFW_FIRMWARE_DIGEST
#endif
#define TEXT_OF(...) #__VA_ARGS__
#define TEXT(...)    TEXT_OF(__VA_ARGS__)

/* RAM for the models that come: their arena, window, input and output. */
#ifndef TFW_UPDATE_RAM_BYTES
#define TFW_UPDATE_RAM_BYTES 32768u
#endif

/* In page 0 of a slot, each written once. Both must be whole for the slot to count. */
#define RECORD_MAGIC   0x31524654u /* "TFR1": the image passed its checks */
#define CONFIRM_MAGIC  0x31434654u /* "TFC1": and gave the output it must */
#define SHA_BYTES      32u
#define FIRMWARE_BYTES 16u

typedef struct {
    uint32_t magic;
    uint32_t version;
    uint32_t image_bytes;
    uint8_t sha[SHA_BYTES];           /* the first half of its SHA-512 */
    uint8_t firmware[FIRMWARE_BYTES]; /* that took it: under another it does not count */
    uint32_t crc;                     /* of all before */
} record_t;

typedef struct {
    uint32_t magic;
    uint32_t record_crc;
    uint32_t filler;
    uint32_t crc;
} confirm_t;

TFW_STATIC_ASSERT(sizeof(record_t) == 64 && sizeof(confirm_t) == 16, records_are_whole_units);

TFW_STATIC_ASSERT(sizeof(TEXT(TFW_UPDATE_KEY)) == 65, a_key_has_64_hex_digits);

static uint64_t ram[TFW_UPDATE_RAM_BYTES / sizeof(uint64_t)];

static struct {
    const tfw_model_t *model;
    uint32_t version;
    uint8_t slot; /* of the model in use; 2: none, it is the firmware's own */
} in_use;

static struct {
    bool begun;
    bool committed; /* the last COMMIT was good, and no BEGIN came since */
    uint32_t total;
    uint32_t received;
} coming;

static const uint8_t *memory(uint32_t address)
{
    return (const uint8_t *)(uintptr_t)address;
}

static uint32_t slot_address(uint8_t slot)
{
    return tfw_hal_flash.address + slot * (tfw_hal_flash.bytes / 2u);
}

static uint32_t image_address(uint8_t slot)
{
    return slot_address(slot) + tfw_hal_flash.page_bytes;
}

static uint32_t image_room(void)
{
    return tfw_hal_flash.bytes / 2u - tfw_hal_flash.page_bytes;
}

static uint8_t spare_slot(void)
{
    return in_use.slot == 0u ? 1u : 0u;
}

static uint32_t head(uint8_t slot, uint32_t offset)
{
    return tfw_get_u32(memory(image_address(slot) + offset));
}

static void public_key(uint8_t key[32])
{
    static const char digits[] = TEXT(TFW_UPDATE_KEY);
    for (uint32_t i = 0; i < 64u; i++) {
        const uint8_t digit = (uint8_t)(digits[i] <= '9' ? digits[i] - '0' : (digits[i] | 0x20) - 'a' + 10);
        key[i / 2u] = (uint8_t)(i % 2u == 0u ? digit << 4 : key[i / 2u] | digit);
    }
}

/* ---- what is in a slot ---- */

static void image_sha(uint8_t slot, uint32_t image_bytes, uint8_t digest[64])
{
    tfw_sha512_t sha;
    tfw_sha512_begin(&sha);
    tfw_sha512_add(&sha, memory(image_address(slot)), image_bytes);
    tfw_sha512_end(&sha, digest);
}

/* This firmware and its own model: whoever flashes others wants those, not what came over the link before. */
static void this_firmware(uint8_t name[FIRMWARE_BYTES])
{
    static const char digits[] = TEXT(TFW_FIRMWARE_DIGEST);
    uint8_t digest[64];
    tfw_sha512_t sha;
    tfw_sha512_begin(&sha);
    tfw_sha512_add(&sha, (const uint8_t *)digits, sizeof digits);
    tfw_sha512_add(&sha, tfw_model.sha256, 32);
    tfw_sha512_end(&sha, digest);
    memcpy(name, digest, FIRMWARE_BYTES);
}

/* Why an image of so many bytes cannot be used by this firmware; NULL when it can. */
static const char *misfit(uint8_t slot, uint32_t bytes)
{
    uint8_t board[1u + TFW_IMAGE_BOARD_BYTES];
    memset(board, 0, sizeof board);
    (void)tfw_put_text(board, tfw_board_name, TFW_IMAGE_BOARD_BYTES); /* one byte of length, then the name */
    if (head(slot, TFW_IMAGE_AT_MAGIC) != TFW_IMAGE_MAGIC || head(slot, TFW_IMAGE_AT_BYTES) != bytes) {
        return "no image";
    }
    if (head(slot, TFW_IMAGE_AT_ABI) != TFW_MODEL_ABI) {
        return "another ABI";
    }
    if (memcmp(board + 1, memory(image_address(slot) + TFW_IMAGE_AT_BOARD), TFW_IMAGE_BOARD_BYTES) != 0) {
        return "another board";
    }
    if (head(slot, TFW_IMAGE_AT_ADDRESS) != image_address(slot) ||
        head(slot, TFW_IMAGE_AT_RAM) != (uint32_t)(uintptr_t)ram) {
        return "linked for another place";
    }
    const uint32_t from = head(slot, TFW_IMAGE_AT_DATA);
    const uint32_t to = head(slot, TFW_IMAGE_AT_DATA_ENDS);
    const uint32_t at = head(slot, TFW_IMAGE_AT_MODEL);
    if (head(slot, TFW_IMAGE_AT_RAM_BYTES) > sizeof ram || from > to || to > bytes || to - from > sizeof ram ||
        at % 4u != 0u || at > bytes - sizeof(tfw_model_t)) {
        return "too large";
    }
    return NULL;
}

/* The version in a slot that was confirmed by this firmware and is whole; 0 where there is none. */
static uint32_t version_in(uint8_t slot)
{
    record_t record;
    confirm_t confirm;
    uint8_t name[FIRMWARE_BYTES];
    memcpy(&record, memory(slot_address(slot)), sizeof record);
    memcpy(&confirm, memory(slot_address(slot) + sizeof record), sizeof confirm);
    this_firmware(name);
    if (record.magic != RECORD_MAGIC || confirm.magic != CONFIRM_MAGIC || record.image_bytes > image_room() ||
        tfw_crc32(0, (const uint8_t *)&record, sizeof record - 4u) != record.crc ||
        tfw_crc32(0, (const uint8_t *)&confirm, sizeof confirm - 4u) != confirm.crc ||
        confirm.record_crc != record.crc || memcmp(record.firmware, name, sizeof name) != 0 ||
        record.image_bytes <= TFW_IMAGE_HEAD_BYTES) {
        return 0;
    }
    uint8_t digest[64];
    image_sha(slot, record.image_bytes, digest);
    const bool whole = memcmp(digest, record.sha, SHA_BYTES) == 0 && misfit(slot, record.image_bytes) == NULL;
    return whole ? record.version : 0;
}

/* Gives the model in a slot its RAM, and returns it. */
static const tfw_model_t *take_into_use(uint8_t slot)
{
    const uint32_t from = head(slot, TFW_IMAGE_AT_DATA);
    memset(ram, 0, sizeof ram);
    memcpy(ram, memory(image_address(slot) + from), head(slot, TFW_IMAGE_AT_DATA_ENDS) - from);
    return (const tfw_model_t *)(const void *)memory(image_address(slot) + head(slot, TFW_IMAGE_AT_MODEL));
}

static void choose(void)
{
    const uint32_t versions[2] = {version_in(0), version_in(1)};
    in_use.slot = versions[1] > versions[0] ? 1u : 0u;
    in_use.version = versions[in_use.slot];
    if (in_use.version == 0u) {
        in_use.slot = 2u;
        in_use.model = &tfw_model;
    } else {
        in_use.model = take_into_use(in_use.slot);
    }
}

const tfw_model_t *tfw_update_begin_life(void)
{
    choose();
    return in_use.model;
}

const tfw_model_t *tfw_update_model(void)
{
    return in_use.model;
}

/* ---- an image that comes ---- */

static const char *begin(uint32_t image_bytes, uint8_t *status)
{
    if (image_bytes % TFW_FLASH_UNIT_BYTES != 0u || image_bytes <= TFW_IMAGE_HEAD_BYTES || image_bytes > image_room()) {
        *status = TFW_STATUS_BAD_VALUE;
        return "image_bytes";
    }
    coming.begun = false;
    coming.committed = false;
    if (!tfw_hal_flash_erase(slot_address(spare_slot()))) { /* from here on the slot holds nothing */
        *status = TFW_STATUS_FLASH_FAILED;
        return "erase";
    }
    coming.begun = true;
    coming.total = image_bytes;
    coming.received = 0;
    return NULL;
}

/* Within one page; its first byte comes with the page's erasure. */
static bool write_piece(uint32_t address, const uint8_t *data, uint32_t count)
{
    if (address % tfw_hal_flash.page_bytes == 0u && !tfw_hal_flash_erase(address)) {
        return false;
    }
    return tfw_hal_flash_program(address, data, count) && memcmp(memory(address), data, count) == 0;
}

static const char *take_part(const tfw_update_part_t *part, uint8_t *status)
{
    const uint32_t count = part->data_count;
    *status = TFW_STATUS_BAD_VALUE;
    if (!coming.begun) {
        *status = TFW_STATUS_UPDATE_REFUSED;
        return "no update has begun";
    }
    if (part->offset < coming.received && part->offset + count <= coming.received) {
        return NULL; /* it came before */
    }
    if (part->offset != coming.received) {
        *status = TFW_STATUS_UPDATE_REFUSED;
        return "bytes are missing";
    }
    if (count % TFW_FLASH_UNIT_BYTES != 0u || count > coming.total - coming.received) {
        return "data";
    }
    for (uint32_t done = 0; done < count;) {
        const uint32_t address = image_address(spare_slot()) + coming.received;
        const uint32_t room = tfw_hal_flash.page_bytes - address % tfw_hal_flash.page_bytes;
        const uint32_t piece = count - done < room ? count - done : room;
        if (!write_piece(address, part->data + done, piece)) {
            coming.begun = false;
            *status = TFW_STATUS_FLASH_FAILED;
            return "program";
        }
        done += piece;
        coming.received += piece;
    }
    return NULL;
}

/* All but the signature itself is signed. */
static bool is_signed(uint8_t slot)
{
    const uint8_t *const image = memory(image_address(slot));
    const uint8_t *const signature = image + TFW_IMAGE_AT_SIGNATURE;
    uint8_t key[32];
    uint8_t digest[64];
    uint8_t reduced[32];
    tfw_sha512_t sha;
    public_key(key);
    tfw_sha512_begin(&sha);
    tfw_sha512_add(&sha, signature, 32);
    tfw_sha512_add(&sha, key, sizeof key);
    tfw_sha512_add(&sha, image, TFW_IMAGE_AT_SIGNATURE);
    tfw_sha512_add(&sha, image + TFW_IMAGE_HEAD_BYTES, coming.total - TFW_IMAGE_HEAD_BYTES);
    tfw_sha512_end(&sha, digest);
    crypto_eddsa_reduce(reduced, digest);
    return crypto_eddsa_check_equation(signature, key, reduced) == 0;
}

/* Whether a model that takes new samples alone gives the same output when it has taken the whole window so. */
static bool slides_alike(const tfw_model_t *model, const uint8_t *window, const uint8_t *wanted)
{
    const uint16_t hop = model->slide_hop;
    const size_t row = model->channels;
    if (hop == 0u) {
        return model->slide == NULL;
    }
    if (model->slide == NULL || model->slide_reset == NULL || model->preprocess_samples == NULL ||
        hop >= model->window_length) {
        return false;
    }
    model->slide_reset();
    const uint16_t rest = (uint16_t)(model->window_length % hop);
    uint16_t samples = rest != 0u ? rest : hop;
    uint16_t taken = 0;
    while (taken < model->window_length) {
        memcpy(tfw_slide_move(model, samples), window + taken * row, samples * row);
        tfw_hal_watchdog();
        tfw_slide_invoke(model);
        taken = (uint16_t)(taken + samples);
        samples = hop;
    }
    return memcmp(model->output, wanted, model->output_bytes) == 0;
}

/* The model gives the output it must for one input. A model that hangs here is not confirmed: the watchdog ends it.
 * Each inference has the whole of its time, as it has in LIVE. */
static bool proves_itself(uint8_t slot)
{
    const tfw_model_t *const model = take_into_use(slot);
    const uint32_t bytes = coming.total;
    const uint32_t at = head(slot, TFW_IMAGE_AT_PROOF);
    if (model->invoke == NULL || model->preprocess == NULL || model->smoothing == 0u || model->window_hop == 0u ||
        model->input_bytes != (uint32_t)model->window_length * model->channels || model->output_bytes == 0u ||
        model->output_bytes > 255u || at > bytes || model->input_bytes > bytes - at ||
        model->output_bytes > bytes - at - model->input_bytes) {
        return false;
    }
    const uint8_t *const proof = memory(image_address(slot) + at);
    memcpy(model->input, proof, model->input_bytes);
    if (model->reset != NULL) {
        model->reset();
    }
    tfw_hal_watchdog();
    model->invoke(model->input, model->output);
    const uint8_t *const wanted = proof + model->input_bytes;
    return memcmp(model->output, wanted, model->output_bytes) == 0 && slides_alike(model, proof, wanted);
}

static bool write_record(uint8_t slot, record_t *record)
{
    uint8_t digest[64];
    image_sha(slot, coming.total, digest);
    memset(record, 0xff, sizeof *record);
    record->magic = RECORD_MAGIC;
    record->version = head(slot, TFW_IMAGE_AT_VERSION);
    record->image_bytes = coming.total;
    memcpy(record->sha, digest, SHA_BYTES);
    this_firmware(record->firmware);
    record->crc = tfw_crc32(0, (const uint8_t *)record, sizeof *record - 4u);
    return tfw_hal_flash_program(slot_address(slot), (const uint8_t *)record, sizeof *record);
}

static bool write_confirm(uint8_t slot, const record_t *record)
{
    confirm_t confirm = {.magic = CONFIRM_MAGIC, .record_crc = record->crc, .filler = UINT32_MAX};
    confirm.crc = tfw_crc32(0, (const uint8_t *)&confirm, sizeof confirm - 4u);
    return tfw_hal_flash_program(slot_address(slot) + sizeof *record, (const uint8_t *)&confirm, sizeof confirm);
}

static const char *commit(uint8_t *status)
{
    if (coming.committed) {
        return NULL; /* asked again, because the answer was lost */
    }
    *status = TFW_STATUS_UPDATE_REFUSED;
    if (!coming.begun || coming.received != coming.total) {
        return "bytes are missing";
    }
    coming.begun = false; /* whatever comes of it, the next one begins anew */
    const uint8_t slot = spare_slot();
    if (!is_signed(slot)) {
        return "the signature is wrong";
    }
    const char *const why = misfit(slot, coming.total);
    if (why != NULL) {
        return why;
    }
    if (head(slot, TFW_IMAGE_AT_VERSION) <= in_use.version) {
        return "not newer";
    }
    record_t record;
    if (!write_record(slot, &record)) {
        *status = TFW_STATUS_FLASH_FAILED;
        return "program";
    }
    if (!proves_itself(slot)) {
        choose(); /* the RAM is the old model's again */
        return "its self-test failed";
    }
    const bool written = write_confirm(slot, &record);
    choose();
    if (!written || in_use.slot != slot) {
        *status = TFW_STATUS_FLASH_FAILED;
        return "program";
    }
    coming.committed = true;
    return NULL;
}

const char *tfw_update_handle(const tfw_frame_t *request, uint8_t *status)
{
    tfw_update_begin_t asked;
    tfw_update_part_t part;
    *status = TFW_STATUS_BAD_LENGTH;
    switch (request->type) {
    case TFW_UPDATE_BEGIN:
        return tfw_decode_update_begin(request->body, request->body_bytes, &asked) ? begin(asked.image_bytes, status)
                                                                                   : "";
    case TFW_UPDATE_PART:
        return tfw_decode_update_part(request->body, request->body_bytes, &part) ? take_part(&part, status) : "";
    case TFW_UPDATE_COMMIT:
        return tfw_decode_update_commit(request->body_bytes) ? commit(status) : "";
    default:
        return tfw_decode_update_query(request->body_bytes) ? NULL : "";
    }
}

void tfw_update_tell(tfw_update_state_t *state)
{
    static uint8_t key[32];
    public_key(key);
    state->abi = TFW_MODEL_ABI;
    state->version = in_use.version;
    state->slot_address = image_address(spare_slot());
    state->slot_bytes = image_room();
    state->ram_address = (uint32_t)(uintptr_t)ram;
    state->ram_bytes = sizeof ram;
    state->received = coming.received;
    state->key = key;
}

#endif
