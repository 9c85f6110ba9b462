// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/*
 * Create contexts, [MS-SMB2] 2.2.13.2.  A chain: each element says where the
 * next begins, counted from its own start; its name and data have to lie
 * between.  Next has to advance and the number is bounded, so a walk ends.
 */
#define CONTEXT_HEADER_SIZE	16
#define MAX_CONTEXTS		64

/* name, and the DataLength it may have */
struct context_tag {
	u32 flag;
	u8 name_len;
	u8 name[16];
	u32 min_len, max_len;
};

#define ANY_LENGTH	0xFFFFFFFFu

static const struct context_tag context_tags[] = {
	{ CREATE_CTX_EXTA, 4, "ExtA", 0, ANY_LENGTH },
	{ CREATE_CTX_SECD, 4, "SecD", 0, ANY_LENGTH },
	{ CREATE_CTX_DHNQ, 4, "DHnQ", 16, 16 },
	{ CREATE_CTX_DHNC, 4, "DHnC", 16, 16 },
	{ CREATE_CTX_ALSI, 4, "AlSi", 8, 8 },
	{ CREATE_CTX_MXAC, 4, "MxAc", 0, 8 },
	{ CREATE_CTX_TWRP, 4, "TWrp", 8, 8 },
	{ CREATE_CTX_QFID, 4, "QFid", 0, ANY_LENGTH },
	{ CREATE_CTX_RQLS, 4, "RqLs", 32, 52 },
	{ CREATE_CTX_DH2Q, 4, "DH2Q", 32, 32 },
	{ CREATE_CTX_DH2C, 4, "DH2C", 36, 36 },
	{ CREATE_CTX_AAPL, 4, "AAPL", 0, ANY_LENGTH },
	{ CREATE_CTX_POSIX, 16,
	  { 0x93, 0xAD, 0x25, 0x50, 0x9C, 0xB4, 0x11, 0xE7,
	    0xB4, 0x23, 0x83, 0xDE, 0x96, 0x8B, 0xCD, 0x7C }, 4, 4 },
	{ CREATE_CTX_APP_INSTANCE_ID, 16,
	  { 0x45, 0xBC, 0xA6, 0x6A, 0xEF, 0xA7, 0xF7, 0x4A,
	    0x90, 0x08, 0xFA, 0x46, 0x2E, 0x14, 0x4D, 0x74 }, 20, 20 },
	{ CREATE_CTX_APP_INSTANCE_VERSION, 16,
	  { 0xB9, 0x82, 0xD0, 0xB7, 0x3B, 0x56, 0x07, 0x4F,
	    0xA0, 0x7B, 0x52, 0x4A, 0x81, 0x16, 0xA0, 0x10 }, 24, 24 },
};

static const struct context_tag *find_tag(struct wire_span name)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(context_tags); i++) {
		const struct context_tag *tag = &context_tags[i];

		if (name.len == tag->name_len &&
		    !memcmp(name.data, tag->name, name.len))
			return tag;
	}
	return NULL;
}

static bool length_fits(const struct context_tag *tag, u32 len)
{
	if (len < tag->min_len || len > tag->max_len)
		return false;
	switch (tag->flag) {
	case CREATE_CTX_MXAC:			/* 2.2.13.2.5: with a Timestamp or not */
	case CREATE_CTX_RQLS:			/* 2.2.13.2.8 and .10: version 1 or 2 */
		return len == tag->min_len || len == tag->max_len;
	default:
		return true;
	}
}

/* 2.2.13.2.8 and 2.2.13.2.10; the length is one of the two */
static void get_lease(struct wire_span data, struct smb2_lease *lease)
{
	struct wire_reader r = wire_reader_of(data);

	lease->version = data.len > 32 ? 2 : 1;
	wire_get_bytes(&r, lease->key, sizeof(lease->key));
	lease->state = wire_get_u32(&r);
	lease->flags = wire_get_u32(&r);
	wire_skip(&r, 8);			/* LeaseDuration */
	if (lease->version == 1)
		return;
	wire_get_bytes(&r, lease->parent_key, sizeof(lease->parent_key));
	lease->epoch = wire_get_u16(&r);
}

void wire_get_durable(const struct smb2_create_req *req, u32 context,
		      struct smb2_durable *d)
{
	struct wire_reader r = wire_reader_of(req->durable);
	u32 flags = 0;

	memset(d, 0, sizeof(*d));
	d->version = context & (CREATE_CTX_DHNQ | CREATE_CTX_DHNC) ? 1 : 2;
	d->reconnect = context & (CREATE_CTX_DHNC | CREATE_CTX_DH2C);
	if (d->reconnect)
		d->file_id = wire_get_file_id(&r);
	if (context & CREATE_CTX_DH2C) {
		wire_get_bytes(&r, d->create_guid, sizeof(d->create_guid));
		flags = wire_get_u32(&r);
	}
	if (context & CREATE_CTX_DH2Q) {
		d->timeout = wire_get_u32(&r);
		flags = wire_get_u32(&r);
		wire_skip(&r, 8);		/* Reserved */
		wire_get_bytes(&r, d->create_guid, sizeof(d->create_guid));
	}
	d->persistent = flags & SMB2_DHANDLE_FLAG_PERSISTENT;
}

static void keep_context(struct smb2_create_req *req, u32 flag,
			 struct wire_span data)
{
	switch (flag) {
	case CREATE_CTX_EXTA:
		req->extended_attributes = data;
		break;
	case CREATE_CTX_SECD:
		req->security_descriptor = data;
		break;
	case CREATE_CTX_ALSI:
		req->allocation_size = get_unaligned_le64(data.data);
		break;
	case CREATE_CTX_TWRP:
		req->twrp = get_unaligned_le64(data.data);
		break;
	case CREATE_CTX_RQLS:
		get_lease(data, &req->lease);
		break;
	case CREATE_CTX_DHNQ:
	case CREATE_CTX_DH2Q:
		/* 3.3.5.9.6: beside a reconnect the request is ignored. */
		if (!(req->contexts & (CREATE_CTX_DHNC | CREATE_CTX_DH2C)))
			req->durable = data;
		break;
	case CREATE_CTX_DHNC:
	case CREATE_CTX_DH2C:
		req->durable = data;
		break;
	case CREATE_CTX_AAPL:
		wire_get_aapl(data, &req->aapl);
		break;
	case CREATE_CTX_APP_INSTANCE_ID:
		memcpy(req->app.id, data.data + 4, sizeof(req->app.id));
		break;
	case CREATE_CTX_APP_INSTANCE_VERSION:
		req->app.has_version = true;
		req->app.high = get_unaligned_le64(data.data + 8);
		req->app.low = get_unaligned_le64(data.data + 16);
		break;
	case CREATE_CTX_POSIX:
		req->posix_mode = get_unaligned_le32(data.data);
		break;
	default:
		break;				/* that it was there is all it says */
	}
}

/* One SMB2_CREATE_CONTEXT; @ctx reaches to the next one or to the end. */
static void get_context(struct wire_reader *ctx, struct smb2_create_req *req)
{
	u16 name_offset, name_length, data_offset;
	const struct context_tag *tag;
	struct wire_span name, data;
	u32 data_length;

	wire_skip(ctx, 4);			/* Next */
	name_offset = wire_get_u16(ctx);
	name_length = wire_get_u16(ctx);
	wire_skip(ctx, 2);			/* Reserved */
	data_offset = wire_get_u16(ctx);
	data_length = wire_get_u32(ctx);
	name = wire_get_span(ctx, name_offset, name_length);
	data = wire_get_span(ctx, data_offset, data_length);
	if (name_length < 4)
		ctx->bad = true;
	if (ctx->bad)
		return;

	tag = find_tag(name);
	if (!tag)
		return;				/* 3.3.5.9: ignored */
	if ((req->contexts & tag->flag) || !length_fits(tag, data.len)) {
		ctx->bad = true;
		return;
	}
	keep_context(req, tag->flag, data);
	req->contexts |= tag->flag;
}

static void get_contexts(struct wire_reader *r, struct wire_span list,
			 struct smb2_create_req *req)
{
	u32 n;

	for (n = 0; list.len && !r->bad; n++) {
		struct wire_reader ctx = wire_reader_of(list);
		u32 next = wire_get_u32(&ctx);

		if (next && (next < CONTEXT_HEADER_SIZE || next % 8 ||
			     next >= list.len || n == MAX_CONTEXTS - 1)) {
			r->bad = true;
			return;
		}
		ctx = wire_reader_of(list);
		if (next)
			ctx.msg.len = next;
		get_context(&ctx, req);
		r->bad |= ctx.bad;
		if (!next)
			return;
		list.data += next;
		list.len -= next;
	}
}

/* [MS-SMB2] 2.2.13 SMB2 CREATE Request */
int wire_decode_create(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_create_req *req = &u->create;
	u32 contexts_offset, contexts_length;
	u16 name_offset, name_length;

	memset(req, 0, sizeof(*req));
	wire_expect_u16(r, 57);			/* StructureSize */
	wire_skip(r, 1);			/* SecurityFlags */
	req->oplock_level = wire_get_u8(r);
	req->impersonation_level = wire_get_u32(r);
	wire_skip(r, 8);			/* SmbCreateFlags */
	wire_skip(r, 8);			/* Reserved */
	req->desired_access = wire_get_u32(r);
	req->file_attributes = wire_get_u32(r);
	req->share_access = wire_get_u32(r);
	req->disposition = wire_get_u32(r);
	req->options = wire_get_u32(r);
	name_offset = wire_get_u16(r);
	name_length = wire_get_u16(r);
	contexts_offset = wire_get_u32(r);
	contexts_length = wire_get_u32(r);
	req->name = wire_get_span(r, name_offset, name_length);
	get_contexts(r, wire_get_span(r, contexts_offset, contexts_length), req);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.14 SMB2 CREATE Response */
void wire_encode_create(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_create_rsp *rsp = &u->create;

	wire_put_u16(w, 89);			/* StructureSize */
	wire_put_u8(w, rsp->oplock_level);
	wire_put_u8(w, 0);			/* Flags */
	wire_put_u32(w, rsp->create_action);
	wire_put_u64(w, rsp->creation_time);
	wire_put_u64(w, rsp->last_access_time);
	wire_put_u64(w, rsp->last_write_time);
	wire_put_u64(w, rsp->change_time);
	wire_put_u64(w, rsp->allocation_size);
	wire_put_u64(w, rsp->end_of_file);
	wire_put_u32(w, rsp->file_attributes);
	wire_put_u32(w, 0);			/* Reserved2 */
	wire_put_file_id(w, rsp->file_id);
	wire_put_u32(w, rsp->contexts_length ? 152 : 0); /* CreateContextsOffset */
	wire_put_u32(w, rsp->contexts_length);
}

/* Header and 4-byte name; @prev is where the element before began. */
static u32 put_context_header(struct wire_writer *w, u32 prev,
			      const char *name, u32 data_length)
{
	u32 at;

	wire_pad(w, 8);
	at = w->len;
	if (prev != (u32)-1)
		wire_patch_u32(w, prev, at - prev);
	wire_put_u32(w, 0);			/* Next */
	wire_put_u16(w, CONTEXT_HEADER_SIZE);	/* NameOffset */
	wire_put_u16(w, 4);			/* NameLength */
	wire_put_u16(w, 0);			/* Reserved */
	wire_put_u16(w, 24);			/* DataOffset */
	wire_put_u32(w, data_length);
	wire_put_bytes(w, name, 4);
	wire_put_u32(w, 0);			/* up to DataOffset */
	return at;
}

/* 2.2.14.2.10 and .11: as it was asked for */
static void put_lease(struct wire_writer *w, const struct smb2_lease *lease)
{
	wire_put_bytes(w, lease->key, sizeof(lease->key));
	wire_put_u32(w, lease->state);
	wire_put_u32(w, lease->flags);
	wire_put_u64(w, 0);			/* LeaseDuration */
	if (lease->version == 1)
		return;
	wire_put_bytes(w, lease->parent_key, sizeof(lease->parent_key));
	wire_put_u16(w, lease->epoch);
	wire_put_u16(w, 0);			/* Reserved */
}

/*
 * 2.2.14.2.  AlSi and the others have no answer of their own: what they asked
 * for is in the fixed part.
 */
void wire_put_create_contexts(struct wire_writer *w,
			      const struct smb2_create_contexts *ctx)
{
	u32 prev = -1;

	if (ctx->contexts & CREATE_CTX_MXAC) {
		prev = put_context_header(w, prev, "MxAc", 8);
		wire_put_u32(w, ctx->maximal_access_status);
		wire_put_u32(w, ctx->maximal_access);
	}
	if (ctx->contexts & CREATE_CTX_QFID) {
		prev = put_context_header(w, prev, "QFid", 32);
		wire_put_u64(w, ctx->disk_file_id);
		wire_put_u64(w, ctx->volume_id);
		wire_put_zero(w, 16);		/* Reserved */
	}
	if (ctx->contexts & CREATE_CTX_RQLS) {
		prev = put_context_header(w, prev, "RqLs",
					  ctx->lease.version == 1 ? 32 : 52);
		put_lease(w, &ctx->lease);
	}
	if (ctx->contexts & CREATE_CTX_DHNQ) {	/* 2.2.14.2.3 */
		prev = put_context_header(w, prev, "DHnQ", 8);
		wire_put_zero(w, 8);		/* Reserved */
	}
	if (ctx->contexts & CREATE_CTX_DH2Q) {	/* 2.2.14.2.12 */
		prev = put_context_header(w, prev, "DH2Q", 8);
		wire_put_u32(w, ctx->durable_timeout);
		wire_put_u32(w, 0);		/* Flags */
	}
	if (ctx->contexts & CREATE_CTX_AAPL) {
		prev = put_context_header(w, prev, "AAPL",
					  wire_aapl_size(&ctx->aapl));
		wire_put_aapl(w, &ctx->aapl);
	}
}
