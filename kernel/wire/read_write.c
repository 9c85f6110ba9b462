// SPDX-License-Identifier: GPL-2.0
#include "file_id.h"

/* [MS-SMB2] 2.2.19 SMB2 READ Request */
int wire_decode_read(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_read_req *req = &u->read;
	u16 channel_offset, channel_length;

	wire_expect_u16(r, 49);			/* StructureSize */
	wire_skip(r, 1);			/* Padding */
	req->flags = wire_get_u8(r);
	req->length = wire_get_u32(r);
	req->offset = wire_get_u64(r);
	req->file_id = wire_get_file_id(r);
	req->minimum_count = wire_get_u32(r);
	req->channel = wire_get_u32(r);
	req->remaining_bytes = wire_get_u32(r);
	channel_offset = wire_get_u16(r);
	channel_length = wire_get_u16(r);
	wire_get_span(r, channel_offset, channel_length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.20 SMB2 READ Response */
void wire_encode_read(struct wire_writer *w, const union smb2_rsp *u)
{
	wire_put_u16(w, 17);			/* StructureSize */
	wire_put_u8(w, 80);			/* DataOffset */
	wire_put_u8(w, 0);			/* Reserved */
	wire_put_u32(w, u->read.data_length);
	wire_put_u32(w, 0);			/* DataRemaining */
	wire_put_u32(w, 0);			/* Reserved2 */
}

/* [MS-SMB2] 2.2.21 SMB2 WRITE Request */
int wire_decode_write(struct wire_reader *r, union smb2_req *u)
{
	struct smb2_write_req *req = &u->write;
	u16 data_offset, channel_offset, channel_length;

	wire_expect_u16(r, 49);			/* StructureSize */
	data_offset = wire_get_u16(r);
	req->length = wire_get_u32(r);
	req->offset = wire_get_u64(r);
	req->file_id = wire_get_file_id(r);
	req->channel = wire_get_u32(r);
	wire_skip(r, 4);			/* RemainingBytes */
	channel_offset = wire_get_u16(r);
	channel_length = wire_get_u16(r);
	req->flags = wire_get_u32(r);
	wire_get_span(r, channel_offset, channel_length);
	req->data = wire_get_extent(r, data_offset, req->length);
	return wire_reader_status(r);
}

/* [MS-SMB2] 2.2.22 SMB2 WRITE Response */
void wire_encode_write(struct wire_writer *w, const union smb2_rsp *u)
{
	wire_put_u16(w, 17);			/* StructureSize */
	wire_put_u16(w, 0);			/* Reserved */
	wire_put_u32(w, u->write.count);
	wire_put_u32(w, 0);			/* Remaining */
	wire_put_u16(w, 0);			/* WriteChannelInfoOffset */
	wire_put_u16(w, 0);			/* WriteChannelInfoLength */
}
