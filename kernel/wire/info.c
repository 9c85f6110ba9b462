// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.37 SMB2 QUERY_INFO Request */
int wire_decode_query_info(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_query_info_req *req = &u->query_info;
	u16 input_offset;
	u32 input_length;

	wire_expect_u16(r, 41);			/* StructureSize */
	req->info_type = wire_get_u8(r);
	req->info_class = wire_get_u8(r);
	req->output_buffer_length = wire_get_u32(r);
	input_offset = wire_get_u16(r);
	wire_skip(r, 2);			/* Reserved */
	input_length = wire_get_u32(r);
	req->additional_information = wire_get_u32(r);
	req->flags = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	req->input = wire_get_span(r, input_offset, input_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.39 SMB2 SET_INFO Request */
int wire_decode_set_info(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_set_info_req *req = &u->set_info;
	u32 buffer_length;
	u16 buffer_offset;

	wire_expect_u16(r, 33);			/* StructureSize */
	req->info_type = wire_get_u8(r);
	req->info_class = wire_get_u8(r);
	buffer_length = wire_get_u32(r);
	buffer_offset = wire_get_u16(r);
	wire_skip(r, 2);			/* Reserved */
	req->additional_information = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	req->buffer = wire_get_span(r, buffer_offset, buffer_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.40 SMB2 SET_INFO Response */
void wire_encode_set_info(struct wire_writer *w, const union smb2_rsp *u)
{
	wire_put_u16(w, 2);			/* StructureSize */
}
