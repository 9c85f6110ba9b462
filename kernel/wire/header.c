// SPDX-License-Identifier: GPL-2.0
#include "smb2.h"

/* [MS-SMB2] 2.2.1.1 (ASYNC) and 2.2.1.2 (SYNC) */
int wire_decode_header(struct wire_reader *r, struct smb2_header *h)
{
	if (wire_get_u32(r) != SMB2_PROTOCOL_ID)
		r->bad = true;
	wire_expect_u16(r, SMB2_HEADER_SIZE);	/* StructureSize */
	h->credit_charge = wire_get_u16(r);
	h->status = wire_get_u32(r);
	h->channel_sequence = h->status;	/* its first two bytes */
	h->command = wire_get_u16(r);
	h->credits = wire_get_u16(r);
	h->flags = wire_get_u32(r);
	h->next_command = wire_get_u32(r);
	h->message_id = wire_get_u64(r);
	h->async_id = 0;
	h->tree_id = 0;
	if (h->flags & SMB2_FLAGS_ASYNC_COMMAND) {
		h->async_id = wire_get_u64(r);
	} else {
		wire_skip(r, 4);		/* Reserved */
		h->tree_id = wire_get_u32(r);
	}
	h->session_id = wire_get_u64(r);
	wire_get_bytes(r, h->signature, sizeof(h->signature));
	return wire_reader_status(r);
}

void wire_encode_header(struct wire_writer *w, const struct smb2_header *h)
{
	wire_put_u32(w, SMB2_PROTOCOL_ID);
	wire_put_u16(w, SMB2_HEADER_SIZE);	/* StructureSize */
	wire_put_u16(w, h->credit_charge);
	wire_put_u32(w, h->status);
	wire_put_u16(w, h->command);
	wire_put_u16(w, h->credits);
	wire_put_u32(w, h->flags);
	wire_put_u32(w, h->next_command);
	wire_put_u64(w, h->message_id);
	if (h->flags & SMB2_FLAGS_ASYNC_COMMAND) {
		wire_put_u64(w, h->async_id);
	} else {
		wire_put_u32(w, 0);		/* Reserved */
		wire_put_u32(w, h->tree_id);
	}
	wire_put_u64(w, h->session_id);
	wire_put_bytes(w, h->signature, sizeof(h->signature));
}

/*
 * MessageId, then a bit for a message of the server and one for a CANCEL, as
 * these share the MessageId of another.
 */
void wire_gmac_nonce(const u8 header[SMB2_HEADER_SIZE],
		     u8 nonce[WIRE_GMAC_NONCE_SIZE])
{
	u32 bits = 0;

	if (get_unaligned_le32(header + SMB2_FLAGS_OFFSET) &
	    SMB2_FLAGS_SERVER_TO_REDIR)
		bits |= 1;
	if (get_unaligned_le16(header + 12) == SMB2_CANCEL)	/* Command */
		bits |= 2;
	memcpy(nonce, header + 24, 8);				/* MessageId */
	put_unaligned_le32(bits, nonce + 8);
}

/* [MS-SMB2] 2.2.2 SMB2 ERROR Response, ByteCount 0: one byte of ErrorData */
void wire_encode_error(struct wire_writer *w)
{
	wire_put_u16(w, 9);			/* StructureSize */
	wire_put_u8(w, 0);			/* ErrorContextCount */
	wire_put_u8(w, 0);			/* Reserved */
	wire_put_u32(w, 0);			/* ByteCount */
	wire_put_u8(w, 0);			/* ErrorData */
}

/* BUFFER_TOO_SMALL names the length that would do: [MS-SMB2] 2.2.2.2 */
void wire_encode_error_u32(struct wire_writer *w, u32 v)
{
	wire_put_u16(w, 9);			/* StructureSize */
	wire_put_u8(w, 0);			/* ErrorContextCount */
	wire_put_u8(w, 0);			/* Reserved */
	wire_put_u32(w, 4);			/* ByteCount */
	wire_put_u32(w, v);			/* ErrorData */
}

/* [MS-SMB2] 2.2.8, 2.2.12, 2.2.18, 2.2.27, 2.2.29 */
void wire_encode_empty(struct wire_writer *w, const union smb2_rsp *u)
{
	wire_put_u16(w, 4);			/* StructureSize */
	wire_put_u16(w, 0);			/* Reserved */
}

/* A request that is StructureSize 4 and nothing else. */
static int decode_empty(struct wire_reader *r)
{
	wire_expect_u16(r, 4);			/* StructureSize */
	wire_skip(r, 2);			/* Reserved */
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.7 SMB2 LOGOFF Request */
int wire_decode_logoff(struct wire_reader *r, union smb2_req *u)
{
	return decode_empty(r);
}

/* [MS-SMB2] 2.2.11 SMB2 TREE_DISCONNECT Request */
int wire_decode_tree_disconnect(struct wire_reader *r, union smb2_req *u)
{
	return decode_empty(r);
}

/* [MS-SMB2] 2.2.28 SMB2 ECHO Request */
int wire_decode_echo(struct wire_reader *r, union smb2_req *u)
{
	return decode_empty(r);
}

/* [MS-SMB2] 2.2.30 SMB2 CANCEL Request */
int wire_decode_cancel(struct wire_reader *r, union smb2_req *u)
{
	return decode_empty(r);
}
