// SPDX-License-Identifier: GPL-2.0
#include "sd.h"
#include "test.h"

#define ALL_PARTS	(OWNER_SECURITY_INFORMATION |			\
			 GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)
#define ROOM		8

static struct msg m;
static struct sd_ace aces[ROOM];
static u32 base;

static const struct sd_sid owner = {
	.authority = 5, .n = 5, .sub = { 21, 1, 2, 3, 1000 },
};
static const struct sd_sid group = {
	.authority = 22, .n = 2, .sub = { 2, 100 },
};
static const struct sd_sid everyone = { .authority = 1, .n = 1 };

static int decode_into(struct wire_span in, struct sd *sd)
{
	memset(sd, 0, sizeof(*sd));
	sd->aces = aces;
	sd->max_aces = ROOM;
	return sd_decode(in, base, sd);
}

static int decode(struct wire_span in)
{
	struct sd sd;

	CHECK(sd_count_aces(in, base) <= in.len / 16);
	return decode_into(in, &sd);
}

/* Where the parts of good() are */
#define OWNER_AT	20
#define GROUP_AT	48
#define DACL_AT		64
#define ACE1_AT		(DACL_AT + 8)
#define ACE2_AT		(ACE1_AT + 36)
#define GOOD_SIZE	(ACE2_AT + 20)

static void good(u32 from)
{
	static struct sd_ace two[] = {
		{ .type = SD_ACE_DENIED, .mask = 0x2,
		  .flags = SD_ACE_OBJECT_INHERIT },
		{ .type = SD_ACE_ALLOWED, .mask = 0x1F01FF },
	};
	struct sd sd = {
		.control = SD_DACL_PRESENT | SD_DACL_PROTECTED,
		.has_owner = true, .has_group = true,
		.owner = owner, .group = group, .n_aces = 2, .aces = two,
	};

	two[0].sid = owner;
	two[1].sid = everyone;
	base = from;
	msg_init(&m);
	sd_encode(&m.w, &sd, ALL_PARTS, from);
	CHECK(m.w.len == GOOD_SIZE && sd_size(&sd, ALL_PARTS) == GOOD_SIZE);
}

static void test_what_is_written_is_read(void)
{
	struct sd sd;

	good(0);
	CHECK(decode_into(msg_span(&m), &sd) == 0);
	CHECK(sd.control == (SD_DACL_PRESENT | SD_DACL_PROTECTED));
	CHECK(sd.has_owner && sd_sid_equal(&sd.owner, &owner));
	CHECK(sd.has_group && sd_sid_equal(&sd.group, &group));
	CHECK(!sd_sid_equal(&sd.owner, &sd.group));
	CHECK(!sd.null_dacl && sd.n_aces == 2);
	CHECK(aces[0].type == SD_ACE_DENIED && aces[0].mask == 2);
	CHECK(aces[0].flags == SD_ACE_OBJECT_INHERIT);
	CHECK(aces[1].mask == 0x1F01FF && sd_sid_equal(&aces[1].sid, &everyone));
	CHECK(get_unaligned_le32(m.bytes + 4) == OWNER_AT);
	CHECK(get_unaligned_le32(m.bytes + 16) == DACL_AT);
}

/* An xattr's offsets count from the xattr's start; 0 and @base are no offsets. */
static void test_offsets_count_from_base(void)
{
	struct sd sd;

	good(0xA0);
	CHECK(get_unaligned_le32(m.bytes + 4) == 0xA0 + OWNER_AT);
	CHECK(decode_into(msg_span(&m), &sd) == 0 && sd.n_aces == 2);
	patch_u32(&m, 4, 0xA0);
	CHECK(decode_into(msg_span(&m), &sd) == 0 && !sd.has_owner);
	patch_u32(&m, 4, 0x20);
	CHECK(decode_into(msg_span(&m), &sd) == -EINVAL);
}

static void test_every_prefix_and_bent_byte(void)
{
	good(0);
	every_prefix("sd", m.bytes, m.w.len, GOOD_SIZE, decode);
	every_byte_bent(m.bytes, m.w.len, decode);
	good(0xA0);
	every_prefix("sd in xattr", m.bytes, m.w.len, GOOD_SIZE, decode);
	every_byte_bent(m.bytes, m.w.len, decode);
}

static int patched_u32(u32 at, u32 v)
{
	good(0);
	patch_u32(&m, at, v);
	return decode(msg_span(&m));
}

static int patched_u16(u32 at, u16 v)
{
	good(0);
	patch_u16(&m, at, v);
	return decode(msg_span(&m));
}

static int patched_u8(u32 at, u8 v)
{
	good(0);
	m.bytes[at] = v;
	return decode(msg_span(&m));
}

static void test_hostile_offsets(void)
{
	static const u32 offsets[] = { 1, 19, GOOD_SIZE - 7, GOOD_SIZE,
		GOOD_SIZE + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF };
	u32 i, field;

	for (field = 4; field <= 16; field += 4) {
		if (field == 12)
			continue;
		for (i = 0; i < ARRAY_SIZE(offsets); i++)
			CHECK(patched_u32(field, offsets[i]) == -EINVAL);
	}
	/* a SACL is looked at only where the control says that there is one */
	CHECK(patched_u32(12, 0xFFFFFFFF) == 0);
	patch_u16(&m, 2, SD_SELF_RELATIVE | SD_SACL_PRESENT);
	CHECK(decode(msg_span(&m)) == -EINVAL);
	patch_u32(&m, 12, DACL_AT);
	CHECK(decode(msg_span(&m)) == 0);
}

static void test_hostile_sids(void)
{
	static const u8 counts[] = { 6, 16, 17, 255 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		CHECK(patched_u8(ACE1_AT + 8 + 1, counts[i]) == -EINVAL);
		if (counts[i] > SD_MAX_SUB_AUTHORITIES)
			CHECK(patched_u8(OWNER_AT + 1, counts[i]) == -EINVAL);
	}
	CHECK(patched_u8(OWNER_AT + 1, 0) == 0);
	CHECK(patched_u8(OWNER_AT + 1, 15) == 0);	/* into the DACL: just bytes */
	CHECK(patched_u8(OWNER_AT, 2) == -EINVAL);	/* Revision */
	CHECK(patched_u8(ACE1_AT + 8, 0) == -EINVAL);
}

static void test_hostile_acls(void)
{
	static const u16 ace_sizes[] = { 0, 4, 7, 8, 12, 35, 37, 60, 65532, 65535 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ace_sizes); i++)
		CHECK(patched_u16(ACE1_AT + 2, ace_sizes[i]) == -EINVAL);
	CHECK(patched_u16(DACL_AT + 4, 65535) == -EINVAL);	/* AceCount */
	CHECK(patched_u16(DACL_AT + 4, 3) == -EINVAL);
	CHECK(patched_u16(DACL_AT + 4, 0) == 0);
	CHECK(patched_u16(DACL_AT + 2, 7) == -EINVAL);		/* AclSize */
	CHECK(patched_u16(DACL_AT + 2, 63) == -EINVAL);
	CHECK(patched_u16(DACL_AT + 2, 65) == -EINVAL);
	CHECK(patched_u8(DACL_AT, 1) == -EINVAL);		/* AclRevision */
	CHECK(patched_u8(DACL_AT, 3) == 0 && patched_u8(DACL_AT, 4) == 0);
	CHECK(patched_u8(DACL_AT, 5) == -EINVAL);
	CHECK(patched_u8(ACE1_AT, 5) == -EOPNOTSUPP);		/* an object ACE */
	CHECK(patched_u8(ACE1_AT, 2) == -EOPNOTSUPP);
	CHECK(patched_u8(0, 2) == -EINVAL);
	CHECK(patched_u16(2, SD_DACL_PRESENT) == -EINVAL);	/* absolute form */
}

static void test_no_dacl_null_dacl_empty_dacl(void)
{
	struct sd sd;

	good(0);
	patch_u16(&m, 2, SD_SELF_RELATIVE);
	CHECK(!decode_into(msg_span(&m), &sd));
	CHECK(!(sd.control & SD_DACL_PRESENT) && !sd.null_dacl && !sd.n_aces);
	good(0);
	patch_u32(&m, 16, 0);
	CHECK(!decode_into(msg_span(&m), &sd));
	CHECK(sd.control & SD_DACL_PRESENT && sd.null_dacl && !sd.n_aces);
	msg_init(&m);
	sd_encode(&m.w, &sd, DACL_SECURITY_INFORMATION, 0);
	CHECK(m.w.len == SD_HEADER_SIZE && !get_unaligned_le32(m.bytes + 16));
	good(0);
	patch_u16(&m, DACL_AT + 4, 0);
	CHECK(!decode_into(msg_span(&m), &sd));
	CHECK(sd.control & SD_DACL_PRESENT && !sd.null_dacl && !sd.n_aces);
}

static void test_room_is_respected(void)
{
	struct sd sd = { .aces = aces, .max_aces = 1 };

	good(0);
	CHECK(sd_count_aces(msg_span(&m), 0) == 2);
	CHECK(sd_decode(msg_span(&m), 0, &sd) == -ENOSPC);
}

static void test_parts_are_chosen(void)
{
	struct sd sd, out;
	u32 info;

	for (info = 0; info <= ALL_PARTS; info++) {
		good(0);
		CHECK(!decode_into(msg_span(&m), &sd));
		msg_init(&m);
		sd_encode(&m.w, &sd, info, 0);
		CHECK(m.w.len == sd_size(&sd, info));
		CHECK(!decode_into(msg_span(&m), &out));
		CHECK(out.has_owner == !!(info & OWNER_SECURITY_INFORMATION));
		CHECK(out.has_group == !!(info & GROUP_SECURITY_INFORMATION));
		CHECK(out.n_aces == (info & DACL_SECURITY_INFORMATION ? 2 : 0));
	}
}

void test_sd(void)
{
	test_what_is_written_is_read();
	test_offsets_count_from_base();
	test_every_prefix_and_bent_byte();
	test_hostile_offsets();
	test_hostile_sids();
	test_hostile_acls();
	test_no_dacl_null_dacl_empty_dacl();
	test_room_is_respected();
	test_parts_are_chosen();
}
