/*
 * A new model without new firmware: an image that came over the link, signed by Ed25519 (RFC 8032), in one of two slots
 * of the flash. docs/updates.md says how it is made and why no loss of power leaves a board without a model.
 *
 *     slot     page 0: what is known of the image    from page 1: the image
 *     image    head of TFW_IMAGE_HEAD_BYTES, the last 64 of them the signature of all else; code and constants
 *
 * Built in only where TFW_UPDATE_KEY, the public key as 64 hex digits, is defined.
 */
#ifndef TFW_UPDATE_H
#define TFW_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "tfw_link.h"
#include "tfw_model.h"

/* Offsets in the head, each a u32 but the board's name and the signature. */
#define TFW_IMAGE_MAGIC        0x31554654u /* "TFU1" */
#define TFW_IMAGE_AT_MAGIC     0u
#define TFW_IMAGE_AT_ABI       4u
#define TFW_IMAGE_AT_BYTES     8u  /* of the whole image */
#define TFW_IMAGE_AT_ADDRESS   12u /* it is linked for */
#define TFW_IMAGE_AT_RAM       16u /* address it is linked for */
#define TFW_IMAGE_AT_RAM_BYTES 20u /* it needs */
#define TFW_IMAGE_AT_VERSION   24u /* above that of the model in use */
#define TFW_IMAGE_AT_MODEL     28u /* offset of its tfw_model_t */
#define TFW_IMAGE_AT_PROOF     32u /* offset of a quantized input and the output it must give */
#define TFW_IMAGE_AT_DATA      36u /* offset of the initial values of its RAM */
#define TFW_IMAGE_AT_DATA_ENDS 40u
#define TFW_IMAGE_AT_BOARD     44u /* 20 bytes, filled up with zeros */
#define TFW_IMAGE_AT_SIGNATURE 64u
#define TFW_IMAGE_BOARD_BYTES  20u
#define TFW_IMAGE_HEAD_BYTES   128u

/* After the start: the newest model that was accepted and is whole, else the one the firmware was built with. */
const tfw_model_t *tfw_update_begin_life(void);

/* The model in use. */
const tfw_model_t *tfw_update_model(void);

/* Does what UPDATE_BEGIN, UPDATE_PART or UPDATE_COMMIT asks; NULL, or why not, and then `status` is set. */
const char *tfw_update_handle(const tfw_frame_t *request, uint8_t *status);

void tfw_update_tell(tfw_update_state_t *state);

#endif
