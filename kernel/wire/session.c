// SPDX-License-Identifier: GPL-2.0
#include "smb2.h"

/* [MS-SMB2] 2.2.5 SMB2 SESSION_SETUP Request */
int wire_decode_session_setup(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_session_setup_req *req = &u->session_setup;
	u16 blob_offset, blob_length;

	wire_expect_u16(r, 25);			/* StructureSize */
	req->flags = wire_get_u8(r);
	req->security_mode = wire_get_u8(r);
	req->capabilities = wire_get_u32(r);
	wire_skip(r, 4);			/* Channel */
	blob_offset = wire_get_u16(r);
	blob_length = wire_get_u16(r);
	req->previous_session_id = wire_get_u64(r);
	req->blob = wire_get_span(r, blob_offset, blob_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.6 SMB2 SESSION_SETUP Response */
void wire_encode_session_setup(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_session_setup_rsp *rsp = &u->session_setup;

	wire_put_u16(w, 9);			/* StructureSize */
	wire_put_u16(w, rsp->session_flags);
	wire_put_u16(w, 72);			/* SecurityBufferOffset */
	wire_put_u16(w, rsp->security_buffer_length);
}

/*
 * [MS-SMB2] 2.2.9 SMB2 TREE_CONNECT Request.  With the EXTENSION_PRESENT flag
 * contexts surround the path (2.2.9.1), but PathOffset still finds it.
 */
int wire_decode_tree_connect(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_tree_connect_req *req = &u->tree_connect;
	u16 path_offset, path_length;

	wire_expect_u16(r, 9);			/* StructureSize */
	req->flags = wire_get_u16(r);
	path_offset = wire_get_u16(r);
	path_length = wire_get_u16(r);
	req->path = wire_get_span(r, path_offset, path_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.10 SMB2 TREE_CONNECT Response */
void wire_encode_tree_connect(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_tree_connect_rsp *rsp = &u->tree_connect;

	wire_put_u16(w, 16);			/* StructureSize */
	wire_put_u8(w, rsp->share_type);
	wire_put_u8(w, 0);			/* Reserved */
	wire_put_u32(w, rsp->share_flags);
	wire_put_u32(w, rsp->capabilities);
	wire_put_u32(w, rsp->maximal_access);
}
