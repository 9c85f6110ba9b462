// SPDX-License-Identifier: GPL-2.0
#include "test.h"
#include "fsctl.h"

static struct msg m;

static int decode_copychunk(struct wire_span in)
{
	struct fsctl_copychunk c;
	int err = fsctl_get_copychunk(in, &c);

	for (u32 i = 0; !err && i < c.chunk_count; i++)
		fsctl_chunk_at(&c, i);
	return err;
}

static void test_copychunk(void)
{
	struct fsctl_copychunk c;
	struct fsctl_chunk chunk;
	u8 bytes[80] = { 1, [23] = 24, [24] = 2,
			 [32] = 3, [40] = 4, [48] = 5,
			 [56] = 6, [64] = 7, [72] = 8 };

	every_prefix("copychunk", bytes, sizeof(bytes), sizeof(bytes),
		     decode_copychunk);
	every_byte_bent(bytes, sizeof(bytes), decode_copychunk);
	CHECK(!fsctl_get_copychunk(span_of(bytes, sizeof(bytes)), &c));
	CHECK(c.source_key[0] == 1 && c.source_key[23] == 24 && c.chunk_count == 2);
	chunk = fsctl_chunk_at(&c, 1);
	CHECK(chunk.source_offset == 6 && chunk.target_offset == 7 &&
	      chunk.length == 8);
	bytes[24] = 0;			/* no chunk at all is well-formed */
	CHECK(!fsctl_get_copychunk(span_of(bytes, 32), &c) && !c.chunk_count);
	memset(bytes + 24, 0xFF, 4);	/* times 24 it would be small again */
	CHECK(fsctl_get_copychunk(span_of(bytes, sizeof(bytes)), &c) == -EINVAL);
}

static int decode_range(struct wire_span in)
{
	struct fsctl_range range;

	return fsctl_get_range(in, &range);
}

static int decode_duplicate(struct wire_span in)
{
	struct fsctl_duplicate d;

	return fsctl_get_duplicate(in, &d);
}

static int decode_duplicate_ex(struct wire_span in)
{
	struct fsctl_duplicate d;

	return fsctl_get_duplicate_ex(in, &d);
}

static int decode_compression(struct wire_span in)
{
	u16 format;

	return fsctl_get_compression(in, &format);
}

static int decode_pipe_wait(struct wire_span in)
{
	struct wire_span name;

	return fsctl_get_pipe_wait(in, &name);
}

static void test_extents(void)
{
	static const u8 bytes[56] = { 0x30, [8] = 1, [16] = 2, [24] = 3,
				      [32] = 4, [40] = 5, [48] = 1 };
	struct fsctl_duplicate d;

	every_prefix("range", bytes, 16, 16, decode_range);
	every_prefix("duplicate", bytes + 8, 40, 40, decode_duplicate);
	every_prefix("duplicate ex", bytes, 56, 56, decode_duplicate_ex);
	CHECK(!fsctl_get_duplicate_ex(span_of(bytes, 56), &d));
	CHECK(d.source.persistent == 1 && d.source.volatile_id == 2 &&
	      d.source_offset == 3 && d.target_offset == 4 && d.length == 5 &&
	      d.flags == 1);
	/* its StructureSize is part of it */
	CHECK(fsctl_get_duplicate_ex(span_of(bytes + 1, 55), &d) == -EINVAL);
}

static void test_small(void)
{
	static const u8 wait[] = { 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0,
				   'a', 0, 'b', 0 };
	static const u8 flag[] = { 1, 0 };
	struct wire_span name;
	bool sparse = false;

	every_prefix("pipe wait", wait, sizeof(wait), sizeof(wait),
		     decode_pipe_wait);
	CHECK(!fsctl_get_pipe_wait(span_of(wait, sizeof(wait)), &name));
	CHECK(name.len == 4 && name.data == wait + 14);
	every_prefix("compression", flag, 2, 2, decode_compression);
	CHECK(!fsctl_get_set_sparse(span_of(flag, 0), &sparse) && sparse);
	CHECK(!fsctl_get_set_sparse(span_of(flag + 1, 1), &sparse) && !sparse);
	CHECK(!fsctl_get_set_sparse(span_of(flag, 1), &sparse) && sparse);
}

static void test_answers(void)
{
	static const struct fsctl_copychunk_rsp rsp = { 1, 2, 3 };
	static const u8 key[FSCTL_RESUME_KEY_SIZE] = { 9, [23] = 7 };

	msg_init(&m);
	fsctl_put_copychunk(&m.w, &rsp);
	CHECK(m.w.len == FSCTL_COPYCHUNK_RSP &&
	      get_unaligned_le32(m.bytes + 8) == 3);
	msg_init(&m);
	fsctl_put_resume_key(&m.w, key);
	CHECK(m.w.len == FSCTL_RESUME_KEY_RSP && m.bytes[0] == 9 &&
	      m.bytes[23] == 7);
	msg_init(&m);
	CHECK(!fsctl_begin_snapshots(&m.w, 0) && m.w.len == FSCTL_SNAPSHOTS_RSP);
	msg_init(&m);
	fsctl_put_range(&m.w, 4, 5);
	CHECK(m.w.len == FSCTL_RANGE_SIZE && m.bytes[0] == 4 && m.bytes[8] == 5);
}

static void test_snapshots(void)
{
	static const char token[] = "@GMT-2026.02.09-23.07.00";
	const struct fsctl_gmt t = { 2026, 2, 9, 23, 7, 0 };
	struct msg m;
	u32 i;

	msg_init(&m);
	CHECK(fsctl_begin_snapshots(&m.w, 2));
	fsctl_put_snapshot(&m.w, &t);
	fsctl_put_snapshot(&m.w, &t);
	fsctl_end_snapshots(&m.w);
	CHECK(get_unaligned_le32(m.bytes) == 2);
	CHECK(get_unaligned_le32(m.bytes + 4) == 2);
	CHECK(get_unaligned_le32(m.bytes + 8) == 102 && m.w.len == 114);
	for (i = 0; i < sizeof(token); i++) {
		CHECK(get_unaligned_le16(m.bytes + 12 + 2 * i) == token[i]);
		CHECK(get_unaligned_le16(m.bytes + 62 + 2 * i) == token[i]);
	}
	CHECK(get_unaligned_le16(m.bytes + 112) == 0);

	/* one byte too few for the array: how many there are, and no more */
	msg_init(&m);
	m.w.cap = 113;
	CHECK(!fsctl_begin_snapshots(&m.w, 2) && m.w.len == FSCTL_SNAPSHOTS_RSP);
	CHECK(get_unaligned_le32(m.bytes) == 2 && !get_unaligned_le32(m.bytes + 4));
	CHECK(get_unaligned_le32(m.bytes + 8) == 102);
}

static void test_interface(void)
{
	struct fsctl_interface i = {
		.index = 2, .capability = FSCTL_INTERFACE_RSS, .speed = 1000000000,
		.address = { 10, [15] = 1 },
	};

	msg_init(&m);
	fsctl_put_interface(&m.w, &i, false);
	CHECK(m.w.len == FSCTL_INTERFACE_SIZE);
	CHECK(get_unaligned_le32(m.bytes) == FSCTL_INTERFACE_SIZE &&
	      get_unaligned_le32(m.bytes + 4) == 2 && m.bytes[8] == 1 &&
	      get_unaligned_le64(m.bytes + 16) == 1000000000);
	CHECK(m.bytes[24] == 2 && m.bytes[28] == 10 && !m.bytes[43]);
	msg_init(&m);
	i.ipv6 = true;
	fsctl_put_interface(&m.w, &i, true);
	CHECK(m.w.len == FSCTL_INTERFACE_SIZE && !get_unaligned_le32(m.bytes));
	CHECK(m.bytes[24] == 0x17 && m.bytes[32] == 10 && m.bytes[47] == 1);
}

void test_fsctl(void)
{
	test_snapshots();
	test_interface();
	test_copychunk();
	test_extents();
	test_small();
	test_answers();
}
