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
