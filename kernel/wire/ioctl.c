// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.31 SMB2 IOCTL Request */
int wire_decode_ioctl(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_ioctl_req *req = &u->ioctl;
	u32 input_offset, input_count, output_offset, output_count;

	wire_expect_u16(r, 57);			/* StructureSize */
	wire_skip(r, 2);			/* Reserved */
	req->ctl_code = wire_get_u32(r);
	req->file_id = wire_get_file_id(r);
	input_offset = wire_get_u32(r);
	input_count = wire_get_u32(r);
	req->max_input_response = wire_get_u32(r);
	output_offset = wire_get_u32(r);
	output_count = wire_get_u32(r);
	req->max_output_response = wire_get_u32(r);
	req->flags = wire_get_u32(r);
	wire_skip(r, 4);			/* Reserved2 */
	req->input = wire_get_span(r, input_offset, input_count);
	wire_get_span(r, output_offset, output_count);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.32 SMB2 IOCTL Response; no input is ever given back */
void wire_encode_ioctl(struct wire_writer *w, const union smb2_rsp *u)
{
	const struct smb2_ioctl_rsp *rsp = &u->ioctl;

	wire_put_u16(w, 49);			/* StructureSize */
	wire_put_u16(w, 0);			/* Reserved */
	wire_put_u32(w, rsp->ctl_code);
	wire_put_file_id(w, rsp->file_id);
	wire_put_u32(w, 112);			/* InputOffset */
	wire_put_u32(w, 0);			/* InputCount */
	wire_put_u32(w, 112);			/* OutputOffset */
	wire_put_u32(w, rsp->output_count);
	wire_put_u32(w, 0);			/* Flags */
	wire_put_u32(w, 0);			/* Reserved2 */
}
