// SPDX-License-Identifier: GPL-2.0
#include "smb2.h"

/* Flags of 3.1.1 and EncryptionAlgorithm of 3.0 have one value, and it is the same. */
#define TRANSFORM_ENCRYPTED	0x0001

/* [MS-SMB2] 2.2.41 SMB2 TRANSFORM_HEADER */
int wire_decode_transform(struct wire_reader *r, struct smb2_transform *t)
{
	if (wire_get_u32(r) != SMB2_TRANSFORM_ID)
		r->bad = true;
	wire_get_bytes(r, t->signature, sizeof(t->signature));
	wire_get_bytes(r, t->nonce, sizeof(t->nonce));
	t->original_message_size = wire_get_u32(r);
	wire_skip(r, 2);			/* Reserved */
	wire_expect_u16(r, TRANSFORM_ENCRYPTED);
	t->session_id = wire_get_u64(r);
	if (t->original_message_size < SMB2_HEADER_SIZE ||
	    t->original_message_size != wire_left(r) + r->beyond)
		r->bad = true;
	return wire_reader_status(r);
}

void wire_encode_transform(struct wire_writer *w, const struct smb2_transform *t)
{
	wire_put_u32(w, SMB2_TRANSFORM_ID);
	wire_put_bytes(w, t->signature, sizeof(t->signature));
	wire_put_bytes(w, t->nonce, sizeof(t->nonce));
	wire_put_u32(w, t->original_message_size);
	wire_put_u16(w, 0);			/* Reserved */
	wire_put_u16(w, TRANSFORM_ENCRYPTED);
	wire_put_u64(w, t->session_id);
}
