// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.15 SMB2 CLOSE Request */
int wire_decode_close(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_close_req *req = &u->close;

	wire_expect_u16(r, 24);			/* StructureSize */
	req->flags = wire_get_u16(r);
	wire_skip(r, 4);			/* Reserved */
	req->file_id = wire_get_file_id(r);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.16 SMB2 CLOSE Response */
void wire_encode_close(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_close_rsp *rsp = &u->close;

	wire_put_u16(w, 60);			/* StructureSize */
	wire_put_u16(w, rsp->flags);
	wire_put_u32(w, 0);			/* Reserved */
	wire_put_u64(w, rsp->creation_time);
	wire_put_u64(w, rsp->last_access_time);
	wire_put_u64(w, rsp->last_write_time);
	wire_put_u64(w, rsp->change_time);
	wire_put_u64(w, rsp->allocation_size);
	wire_put_u64(w, rsp->end_of_file);
	wire_put_u32(w, rsp->file_attributes);
}

/* [MS-SMB2] 2.2.17 SMB2 FLUSH Request */
int wire_decode_flush(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_flush_req *req = &u->flush;

	wire_expect_u16(r, 24);			/* StructureSize */
	wire_skip(r, 2);			/* Reserved1 */
	wire_skip(r, 4);			/* Reserved2 */
	req->file_id = wire_get_file_id(r);
	return wire_reader_status(r);
}
