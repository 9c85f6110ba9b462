// SPDX-License-Identifier: GPL-2.0
/* Requests that are a fixed part and at most a span or two. */
#include "test.h"

#define H SMB2_HEADER_SIZE

static union smb2_req req;

/* A decode_fn for a wire_decode_*: the body begins behind an SMB2 header. */
#define BODY_DECODER(name)						\
static int name(struct wire_span in)					\
{									\
	struct wire_reader r = wire_reader_at(in, H);			\
									\
	return wire_decode_##name(&r, &req);				\
}
BODY_DECODER(session_setup)
BODY_DECODER(logoff)
BODY_DECODER(tree_connect)
BODY_DECODER(tree_disconnect)
BODY_DECODER(close)
BODY_DECODER(flush)
BODY_DECODER(read)
BODY_DECODER(write)
BODY_DECODER(lock)
BODY_DECODER(ioctl)
BODY_DECODER(cancel)
BODY_DECODER(echo)
BODY_DECODER(query_directory)
BODY_DECODER(change_notify)
BODY_DECODER(query_info)
BODY_DECODER(set_info)
BODY_DECODER(oplock_break)

static struct msg m;

static void begin(u16 structure_size)
{
	msg_init(&m);
	wire_put_zero(&m.w, H);
	wire_put_u16(&m.w, structure_size);
}

static void put_file_id(void)
{
	wire_put_u64(&m.w, 0x1111);
	wire_put_u64(&m.w, 0x2222);
}

static bool file_id_is(struct smb2_file_id id)
{
	return id.persistent == 0x1111 && id.volatile_id == 0x2222;
}

/* The good message, its prefixes, its bent forms, a wrong StructureSize. */
static void run(const char *what, u32 needed, decode_fn decode)
{
	CHECK(decode(msg_span(&m)) == 0);
	every_prefix(what, m.bytes, m.w.len, needed, decode);
	every_byte_bent(m.bytes, m.w.len, decode);
	m.bytes[H] ^= 1;
	CHECK(decode(msg_span(&m)) == -EINVAL);
	m.bytes[H] ^= 1;
	CHECK(decode(msg_span(&m)) == 0);
}

/*
 * The (Offset, Length) pair at @offset_at and @length_at: before the fixed
 * part's end, past the message, wrapping; an empty one may point anywhere.
 */
static void bad_spans(u32 offset_at, u32 offset_size, u32 length_at,
		      u32 length_size, u32 fixed, decode_fn decode)
{
	u8 good[sizeof(m.bytes)];
	static const u32 offsets[] = { 0, 1, H, 0x7FFF, 0xFFFF, 0x7FFFFFFF,
				       0xFFFFFFFF };
	u32 i;

	memcpy(good, m.bytes, sizeof(good));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		memcpy(m.bytes + offset_at, &offsets[i], offset_size);
		CHECK(decode(msg_span(&m)) == -EINVAL);
		memset(m.bytes + length_at, 0, length_size);
		CHECK(decode(msg_span(&m)) == 0);
		memcpy(m.bytes, good, sizeof(good));
	}
	/* one byte into the fixed part */
	patch_u16(&m, offset_at, H + fixed - 1);
	patch_u16(&m, length_at, 1);
	CHECK(decode(msg_span(&m)) == -EINVAL);
	/* the last byte is in, one more is not */
	patch_u16(&m, offset_at, m.w.len - 1);
	CHECK(decode(msg_span(&m)) == 0);
	patch_u16(&m, length_at, 2);
	CHECK(decode(msg_span(&m)) == -EINVAL);
	memset(m.bytes + length_at, 0xFF, length_size);
	CHECK(decode(msg_span(&m)) == -EINVAL);
	memcpy(m.bytes, good, sizeof(good));
	CHECK(decode(msg_span(&m)) == 0);
}

static void test_empty(void)
{
	begin(4);
	wire_put_u16(&m.w, 0);
	run("logoff", H + 4, logoff);
	run("tree_disconnect", H + 4, tree_disconnect);
	run("cancel", H + 4, cancel);
	run("echo", H + 4, echo);
}

static void test_session_setup(void)
{
	begin(25);
	wire_put_u8(&m.w, SMB2_SESSION_FLAG_BINDING);
	wire_put_u8(&m.w, 2);
	wire_put_u32(&m.w, 0x11223344);
	wire_put_u32(&m.w, 0);
	wire_put_u16(&m.w, H + 24);
	wire_put_u16(&m.w, 5);
	wire_put_u64(&m.w, 0x8877665544332211);
	wire_put_bytes(&m.w, "token", 5);
	run("session_setup", m.w.len, session_setup);
	CHECK(req.session_setup.flags == SMB2_SESSION_FLAG_BINDING);
	CHECK(req.session_setup.security_mode == 2);
	CHECK(req.session_setup.capabilities == 0x11223344);
	CHECK(req.session_setup.previous_session_id == 0x8877665544332211);
	CHECK(span_is(req.session_setup.blob, "token", 5));
	bad_spans(H + 12, 2, H + 14, 2, 24, session_setup);
}

static void test_tree_connect(void)
{
	begin(9);
	wire_put_u16(&m.w, 4);
	wire_put_u16(&m.w, H + 8);
	wire_put_u16(&m.w, 8);
	wire_put_utf16(&m.w, "\\\\ab", 4);
	run("tree_connect", m.w.len, tree_connect);
	CHECK(req.tree_connect.flags == 4);
	CHECK(span_is(req.tree_connect.path, "\\\0\\\0a\0b", 8));
	bad_spans(H + 4, 2, H + 6, 2, 8, tree_connect);
}

static void test_close_flush(void)
{
	begin(24);
	wire_put_u16(&m.w, 1);
	wire_put_u32(&m.w, 0);
	put_file_id();
	run("close", H + 24, close);
	CHECK(req.close.flags == 1 && file_id_is(req.close.file_id));
	run("flush", H + 24, flush);
	CHECK(file_id_is(req.flush.file_id));
}

static void test_read(void)
{
	begin(49);
	wire_put_u8(&m.w, 0x50);
	wire_put_u8(&m.w, SMB2_READFLAG_READ_UNBUFFERED);
	wire_put_u32(&m.w, 65536);
	wire_put_u64(&m.w, 0x123456789);
	put_file_id();
	wire_put_u32(&m.w, 1);
	wire_put_u32(&m.w, 2);
	wire_put_u32(&m.w, 3);
	wire_put_u16(&m.w, 0);
	wire_put_u16(&m.w, 0);
	wire_put_u8(&m.w, 0);
	/* the odd byte of StructureSize 49 may be missing */
	run("read", H + 48, read);
	CHECK(req.read.flags == 1 && req.read.length == 65536);
	CHECK(req.read.offset == 0x123456789 && file_id_is(req.read.file_id));
	CHECK(req.read.minimum_count == 1 && req.read.channel == 2);
	CHECK(req.read.remaining_bytes == 3);
	patch_u16(&m, H + 44, H + 48);
	patch_u16(&m, H + 46, 1);
	bad_spans(H + 44, 2, H + 46, 2, 48, read);
}

static bool extent_is(struct wire_extent e, const void *p, u32 len)
{
	return e.len == len && e.offset + len <= m.w.len &&
	       !memcmp(m.bytes + e.offset, p, len);
}

/* The data of a WRITE may be beyond what the decoder sees, and nothing else may. */
static void data_beyond(u32 beyond)
{
	struct wire_span in = msg_span(&m);
	struct wire_reader r;

	in.len -= beyond;
	for (u32 there = 0; there <= beyond + 1; there++) {
		r = wire_reader_at(in, H);
		r.beyond = there;
		if (there < beyond) {
			CHECK(wire_decode_write(&r, &req) == -EINVAL);
			continue;
		}
		CHECK(wire_decode_write(&r, &req) == 0);
		CHECK(extent_is(req.write.data, "data", 4));
	}
	/* channel information has to be in sight */
	patch_u16(&m, H + 40, H + 48);
	patch_u16(&m, H + 42, 4);
	r = wire_reader_at(msg_span(&m), H);
	CHECK(wire_decode_write(&r, &req) == 0);
	r = wire_reader_at(in, H);
	r.beyond = beyond;
	CHECK(wire_decode_write(&r, &req) == -EINVAL);
	patch_u32(&m, H + 40, 0);
}

static void test_write(void)
{
	begin(49);
	wire_put_u16(&m.w, H + 48);
	wire_put_u32(&m.w, 4);
	wire_put_u64(&m.w, 0x123456789);
	put_file_id();
	wire_put_u32(&m.w, 0);
	wire_put_u32(&m.w, 0);
	wire_put_u16(&m.w, 0);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, SMB2_WRITEFLAG_WRITE_THROUGH);
	wire_put_bytes(&m.w, "data", 4);
	run("write", m.w.len, write);
	CHECK(req.write.length == 4 && req.write.offset == 0x123456789);
	CHECK(req.write.flags == 1 && file_id_is(req.write.file_id));
	CHECK(extent_is(req.write.data, "data", 4));
	bad_spans(H + 2, 2, H + 4, 4, 48, write);
	data_beyond(1);
	data_beyond(4);

	/* data may begin later than the fixed part ends */
	patch_u16(&m, H + 2, H + 50);
	patch_u32(&m, H + 4, 2);
	CHECK(write(msg_span(&m)) == 0);
	CHECK(extent_is(req.write.data, "ta", 2));
}

static void test_lock(void)
{
	struct smb2_lock_element e;

	begin(48);
	wire_put_u16(&m.w, 2);
	wire_put_u32(&m.w, 0x77);
	put_file_id();
	wire_put_u64(&m.w, 1);
	wire_put_u64(&m.w, 2);
	wire_put_u32(&m.w, SMB2_LOCKFLAG_SHARED_LOCK);
	wire_put_u32(&m.w, 0);
	wire_put_u64(&m.w, ~0ull);
	wire_put_u64(&m.w, 4);
	wire_put_u32(&m.w, SMB2_LOCKFLAG_UNLOCK);
	wire_put_u32(&m.w, 0);
	run("lock", m.w.len, lock);
	CHECK(req.lock.lock_count == 2 && req.lock.lock_sequence == 0x77);
	CHECK(file_id_is(req.lock.file_id));
	e = wire_lock_element(&req.lock, 0);
	CHECK(e.offset == 1 && e.length == 2 && e.flags == 1);
	e = wire_lock_element(&req.lock, 1);
	CHECK(e.offset == ~0ull && e.length == 4 && e.flags == 4);
	e = wire_lock_element(&req.lock, 2);
	CHECK(e.offset == 0 && e.length == 0 && e.flags == 0);
	patch_u16(&m, H + 2, 0);
	CHECK(lock(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 2, 3);
	CHECK(lock(msg_span(&m)) == -EINVAL);
	patch_u16(&m, H + 2, 0xFFFF);
	CHECK(lock(msg_span(&m)) == -EINVAL);
}

static void test_ioctl(void)
{
	begin(57);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, FSCTL_PIPE_TRANSCEIVE);
	put_file_id();
	wire_put_u32(&m.w, H + 56);
	wire_put_u32(&m.w, 5);
	wire_put_u32(&m.w, 6);
	wire_put_u32(&m.w, H + 61);	/* right behind the message, empty */
	wire_put_u32(&m.w, 0);
	wire_put_u32(&m.w, 1024);
	wire_put_u32(&m.w, SMB2_0_IOCTL_IS_FSCTL);
	wire_put_u32(&m.w, 0);
	wire_put_bytes(&m.w, "input", 5);
	run("ioctl", m.w.len, ioctl);
	CHECK(req.ioctl.ctl_code == FSCTL_PIPE_TRANSCEIVE);
	CHECK(file_id_is(req.ioctl.file_id));
	CHECK(req.ioctl.max_input_response == 6);
	CHECK(req.ioctl.max_output_response == 1024);
	CHECK(req.ioctl.flags == SMB2_0_IOCTL_IS_FSCTL);
	CHECK(span_is(req.ioctl.input, "input", 5));
	bad_spans(H + 24, 4, H + 28, 4, 56, ioctl);
	patch_u32(&m, H + 40, 1);
	CHECK(ioctl(msg_span(&m)) == -EINVAL);
}

static void test_query_directory(void)
{
	begin(33);
	wire_put_u8(&m.w, 37);
	wire_put_u8(&m.w, SMB2_RETURN_SINGLE_ENTRY);
	wire_put_u32(&m.w, 9);
	put_file_id();
	wire_put_u16(&m.w, H + 32);
	wire_put_u16(&m.w, 2);
	wire_put_u32(&m.w, 65536);
	wire_put_utf16(&m.w, "*", 1);
	run("query_directory", m.w.len, query_directory);
	CHECK(req.query_directory.info_class == 37);
	CHECK(req.query_directory.flags == SMB2_RETURN_SINGLE_ENTRY);
	CHECK(req.query_directory.file_index == 9);
	CHECK(file_id_is(req.query_directory.file_id));
	CHECK(req.query_directory.output_buffer_length == 65536);
	CHECK(span_is(req.query_directory.pattern, "*\0", 2));
	bad_spans(H + 24, 2, H + 26, 2, 32, query_directory);
}

static void test_change_notify(void)
{
	begin(32);
	wire_put_u16(&m.w, SMB2_WATCH_TREE);
	wire_put_u32(&m.w, 4096);
	put_file_id();
	wire_put_u32(&m.w, 0xFFF);
	wire_put_u32(&m.w, 0);
	run("change_notify", H + 32, change_notify);
	CHECK(req.change_notify.flags == SMB2_WATCH_TREE);
	CHECK(req.change_notify.output_buffer_length == 4096);
	CHECK(file_id_is(req.change_notify.file_id));
	CHECK(req.change_notify.completion_filter == 0xFFF);
}

static void test_query_info(void)
{
	begin(41);
	wire_put_u8(&m.w, SMB2_0_INFO_FILE);
	wire_put_u8(&m.w, FILE_FULL_EA_INFORMATION);
	wire_put_u32(&m.w, 4096);
	wire_put_u16(&m.w, H + 40);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, 3);
	wire_put_u32(&m.w, 7);
	wire_put_u32(&m.w, SL_RESTART_SCAN);
	put_file_id();
	wire_put_bytes(&m.w, "eas", 3);
	run("query_info", m.w.len, query_info);
	CHECK(req.query_info.info_type == SMB2_0_INFO_FILE);
	CHECK(req.query_info.info_class == FILE_FULL_EA_INFORMATION);
	CHECK(req.query_info.output_buffer_length == 4096);
	CHECK(req.query_info.additional_information == 7);
	CHECK(req.query_info.flags == SL_RESTART_SCAN);
	CHECK(file_id_is(req.query_info.file_id));
	CHECK(span_is(req.query_info.input, "eas", 3));
	bad_spans(H + 8, 2, H + 12, 4, 40, query_info);
}

static void test_set_info(void)
{
	begin(33);
	wire_put_u8(&m.w, SMB2_0_INFO_FILE);
	wire_put_u8(&m.w, FILE_END_OF_FILE_INFORMATION);
	wire_put_u32(&m.w, 8);
	wire_put_u16(&m.w, H + 32);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, 5);
	put_file_id();
	wire_put_u64(&m.w, 0x1234);
	run("set_info", m.w.len, set_info);
	CHECK(req.set_info.info_type == SMB2_0_INFO_FILE);
	CHECK(req.set_info.info_class == FILE_END_OF_FILE_INFORMATION);
	CHECK(req.set_info.additional_information == 5);
	CHECK(file_id_is(req.set_info.file_id));
	CHECK(span_is(req.set_info.buffer, "\x34\x12\0\0\0\0\0\0", 8));
	bad_spans(H + 8, 2, H + 4, 4, 32, set_info);
}

static void test_oplock_break(void)
{
	begin(24);
	wire_put_u8(&m.w, SMB2_OPLOCK_LEVEL_II);
	wire_put_u8(&m.w, 0);
	wire_put_u32(&m.w, 0);
	put_file_id();
	run("oplock_break", H + 24, oplock_break);
	CHECK(!req.oplock_break.lease);
	CHECK(req.oplock_break.oplock_level == SMB2_OPLOCK_LEVEL_II);
	CHECK(file_id_is(req.oplock_break.file_id));

	begin(36);
	wire_put_u16(&m.w, 0);
	wire_put_u32(&m.w, 2);
	wire_put_bytes(&m.w, "0123456789abcdef", 16);
	wire_put_u32(&m.w, 3);
	wire_put_u64(&m.w, 0);
	run("lease break", H + 36, oplock_break);
	CHECK(req.oplock_break.lease);
	CHECK(req.oplock_break.lease_flags == 2);
	CHECK(req.oplock_break.lease_state == 3);
	CHECK(!memcmp(req.oplock_break.lease_key, "0123456789abcdef", 16));
}

/* 2.2.23 to 2.2.25; an acknowledgment's answer reads like the acknowledgment */
static void test_break_encoding(void)
{
	struct smb2_break b = {
		.lease = true, .new_epoch = 0x0102, .flags = 1,
		.lease_key = "0123456789abcde", .current_state = 7, .new_state = 3,
	};
	union smb2_rsp rsp = { .oplock_break = {
		.lease = true, .lease_key = "0123456789abcde", .lease_state = 3,
	} };

	msg_init(&m);
	wire_put_break(&m.w, &b);
	CHECK(m.w.len == WIRE_BREAK_MAX);
	CHECK(!memcmp(m.bytes, "\x2C\0\x02\x01\x01\0\0\0""0123456789abcde\0"
		      "\x07\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 44));
	b.lease = false;
	b.oplock_level = SMB2_OPLOCK_LEVEL_II;
	b.file_id = (struct smb2_file_id) { 3, 4 };
	msg_init(&m);
	wire_put_break(&m.w, &b);
	CHECK(m.w.len == 24);
	CHECK(!memcmp(m.bytes, "\x18\0\x01\0\0\0\0\0\x03\0\0\0\0\0\0\0"
		      "\x04\0\0\0\0\0\0\0", 24));
	msg_init(&m);
	wire_encode_oplock_break(&m.w, &rsp);
	CHECK(m.w.len == 36);
	CHECK(!memcmp(m.bytes, "\x24\0\0\0\0\0\0\0""0123456789abcde\0"
		      "\x03\0\0\0", 28));
}

void test_requests(void)
{
	test_break_encoding();
	test_empty();
	test_session_setup();
	test_tree_connect();
	test_close_flush();
	test_read();
	test_write();
	test_lock();
	test_ioctl();
	test_query_directory();
	test_change_notify();
	test_query_info();
	test_set_info();
	test_oplock_break();
}
