// SPDX-License-Identifier: GPL-2.0
/* The header both ways, and the fixed part of every response. */
#include "test.h"

static const u8 sync_header[64] = {
	0xFE, 'S', 'M', 'B', 64, 0, 3, 0, 0x16, 0, 0, 0xC0, 1, 0, 9, 0,
	1, 0, 0, 0, 0x80, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1,
	0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 1, 2, 3, 4, 5, 6, 7, 8,
	's', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '.', '.', '.',
	'1', '2', '3', '4',
};

static int header(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct smb2_header h;

	return wire_decode_header(&r, &h);
}

void test_header(void)
{
	struct wire_reader r = wire_reader_of(span_of(sync_header, 64));
	struct smb2_header h;
	struct msg m;

	CHECK(wire_decode_header(&r, &h) == 0 && r.pos == 64);
	CHECK(h.credit_charge == 3 && h.status == 0xC0000016);
	CHECK(h.command == SMB2_SESSION_SETUP && h.credits == 9);
	CHECK(h.flags == SMB2_FLAGS_SERVER_TO_REDIR);
	CHECK(h.next_command == 0x80 && h.message_id == 0x0102030405060708);
	CHECK(h.tree_id == 0x11223344 && h.async_id == 0);
	CHECK(h.session_id == 0x0807060504030201);
	CHECK(!memcmp(h.signature, "signature...1234", 16));
	every_prefix("header", sync_header, 64, 64, header);
	every_byte_bent(sync_header, 64, header);

	msg_init(&m);
	wire_encode_header(&m.w, &h);
	CHECK(span_is(msg_span(&m), sync_header, 64));

	h.flags |= SMB2_FLAGS_ASYNC_COMMAND;
	h.async_id = 0x1122334455667788;
	msg_init(&m);
	wire_encode_header(&m.w, &h);
	CHECK(get_unaligned_le64(m.bytes + 32) == 0x1122334455667788);
	r = wire_reader_of(msg_span(&m));
	CHECK(wire_decode_header(&r, &h) == 0);
	CHECK(h.async_id == 0x1122334455667788 && h.tree_id == 0);

	m.bytes[0] = 0xFF;
	CHECK(header(msg_span(&m)) == -EINVAL);
	m.bytes[0] = 0xFE;
	m.bytes[4] = 63;
	CHECK(header(msg_span(&m)) == -EINVAL);
}

void test_gmac_nonce(void)
{
	u8 bytes[64], nonce[12];

	memcpy(bytes, sync_header, 64);
	wire_gmac_nonce(bytes, nonce);
	CHECK(!memcmp(nonce, "\x08\x07\x06\x05\x04\x03\x02\x01\x01\0\0\0", 12));
	bytes[16] = SMB2_FLAGS_SIGNED;
	wire_gmac_nonce(bytes, nonce);
	CHECK(!memcmp(nonce, "\x08\x07\x06\x05\x04\x03\x02\x01\0\0\0\0", 12));
	bytes[12] = SMB2_CANCEL;
	wire_gmac_nonce(bytes, nonce);
	CHECK(!memcmp(nonce, "\x08\x07\x06\x05\x04\x03\x02\x01\x02\0\0\0", 12));
	bytes[13] = 1;			/* Command has two bytes */
	wire_gmac_nonce(bytes, nonce);
	CHECK(nonce[8] == 0);
}

static int transform(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct smb2_transform t;

	return wire_decode_transform(&r, &t);
}

void test_transform(void)
{
	struct smb2_transform t = {
		.signature = "signature...123", .nonce = "nonce.......123",
		.original_message_size = 64, .session_id = 0x0102030405060708,
	}, back;
	struct wire_reader r;
	struct msg m;

	msg_init(&m);
	wire_encode_transform(&m.w, &t);
	CHECK(m.w.len == SMB2_TRANSFORM_SIZE);
	CHECK(!memcmp(m.bytes + SMB2_TRANSFORM_SIGNATURE_OFFSET, t.signature, 16));
	CHECK(!memcmp(m.bytes + SMB2_TRANSFORM_AAD_OFFSET, t.nonce, 16));
	wire_put_zero(&m.w, 64);
	every_prefix("transform", m.bytes, m.w.len, m.w.len, transform);
	every_byte_bent(m.bytes, m.w.len, transform);

	r = wire_reader_of(msg_span(&m));
	CHECK(wire_decode_transform(&r, &back) == 0 && r.pos == 52);
	CHECK(!memcmp(back.signature, t.signature, 16));
	CHECK(!memcmp(back.nonce, t.nonce, 16));
	CHECK(back.original_message_size == 64);
	CHECK(back.session_id == 0x0102030405060708);

	/* what it says may be elsewhere, all but as much as has to be */
	r = wire_reader_of(span_of(m.bytes, m.w.len - 10));
	CHECK(wire_decode_transform(&r, &back) == -EINVAL);
	r = wire_reader_of(span_of(m.bytes, m.w.len - 10));
	r.beyond = 10;
	CHECK(wire_decode_transform(&r, &back) == 0);
	r = wire_reader_of(span_of(m.bytes, m.w.len - 10));
	r.beyond = 11;
	CHECK(wire_decode_transform(&r, &back) == -EINVAL);

	wire_put_u8(&m.w, 0);		/* more behind it than it says */
	CHECK(transform(msg_span(&m)) == -EINVAL);
	m.w.len = SMB2_TRANSFORM_SIZE + 63;
	m.bytes[36] = 63;		/* no room for a header */
	CHECK(transform(msg_span(&m)) == -EINVAL);
	m.w.len++;
	m.bytes[36] = 64;
	CHECK(transform(msg_span(&m)) == 0);
	m.bytes[42] = 2;		/* Flags */
	CHECK(transform(msg_span(&m)) == -EINVAL);
	m.bytes[42] = 1;
	m.bytes[0] = 0xFE;
	CHECK(transform(msg_span(&m)) == -EINVAL);
}

static struct msg m;

/* Encodes with every capacity up to the need: full exactly when it is short. */
static void encode(void (*fn)(struct wire_writer *, const union smb2_rsp *),
		   const union smb2_rsp *rsp, u32 size)
{
	u32 cap;

	for (cap = 0; cap <= size; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);

		fn(&w, rsp);
		CHECK(w.full == (cap < size) && w.len <= cap);
		free(exact);
	}
	msg_init(&m);
	fn(&m.w, rsp);
	CHECK(m.w.len == size && !m.w.full && size <= WIRE_MAX_FIXED);
}

static u16 at16(u32 pos)
{
	return get_unaligned_le16(m.bytes + pos);
}

static u32 at32(u32 pos)
{
	return get_unaligned_le32(m.bytes + pos);
}

static u64 at64(u32 pos)
{
	return get_unaligned_le64(m.bytes + pos);
}

static void test_create_close_rsp(void)
{
	union smb2_rsp rsp = { .create = {
		.oplock_level = 9, .create_action = FILE_CREATED,
		.creation_time = 1, .last_access_time = 2,
		.last_write_time = 3, .change_time = 4,
		.allocation_size = 5, .end_of_file = 6,
		.file_attributes = 0x20, .file_id = { 7, 8 },
		.contexts_length = 40,
	} };

	encode(wire_encode_create, &rsp, 88);
	CHECK(at16(0) == 89 && m.bytes[2] == 9 && at32(4) == FILE_CREATED);
	CHECK(at64(8) == 1 && at64(16) == 2 && at64(24) == 3 && at64(32) == 4);
	CHECK(at64(40) == 5 && at64(48) == 6 && at32(56) == 0x20);
	CHECK(at64(64) == 7 && at64(72) == 8);
	CHECK(at32(80) == 152 && at32(84) == 40);
	rsp.create.contexts_length = 0;
	encode(wire_encode_create, &rsp, 88);
	CHECK(at32(80) == 0);

	rsp.close = (struct smb2_close_rsp){
		.flags = 1, .creation_time = 1, .last_access_time = 2,
		.last_write_time = 3, .change_time = 4,
		.allocation_size = 5, .end_of_file = 6,
		.file_attributes = 0x20,
	};
	encode(wire_encode_close, &rsp, 60);
	CHECK(at16(0) == 60 && at16(2) == 1);
	CHECK(at64(8) == 1 && at64(16) == 2 && at64(24) == 3 && at64(32) == 4);
	CHECK(at64(40) == 5 && at64(48) == 6 && at32(56) == 0x20);
}

static void test_small_rsp(void)
{
	union smb2_rsp rsp;

	rsp.session_setup = (struct smb2_session_setup_rsp){ 4, 300 };
	encode(wire_encode_session_setup, &rsp, 8);
	CHECK(at16(0) == 9 && at16(2) == 4 && at16(4) == 72 && at16(6) == 300);

	rsp.tree_connect = (struct smb2_tree_connect_rsp){ 1, 2, 3, 4 };
	encode(wire_encode_tree_connect, &rsp, 16);
	CHECK(at16(0) == 16 && m.bytes[2] == 1 && m.bytes[3] == 0);
	CHECK(at32(4) == 2 && at32(8) == 3 && at32(12) == 4);

	rsp.read.data_length = 0x12345;
	encode(wire_encode_read, &rsp, 16);
	CHECK(at16(0) == 17 && m.bytes[2] == 80 && at32(4) == 0x12345);
	CHECK(at64(8) == 0);

	rsp.write.count = 0x12345;
	encode(wire_encode_write, &rsp, 16);
	CHECK(at16(0) == 17 && at32(4) == 0x12345 && at64(8) == 0);

	rsp.ioctl = (struct smb2_ioctl_rsp){ 0x11C017, { 5, 6 }, 77 };
	encode(wire_encode_ioctl, &rsp, 48);
	CHECK(at16(0) == 49 && at32(4) == 0x11C017);
	CHECK(at64(8) == 5 && at64(16) == 6);
	CHECK(at32(24) == 112 && at32(28) == 0);
	CHECK(at32(32) == 112 && at32(36) == 77 && at64(40) == 0);

	rsp.buffer.output_buffer_length = 99;
	encode(wire_encode_buffer, &rsp, 8);
	CHECK(at16(0) == 9 && at16(2) == 72 && at32(4) == 99);

	encode(wire_encode_empty, &rsp, 4);
	CHECK(at32(0) == 4);
	encode(wire_encode_set_info, &rsp, 2);
	CHECK(at16(0) == 2);

	msg_init(&m);
	wire_encode_error(&m.w);
	CHECK(span_is(msg_span(&m), "\x09\0\0\0\0\0\0\0\0", 9));
	msg_init(&m);
	wire_encode_error_u32(&m.w, 0x11223344);
	CHECK(span_is(msg_span(&m), "\x09\0\0\0\x04\0\0\0\x44\x33\x22\x11", 12));
}

void test_responses(void)
{
	test_create_close_rsp();
	test_small_rsp();
}
