// SPDX-License-Identifier: GPL-2.0
#include "smb2.h"

/* 64 bytes of header and 64 of the response, so 8-byte aligned */
#define NEGOTIATE_PAYLOAD_OFFSET 128

/* [MS-SMB2] 2.2.3.1.1 to 2.2.3.1.7: u16 count, then that many u16 */
static void get_u16_list(struct wire_reader *r, u16 count,
			 struct wire_u16_list *list)
{
	struct wire_span values = wire_take_span(r, count * 2u);
	u16 i;

	/* A list of nothing to choose from is an error of the client. */
	if (!count)
		r->bad = true;
	if (r->bad)
		return;
	list->n = count < WIRE_MAX_ALGORITHMS ? count : WIRE_MAX_ALGORITHMS;
	for (i = 0; i < list->n; i++)
		list->v[i] = get_unaligned_le16(values.data + i * 2u);
}

static void once(struct wire_reader *r, bool *seen)
{
	if (*seen)
		r->bad = true;
	*seen = true;
}

/* 2.2.3.1.1 SMB2_PREAUTH_INTEGRITY_CAPABILITIES */
static void get_preauth(struct wire_reader *r, struct smb2_negotiate_req *req)
{
	u16 count = wire_get_u16(r);
	u16 salt_length = wire_get_u16(r);

	once(r, &req->has_preauth);
	get_u16_list(r, count, &req->hash_algorithms);
	wire_skip(r, salt_length);		/* Salt */
}

/* 2.2.3.1.3 SMB2_COMPRESSION_CAPABILITIES: checked, never used */
static void get_compression(struct wire_reader *r,
			    struct smb2_negotiate_req *req)
{
	struct wire_u16_list ignored;
	u16 count = wire_get_u16(r);

	once(r, &req->has_compression);
	wire_skip(r, 2);			/* Padding */
	wire_skip(r, 4);			/* Flags */
	get_u16_list(r, count, &ignored);
}

/* One context's Data; @r is a reader of it alone. */
static void get_context(struct wire_reader *r, u16 type,
			struct smb2_negotiate_req *req)
{
	switch (type) {
	case SMB2_PREAUTH_INTEGRITY_CAPABILITIES:
		get_preauth(r, req);
		break;
	case SMB2_ENCRYPTION_CAPABILITIES:
		once(r, &req->has_encryption);
		get_u16_list(r, wire_get_u16(r), &req->ciphers);
		break;
	case SMB2_COMPRESSION_CAPABILITIES:
		get_compression(r, req);
		break;
	case SMB2_SIGNING_CAPABILITIES:
		once(r, &req->has_signing);
		get_u16_list(r, wire_get_u16(r), &req->signing_algorithms);
		break;
	case SMB2_NETNAME_NEGOTIATE_CONTEXT_ID:
		req->netname = wire_take_span(r, wire_left(r));
		break;
	case SMB2_POSIX_EXTENSIONS_AVAILABLE:
		req->posix = true;
		break;
	default:
		break;				/* 3.3.5.4: ignored */
	}
}

/*
 * 2.2.3.1 SMB2 NEGOTIATE_CONTEXT, @n_contexts of them.  Each is 8-byte aligned;
 * counted from the first one, as there are clients (smbprotocol with two or
 * four dialects) whose first is not.
 */
static void get_contexts(struct wire_reader *r, u32 offset,
			 struct smb2_negotiate_req *req)
{
	struct wire_reader c;
	u16 i;

	if (!req->n_contexts)
		return;
	if (offset < r->pos)
		r->bad = true;
	c = wire_reader_at(r->msg, offset);
	for (i = 0; i < req->n_contexts && !r->bad; i++) {
		struct wire_reader data;
		u16 type, length;

		wire_skip(&c, (offset - c.pos) % 8);
		type = wire_get_u16(&c);
		length = wire_get_u16(&c);
		wire_skip(&c, 4);		/* Reserved */
		data = wire_reader_of(wire_take_span(&c, length));
		get_context(&data, type, req);
		r->bad |= c.bad || data.bad;
	}
}

/* [MS-SMB2] 2.2.3 SMB2 NEGOTIATE Request */
int wire_decode_negotiate(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_negotiate_req *req = &u->negotiate;
	bool smb311 = false;
	u32 context_offset;
	u16 i;

	memset(req, 0, sizeof(*req));
	wire_expect_u16(r, 36);			/* StructureSize */
	req->n_dialects = wire_get_u16(r);
	req->security_mode = wire_get_u16(r);
	wire_skip(r, 2);			/* Reserved */
	req->capabilities = wire_get_u32(r);
	wire_get_bytes(r, req->client_guid, sizeof(req->client_guid));
	context_offset = wire_get_u32(r);
	req->n_contexts = wire_get_u16(r);
	wire_skip(r, 2);			/* Reserved2 */

	if (!req->n_dialects || req->n_dialects > WIRE_MAX_DIALECTS)
		return -EINVAL;
	for (i = 0; i < req->n_dialects; i++) {
		req->dialects[i] = wire_get_u16(r);
		smb311 |= req->dialects[i] == SMB2_DIALECT_0311;
	}

	/* Without 3.1.1 these eight bytes are ClientStartTime. */
	if (smb311)
		get_contexts(r, context_offset, req);
	else
		req->n_contexts = 0;
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.4 SMB2 NEGOTIATE Response */
void wire_encode_negotiate(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_negotiate_rsp *rsp = &u->negotiate;

	wire_put_u16(w, 65);			/* StructureSize */
	wire_put_u16(w, rsp->security_mode);
	wire_put_u16(w, rsp->dialect);
	wire_put_u16(w, rsp->n_contexts);
	wire_put_bytes(w, rsp->server_guid, sizeof(rsp->server_guid));
	wire_put_u32(w, rsp->capabilities);
	wire_put_u32(w, rsp->max_transact_size);
	wire_put_u32(w, rsp->max_read_size);
	wire_put_u32(w, rsp->max_write_size);
	wire_put_u64(w, rsp->system_time);
	wire_put_u64(w, rsp->server_start_time);
	wire_put_u16(w, NEGOTIATE_PAYLOAD_OFFSET); /* SecurityBufferOffset */
	wire_put_u16(w, rsp->security_buffer_length);
	wire_put_u32(w, rsp->context_offset);
}

/* 2.2.4.1: the padding goes before each, so that none follows the last. */
static void put_context_header(struct wire_writer *w, u32 start, u16 type,
			       u16 length, u16 *count)
{
	wire_put_zero(w, -(w->len - start) % 8);
	wire_put_u16(w, type);
	wire_put_u16(w, length);
	wire_put_u32(w, 0);			/* Reserved */
	++*count;
}

/* [MS-SMB2] 2.2.4.1.1: one hash algorithm and a salt */
static void put_preauth(struct wire_writer *w, const u8 *salt, u16 salt_length)
{
	wire_put_u16(w, 1);			/* HashAlgorithmCount */
	wire_put_u16(w, salt_length);
	wire_put_u16(w, SMB2_HASH_SHA512);
	wire_put_bytes(w, salt, salt_length);
}

void wire_put_negotiate_payload(struct wire_writer *w,
				struct smb2_negotiate_rsp *rsp,
				struct wire_span blob,
				const struct smb2_negotiate_contexts *ctx)
{
	/* The tag of the POSIX extensions: what a client compares to. */
	static const u8 posix_guid[16] = {
		0x93, 0xAD, 0x25, 0x50, 0x9C, 0xB4, 0x11, 0xE7,
		0xB4, 0x23, 0x83, 0xDE, 0x96, 0x8B, 0xCD, 0x7C,
	};
	u32 start = w->len;
	u16 n = 0;

	wire_put_bytes(w, blob.data, blob.len);
	rsp->security_buffer_length = blob.len;
	if (ctx && ctx->preauth) {
		put_context_header(w, start, SMB2_PREAUTH_INTEGRITY_CAPABILITIES,
				   6 + sizeof(ctx->salt), &n);
		put_preauth(w, ctx->salt, sizeof(ctx->salt));
	}
	if (ctx && ctx->encryption) {
		put_context_header(w, start, SMB2_ENCRYPTION_CAPABILITIES, 4, &n);
		wire_put_u16(w, 1);		/* CipherCount */
		wire_put_u16(w, ctx->cipher);
	}
	if (ctx && ctx->signing) {
		put_context_header(w, start, SMB2_SIGNING_CAPABILITIES, 4, &n);
		wire_put_u16(w, 1);		/* SigningAlgorithmCount */
		wire_put_u16(w, ctx->signing_algorithm);
	}
	if (ctx && ctx->posix) {
		put_context_header(w, start, SMB2_POSIX_EXTENSIONS_AVAILABLE,
				   sizeof(posix_guid), &n);
		wire_put_bytes(w, posix_guid, sizeof(posix_guid));
	}
	rsp->n_contexts = n;
	rsp->context_offset =
		n ? NEGOTIATE_PAYLOAD_OFFSET + ALIGN(blob.len, 8) : 0;
}

/* Whether a dialect of 2 + NUL-terminated text says @text. */
static bool dialect_is(struct wire_span dialect, const char *text)
{
	return dialect.len == strlen(text) &&
	       !memcmp(dialect.data, text, dialect.len);
}

/* [MS-CIFS] 2.2.4.52.1 SMB_COM_NEGOTIATE Request; [MS-SMB2] 3.3.5.3 */
int wire_decode_smb1_negotiate(struct wire_span frame, struct smb1_negotiate *n)
{
	struct wire_reader r = wire_reader_of(frame);
	struct wire_span strings;
	u32 at = 0;

	memset(n, 0, sizeof(*n));
	if (wire_get_u32(&r) != SMB1_PROTOCOL_ID)
		return -EINVAL;
	if (wire_get_u8(&r) != 0x72)		/* SMB_COM_NEGOTIATE */
		return -EINVAL;
	wire_skip(&r, 27);			/* the rest of the header */
	if (wire_get_u8(&r) != 0)		/* WordCount */
		return -EINVAL;
	strings = wire_take_span(&r, wire_get_u16(&r));

	while (at < strings.len) {
		struct wire_span dialect = { .data = strings.data + at + 1 };
		const u8 *end;

		if (strings.data[at] != 0x02)	/* BufferFormat */
			return -EINVAL;
		end = memchr(dialect.data, 0, strings.len - at - 1);
		if (!end)
			return -EINVAL;
		dialect.len = end - dialect.data;
		n->smb2_002 |= dialect_is(dialect, "SMB 2.002");
		n->smb2_wildcard |= dialect_is(dialect, "SMB 2.???");
		at += dialect.len + 2;
	}
	return wire_reader_status(&r);
}

/* [MS-SMB2] 2.2.31.4 VALIDATE_NEGOTIATE_INFO Request */
int wire_decode_validate_negotiate(struct wire_span in,
				   struct smb2_validate_negotiate_req *req)
{
	struct wire_reader r = wire_reader_of(in);
	u16 i;

	memset(req, 0, sizeof(*req));
	req->capabilities = wire_get_u32(&r);
	wire_get_bytes(&r, req->guid, sizeof(req->guid));
	req->security_mode = wire_get_u16(&r);
	req->n_dialects = wire_get_u16(&r);
	if (req->n_dialects > WIRE_MAX_DIALECTS)
		return -EINVAL;
	for (i = 0; i < req->n_dialects; i++)
		req->dialects[i] = wire_get_u16(&r);
	return wire_reader_status(&r);
}

/* [MS-SMB2] 2.2.32.6 VALIDATE_NEGOTIATE_INFO Response */
void wire_put_validate_negotiate(struct wire_writer *w,
				 const struct smb2_validate_negotiate_rsp *rsp)
{
	wire_put_u32(w, rsp->capabilities);
	wire_put_bytes(w, rsp->guid, sizeof(rsp->guid));
	wire_put_u16(w, rsp->security_mode);
	wire_put_u16(w, rsp->dialect);
}
