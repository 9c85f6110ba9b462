// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

#define LOCK_ELEMENT_SIZE 24

/* [MS-SMB2] 2.2.26 SMB2 LOCK Request; StructureSize counts one element */
int wire_decode_lock(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_lock_req *req = &u->lock;

	wire_expect_u16(r, 48);			/* StructureSize */
	req->lock_count = wire_get_u16(r);
	req->lock_sequence = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	req->locks = wire_take_span(r, req->lock_count * LOCK_ELEMENT_SIZE);
	if (!req->lock_count)
		return -EINVAL;
	return wire_reader_status(r);
}

/* 2.2.26.1 SMB2_LOCK_ELEMENT */
struct smb2_lock_element wire_lock_element(const struct smb2_lock_req *req,
					   u16 i)
{
	struct wire_reader r =
		wire_reader_at(req->locks, (u32)i * LOCK_ELEMENT_SIZE);
	struct smb2_lock_element e;

	e.offset = wire_get_u64(&r);
	e.length = wire_get_u64(&r);
	e.flags = wire_get_u32(&r);
	return e;
}
