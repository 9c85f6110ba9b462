// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.24.1 Oplock Break Acknowledgment */
static void get_oplock_ack(struct wire_reader *r,
			   struct smb2_oplock_break_req *req)
{
	req->oplock_level = wire_get_u8(r);
	wire_skip(r, 1);			/* Reserved */
	wire_skip(r, 4);			/* Reserved2 */
	req->file_id = wire_get_file_id(r);
}

/* [MS-SMB2] 2.2.24.2 Lease Break Acknowledgment */
static void get_lease_ack(struct wire_reader *r,
			  struct smb2_oplock_break_req *req)
{
	wire_skip(r, 2);			/* Reserved */
	req->lease_flags = wire_get_u32(r);
	wire_get_bytes(r, req->lease_key, sizeof(req->lease_key));
	req->lease_state = wire_get_u32(r);
	wire_skip(r, 8);			/* LeaseDuration */
}

/* Both come as OPLOCK_BREAK; StructureSize tells them apart. */
int wire_decode_oplock_break(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_oplock_break_req *req = &u->oplock_break;

	memset(req, 0, sizeof(*req));
	switch (wire_get_u16(r)) {		/* StructureSize */
	case 24:
		get_oplock_ack(r, req);
		break;
	case 36:
		req->lease = true;
		get_lease_ack(r, req);
		break;
	default:
		return -EINVAL;
	}
	return wire_reader_status(r);
}

static void put_oplock(struct wire_writer *w, u8 level, struct smb2_file_id id)
{
	wire_put_u16(w, 24);			/* StructureSize */
	wire_put_u8(w, level);
	wire_put_u8(w, 0);			/* Reserved */
	wire_put_u32(w, 0);			/* Reserved2 */
	wire_put_file_id(w, id);
}

/* [MS-SMB2] 2.2.25 Oplock Break Response, Lease Break Response */
void wire_encode_oplock_break(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_oplock_break_req *rsp = &u->oplock_break;

	if (!rsp->lease) {
		put_oplock(w, rsp->oplock_level, rsp->file_id);
		return;
	}
	wire_put_u16(w, 36);			/* StructureSize */
	wire_put_u16(w, 0);			/* Reserved */
	wire_put_u32(w, rsp->lease_flags);
	wire_put_bytes(w, rsp->lease_key, sizeof(rsp->lease_key));
	wire_put_u32(w, rsp->lease_state);
	wire_put_u64(w, 0);			/* LeaseDuration */
}

/* [MS-SMB2] 2.2.23 Oplock Break Notification, Lease Break Notification */
void wire_put_break(struct wire_writer *w, const struct smb2_break *b)
{
	if (!b->lease) {
		put_oplock(w, b->oplock_level, b->file_id);
		return;
	}
	wire_put_u16(w, 44);			/* StructureSize */
	wire_put_u16(w, b->new_epoch);
	wire_put_u32(w, b->flags);
	wire_put_bytes(w, b->lease_key, sizeof(b->lease_key));
	wire_put_u32(w, b->current_state);
	wire_put_u32(w, b->new_state);
	wire_put_u32(w, 0);			/* BreakReason */
	wire_put_u32(w, 0);			/* AccessMaskHint */
	wire_put_u32(w, 0);			/* ShareMaskHint */
}
