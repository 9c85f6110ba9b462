// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.33 SMB2 QUERY_DIRECTORY Request */
int wire_decode_query_directory(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_query_directory_req *req = &u->query_directory;
	u16 pattern_offset, pattern_length;

	wire_expect_u16(r, 33);			/* StructureSize */
	req->info_class = wire_get_u8(r);
	req->flags = wire_get_u8(r);
	req->file_index = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	pattern_offset = wire_get_u16(r);
	pattern_length = wire_get_u16(r);
	req->output_buffer_length = wire_get_u32(r);
	req->pattern = wire_get_span(r, pattern_offset, pattern_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.35 SMB2 CHANGE_NOTIFY Request */
int wire_decode_change_notify(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_change_notify_req *req = &u->change_notify;

	wire_expect_u16(r, 32);			/* StructureSize */
	req->flags = wire_get_u16(r);
	req->output_buffer_length = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	req->completion_filter = wire_get_u32(r);
	wire_skip(r, 4);			/* Reserved */
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.34, 2.2.36 and 2.2.38 */
void wire_encode_buffer(struct wire_writer *w, const union smb2_rsp *u)
{
	wire_put_u16(w, 9);			/* StructureSize */
	wire_put_u16(w, 72);			/* OutputBufferOffset */
	wire_put_u32(w, u->buffer.output_buffer_length);
}
