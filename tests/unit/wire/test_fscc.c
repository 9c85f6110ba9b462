// SPDX-License-Identifier: GPL-2.0
#include "test.h"
#include "aapl.h"
#include "short_name.h"

static struct msg m;

#define NO_ENTRY	((u32)-1)

static const struct fscc_file file = {
	.creation_time = 1, .last_access_time = 2, .last_write_time = 3,
	.change_time = 4, .allocation_size = 5, .end_of_file = 6,
	.attributes = 0x20, .number_of_links = 7, .delete_pending = true,
	.directory = true, .index_number = 8, .volume_serial = 9,
	.ea_size = 10, .access_flags = 11, .position = 12, .mode = 13,
	.reparse_tag = 14,
};

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

static void fixed(void (*put)(struct wire_writer *, const struct fscc_file *),
		  u32 size)
{
	u32 cap;

	for (cap = 0; cap <= size; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);

		put(&w, &file);
		CHECK(w.full == (cap < size));
		free(exact);
	}
	msg_init(&m);
	put(&m.w, &file);
	CHECK(m.w.len == size);
}

static void test_fixed_classes(void)
{
	fixed(fscc_put_basic, 40);
	CHECK(at64(0) == 1 && at64(8) == 2 && at64(16) == 3 && at64(24) == 4);
	CHECK(at32(32) == 0x20);
	fixed(fscc_put_standard, 24);
	CHECK(at64(0) == 5 && at64(8) == 6 && at32(16) == 7 && at16(20) == 0x0101);
	fixed(fscc_put_internal, 8);
	CHECK(at64(0) == 8);
	fixed(fscc_put_ea, 4);
	CHECK(at32(0) == 10);
	fixed(fscc_put_access, 4);
	CHECK(at32(0) == 11);
	fixed(fscc_put_position, 8);
	CHECK(at64(0) == 12);
	fixed(fscc_put_mode, 4);
	CHECK(at32(0) == 13);
	fixed(fscc_put_alignment, 4);
	CHECK(at32(0) == 0);
	fixed(fscc_put_network_open, 56);
	CHECK(at64(24) == 4 && at64(32) == 5 && at64(40) == 6 && at32(48) == 0x20);
	fixed(fscc_put_attribute_tag, 8);
	CHECK(at32(0) == 0x20 && at32(4) == 14);
	fixed(fscc_put_compression, 16);
	CHECK(at64(0) == 6 && at64(8) == 0);
	fixed(fscc_put_id, 24);
	CHECK(at64(0) == 9 && at64(8) == 8 && at64(16) == 0);
}

static void test_object_id(void)
{
	fixed(fscc_put_object_id, FSCC_OBJECT_ID_SIZE);
	CHECK(at64(0) == 8 && at64(8) == 9);		/* inode, volume */
	CHECK(at64(16) == 9 && at64(24) == 0);
	CHECK(at64(32) == 8 && at64(40) == 9);
	CHECK(at64(48) == 0 && at64(56) == 0);
}

static void test_names(void)
{
	bool overflow = false;
	u32 cap;

	msg_init(&m);
	fscc_put_name(&m.w, "\\a", &overflow);
	CHECK(span_is(msg_span(&m), "\x04\0\0\0\\\0a\0", 8) && !overflow);

	msg_init(&m);
	fscc_put_all(&m.w, &file, "\\dir\\f", &overflow);
	CHECK(m.w.len == 112 && !overflow && !m.w.full);
	CHECK(at32(32) == 0x20 && at64(40) == 5 && at64(64) == 8);
	CHECK(at32(72) == 10 && at32(76) == 11 && at64(80) == 12);
	CHECK(at32(88) == 13 && at32(92) == 0 && at32(96) == 12);

	for (cap = 0; cap <= 112; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);

		overflow = false;
		fscc_put_all(&w, &file, "\\dir\\f", &overflow);
		CHECK(w.full == (cap < 100));
		if (!w.full) {
			/* the length is of the whole name, cut or not */
			CHECK(overflow == (cap < 112));
			CHECK(w.len == (cap & ~1u));
			CHECK(get_unaligned_le32(exact + 96) == 12);
		}
		free(exact);
	}
}

static const struct wire_span ea_names[] = {
	{ (const u8 *)"A", 1 }, { (const u8 *)"second", 6 }, { (const u8 *)"x.y", 3 },
};
static const struct wire_span ea_values[] = {
	{ (const u8 *)"value", 5 }, { NULL, 0 }, { (const u8 *)"1234567", 7 },
};

/* Writes them into @cap bytes; the number of those that fitted. */
static u32 put_eas(struct wire_writer *w)
{
	u32 prev = -1, i;

	for (i = 0; i < ARRAY_SIZE(ea_names); i++) {
		int at = fscc_put_ea_entry(w, prev, ea_names[i], ea_values[i]);

		CHECK(!w->full);
		if (at < 0) {
			CHECK(at == -ENOSPC);
			break;
		}
		CHECK(at % 4 == 0);
		prev = at;
	}
	return i;
}

/* What is written is read again, however short the buffer was. */
static void test_put_eas(void)
{
	const u32 size[] = { 15, 16 + 15, 32 + 19 };
	u32 cap, i, n;

	for (cap = 0; cap <= 60; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);
		struct wire_reader r;
		struct fscc_ea ea;
		bool more = true;

		n = put_eas(&w);
		CHECK(w.len == (n ? size[n - 1] : 0));
		CHECK(n == ARRAY_SIZE(size) || cap < size[n]);
		r = wire_reader_of((struct wire_span) { exact, w.len });
		for (i = 0; i < n; i++) {
			CHECK(more && !fscc_get_ea(&r, &ea, &more));
			CHECK(!ea.flags && ea.name.len == ea_names[i].len);
			CHECK(!memcmp(ea.name.data, ea_names[i].data, ea.name.len));
			CHECK(ea.value.len == ea_values[i].len);
			CHECK(!ea.value.len ||
			      !memcmp(ea.value.data, ea_values[i].data,
				      ea.value.len));
		}
		CHECK(!n || !more);
		free(exact);
	}
	msg_init(&m);
	m.w.full = true;
	CHECK(fscc_put_ea_entry(&m.w, -1, ea_names[0], ea_values[0]) == -ENOSPC);
	m.w.full = false;
	CHECK(fscc_put_ea_entry(&m.w, -1, (struct wire_span) { m.bytes, 256 },
				ea_values[0]) == -EINVAL);
	CHECK(fscc_put_ea_entry(&m.w, -1, ea_names[0],
				(struct wire_span) { m.bytes, 65536 }) == -EINVAL);
	CHECK(!m.w.len);
}

static bool short_is(const char *name, const char *want)
{
	char out[WIRE_SHORT_NAME_MAX + 1];

	wire_short_name(name, strlen(name), out);
	return !strcmp(out, want);
}

static void test_short_names(void)
{
	static const char *const longs[] = {
		"a long name.text", "x.y.z", ".profile", "\xC3\xA4.txt", "ninechars",
		"a.", "eight888.four", "", "+", "x.a b",
	};
	char out[WIRE_SHORT_NAME_MAX + 1];
	u32 i;

	CHECK(short_is("ok.txt", "OK.TXT") && short_is("README", "README"));
	CHECK(short_is("eight888.thr", "EIGHT888.THR"));
	CHECK(short_is("a~1", "A~1"));
	for (i = 0; i < ARRAY_SIZE(longs); i++) {
		memset(out, 'x', sizeof(out));
		wire_short_name(longs[i], strlen(longs[i]), out);
		CHECK(out[6] == '~' && strlen(out) <= WIRE_SHORT_NAME_MAX);
		CHECK(wire_is_hashed_name(out, strlen(out)));
		CHECK(short_is(out, out));
	}
	wire_short_name(longs[0], strlen(longs[0]), out);
	CHECK(*out == 'A' && !strcmp(out + 8, ".TEX"));
	CHECK(!wire_is_hashed_name("ok.txt", 6));
	CHECK(!wire_is_hashed_name("abcdef~", 7));
	CHECK(!wire_is_hashed_name("abcdef~1x", 9));
	CHECK(!wire_is_hashed_name("abcdef~1.four", 13));
}

/* Two names; the second is not there, or not whole, in every prefix. */
static void test_ea_names(void)
{
	static const u8 list[] = { 8, 0, 0, 0, 2, 'a', 'b', 0,
				   0, 0, 0, 0, 1, 'c', 0 };
	u32 len;

	for (len = 0; len <= sizeof(list); len++) {
		u8 *exact = malloc(len);
		struct wire_reader r = wire_reader_of((struct wire_span) { exact, len });
		struct wire_span name;
		bool more;
		int err;

		memcpy(exact, list, len);
		err = fscc_get_ea_name(&r, &name, &more);
		CHECK((err == 0) == (len >= 8));
		CHECK(err || (more && name.len == 2 && !memcmp(name.data, "ab", 2)));
		err = fscc_get_ea_name(&r, &name, &more);
		CHECK((err == 0) == (len == sizeof(list)));
		CHECK(!more);
		free(exact);
	}
}

static void test_streams(void)
{
	msg_init(&m);
	CHECK(fscc_put_stream(&m.w, NO_ENTRY, "", 0, 3, 4096) == 0);
	CHECK(m.w.len == 38 && at32(0) == 0 && at32(4) == 14);
	CHECK(at64(8) == 3 && at64(16) == 4096);
	CHECK(!memcmp(m.bytes + 24, ":\0:\0$\0D\0A\0T\0A\0", 14));
	CHECK(fscc_put_stream(&m.w, 0, "x", 1, 1, 2) == 40);
	CHECK(at32(0) == 40 && m.w.len == 40 + 24 + 16);
	CHECK(at32(40) == 0 && at32(44) == 16);
	CHECK(!memcmp(m.bytes + 64, ":\0x\0:\0$\0D\0A\0T\0A\0", 16));

	for (u32 len = 0; len < 80; len++) {
		u8 *exact = malloc(len);
		struct wire_writer w = wire_writer_of(exact, len);
		bool fits = len >= 38;

		CHECK(fscc_put_stream(&w, NO_ENTRY, "", 0, 3, 4096) ==
		      (fits ? 0 : -ENOSPC));
		CHECK(w.len == (fits ? 38 : 0));
		/* whole entries only */
		CHECK(fscc_put_stream(&w, fits ? 0 : NO_ENTRY, "x", 1, 1, 2) ==
		      -ENOSPC);
		CHECK(!w.full && w.len == (fits ? 38 : 0));
		free(exact);
	}
}

static void test_pipe(void)
{
	msg_init(&m);
	fscc_put_pipe_local(&m.w);
	CHECK(m.w.len == 40 && at32(0) == 1 && at32(32) == 3);
}

static const struct fscc_fs fs = {
	.creation_time = 1, .serial_number = 2, .label = "share",
	.fs_name = "NTFS", .total_units = 3, .caller_units = 4,
	.actual_units = 5, .sectors_per_unit = 8, .bytes_per_sector = 512,
	.attributes = 0x4006F, .max_component = 255, .device_type = 7,
	.device_characteristics = 0x20, .object_id = "0123456789abcde",
};

static void test_fs(void)
{
	bool overflow = false;

	msg_init(&m);
	fscc_put_fs_volume(&m.w, &fs, &overflow);
	CHECK(m.w.len == 28 && at64(0) == 1 && at32(8) == 2 && at32(12) == 10);
	CHECK(at16(16) == 0 && !memcmp(m.bytes + 18, "s\0h\0a\0r\0e\0", 10));
	m.w = wire_writer_of(m.bytes, 21);
	fscc_put_fs_volume(&m.w, &fs, &overflow);
	CHECK(overflow && !m.w.full && m.w.len == 20 && at32(12) == 10);

	msg_init(&m);
	fscc_put_fs_size(&m.w, &fs);
	CHECK(m.w.len == 24 && at64(0) == 3 && at64(8) == 4);
	CHECK(at32(16) == 8 && at32(20) == 512);
	msg_init(&m);
	fscc_put_fs_full_size(&m.w, &fs);
	CHECK(m.w.len == 32 && at64(8) == 4 && at64(16) == 5 && at32(24) == 8);
	msg_init(&m);
	fscc_put_fs_device(&m.w, &fs);
	CHECK(m.w.len == 8 && at32(0) == 7 && at32(4) == 0x20);
	msg_init(&m);
	overflow = false;
	fscc_put_fs_attribute(&m.w, &fs, &overflow);
	CHECK(m.w.len == 20 && at32(0) == 0x4006F && at32(4) == 255);
	CHECK(at32(8) == 8 && !memcmp(m.bytes + 12, "N\0T\0F\0S\0", 8));
	CHECK(!overflow);
	msg_init(&m);
	fscc_put_fs_control(&m.w, &fs);
	CHECK(m.w.len == 48 && at64(24) == ~0ull && at64(40) == 0);
	msg_init(&m);
	fscc_put_fs_objectid(&m.w, &fs);
	CHECK(m.w.len == 64 && !memcmp(m.bytes, "0123456789abcde", 16));
	msg_init(&m);
	fscc_put_fs_sector_size(&m.w, &fs);
	CHECK(m.w.len == 28 && at32(0) == 512 && at32(16) == 3);
}

void test_fscc_query(void)
{
	test_fixed_classes();
	test_object_id();
	test_names();
	test_put_eas();
	test_ea_names();
	test_short_names();
	test_streams();
	test_pipe();
	test_fs();
}

static int put_entry(struct wire_writer *w, u8 info_class, u32 prev,
		     const char *name)
{
	return fscc_put_dir_entry(w, info_class, prev, &file, name,
				  strlen(name), "SHORT~1");
}

static void test_dir_capacity(u8 info_class, u32 size)
{
	u32 second = ALIGN(size + 2, 8), need = second + size + 12, cap;

	for (cap = 0; cap <= need; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);
		int at = put_entry(&w, info_class, -1, "a");

		if (cap < size + 2) {
			CHECK(at == -ENOSPC && w.len == 0 && !w.full);
		} else {
			CHECK(at == 0 && w.len == size + 2);
			at = put_entry(&w, info_class, 0, "second");
			CHECK(at == (cap < need ? -ENOSPC : (int)second));
			CHECK(w.len == (cap < need ? size + 2 : need));
			CHECK(get_unaligned_le32(exact) ==
			      (cap < need ? 0 : second));
		}
		free(exact);
	}
}

static int put_notify(struct wire_writer *w, u32 prev, const char *dir,
		      const char *name)
{
	return fscc_put_notify(w, prev, FILE_ACTION_REMOVED,
			       (struct wire_span) { (const u8 *)dir, strlen(dir) },
			       (struct wire_span) { (const u8 *)name, strlen(name) });
}

static void test_notify(void)
{
	const u32 first = 12 + 2 * 3, second = 20, need = second + 12 + 2 * 4;
	struct wire_writer full = { .full = true };
	u32 cap;

	for (cap = 0; cap <= need; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);
		int at = put_notify(&w, -1, "", "abc");

		if (cap < first) {
			CHECK(at == -ENOSPC && w.len == 0 && !w.full);
			free(exact);
			continue;
		}
		CHECK(at == 0 && w.len == first);
		at = put_notify(&w, 0, "d\\", "ef");
		CHECK(at == (cap < need ? -ENOSPC : (int)second));
		CHECK(w.len == (cap < need ? first : need));
		CHECK(get_unaligned_le32(exact) == (cap < need ? 0 : second));
		CHECK(get_unaligned_le32(exact + 4) == 2);
		CHECK(get_unaligned_le32(exact + 8) == 6);
		CHECK(!memcmp(exact + 12, "a\0b\0c\0", 6));
		if (cap == need) {
			CHECK(get_unaligned_le32(exact + second) == 0);
			CHECK(get_unaligned_le32(exact + second + 8) == 8);
			CHECK(!memcmp(exact + second + 12, "d\0\\\0e\0f\0", 8));
		}
		free(exact);
	}
	CHECK(put_notify(&full, -1, "", "a") == -ENOSPC);
}

void test_fscc_dir(void)
{
	static const struct { u8 info_class; u32 size; } classes[] = {
		{ FILE_DIRECTORY_INFORMATION, 64 },
		{ FILE_FULL_DIRECTORY_INFORMATION, 68 },
		{ FILE_BOTH_DIRECTORY_INFORMATION, 94 },
		{ FILE_NAMES_INFORMATION, 12 },
		{ FILE_ID_BOTH_DIRECTORY_INFORMATION, 104 },
		{ FILE_ID_FULL_DIRECTORY_INFORMATION, 80 },
		{ FILE_ID_EXTD_DIRECTORY_INFORMATION, 88 },
	};
	struct fscc_file link = file, apple = file;
	struct wire_writer full = { .full = true };
	u32 i;

	test_notify();
	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		u8 c = classes[i].info_class;

		CHECK(fscc_is_dir_class(c));
		CHECK(fscc_dir_class_size(c) == classes[i].size);
		test_dir_capacity(c, classes[i].size);
		msg_init(&m);
		memset(m.bytes, 0xEE, sizeof(m.bytes));
		CHECK(put_entry(&m.w, c, -1, "ab") == 0);
		CHECK(at32(0) == 0 && at32(4) == 0);
		CHECK(!memcmp(m.bytes + classes[i].size, "a\0b\0", 4));
		if (c == FILE_NAMES_INFORMATION) {
			CHECK(at32(8) == 4);
			continue;
		}
		CHECK(at64(8) == 1 && at64(16) == 2 && at64(24) == 3);
		CHECK(at64(32) == 4 && at64(40) == 6 && at64(48) == 5);
		CHECK(at32(56) == 0x20 && at32(60) == 4);
		if (c != FILE_DIRECTORY_INFORMATION)
			CHECK(at32(64) == 10);
	}
	CHECK(!fscc_is_dir_class(FILE_BASIC_INFORMATION));
	CHECK(fscc_dir_class_size(FILE_BASIC_INFORMATION) == 0);
	CHECK(put_entry(&m.w, FILE_BASIC_INFORMATION, -1, "a") == -EINVAL);
	CHECK(put_entry(&full, FILE_NAMES_INFORMATION, -1, "a") == -ENOSPC);
	CHECK(fscc_dir_class_has_ea_size(FILE_FULL_DIRECTORY_INFORMATION));
	CHECK(!fscc_dir_class_has_ea_size(FILE_NAMES_INFORMATION));
	CHECK(!fscc_dir_class_has_ea_size(0));

	msg_init(&m);
	put_entry(&m.w, FILE_ID_BOTH_DIRECTORY_INFORMATION, -1, "a");
	CHECK(m.bytes[68] == 14 && !memcmp(m.bytes + 70, "S\0H\0O\0R\0T\0~\0001\0", 14));
	CHECK(at64(96) == 8);
	/* what a Mac has asked for instead of it */
	msg_init(&m);
	apple.apple = &(struct fscc_apple) { 0x1200A9, 0x1122334455667788,
					     "type" "crea" "fl" "ex" "date", 0100644 };
	fscc_put_dir_entry(&m.w, FILE_ID_BOTH_DIRECTORY_INFORMATION, -1, &apple,
			   "a", 1, NULL);
	CHECK(at32(64) == 0x1200A9 && m.bytes[68] == 24 && m.bytes[69] == 0);
	CHECK(at64(70) == 0x1122334455667788);
	CHECK(!memcmp(m.bytes + 78, "typecreaflexdate", 16));
	CHECK(m.bytes[94] == 0xA4 && m.bytes[95] == 0x81 && at64(96) == 8);
	msg_init(&m);
	fscc_put_dir_entry(&m.w, FILE_BOTH_DIRECTORY_INFORMATION, -1, &apple,
			   "a", 1, NULL);
	CHECK(at32(64) != 0x1200A9 && m.bytes[68] == 0);
	/* no short name, then one that is too long for the field */
	msg_init(&m);
	fscc_put_dir_entry(&m.w, FILE_BOTH_DIRECTORY_INFORMATION, -1, &file,
			   "a", 1, NULL);
	CHECK(m.bytes[68] == 0);
	msg_init(&m);
	fscc_put_dir_entry(&m.w, FILE_BOTH_DIRECTORY_INFORMATION, -1, &file,
			   "a", 1, "THIRTEENCHARS");
	CHECK(m.bytes[68] == 0 && m.bytes[70] == 0);

	link.attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
	msg_init(&m);
	fscc_put_dir_entry(&m.w, FILE_ID_FULL_DIRECTORY_INFORMATION, -1, &link,
			   "a", 1, NULL);
	CHECK(at32(64) == 14 && at64(72) == 8);
	msg_init(&m);
	fscc_put_dir_entry(&m.w, FILE_ID_EXTD_DIRECTORY_INFORMATION, -1, &link,
			   "a", 1, NULL);
	CHECK(at32(64) == 10 && at32(68) == 14 && at64(72) == 8 && at64(80) == 0);
}

static struct fscc_basic basic;
static struct fscc_rename rn;
static u32 v32;
static u64 v64;

static int get_basic(struct wire_span in) { return fscc_get_basic(in, &basic); }
static int get_rename(struct wire_span in) { return fscc_get_rename(in, &rn); }
static int get_rename_ex(struct wire_span in) { return fscc_get_rename_ex(in, &rn); }
static int get_disposition(struct wire_span in) { return fscc_get_disposition(in, &v32); }
static int get_disposition_ex(struct wire_span in) { return fscc_get_disposition_ex(in, &v32); }
static int get_64(struct wire_span in) { return fscc_get_u64(in, &v64); }
static int get_32(struct wire_span in) { return fscc_get_u32(in, &v32); }

static void test_set_fixed(void)
{
	msg_init(&m);
	fscc_put_basic(&m.w, &file);
	put_unaligned_le64(-1, m.bytes + 8);
	every_prefix("basic", m.bytes, 40, 40, get_basic);
	CHECK(get_basic(msg_span(&m)) == 0);
	CHECK(basic.creation_time == 1 && basic.last_access_time == -1);
	CHECK(basic.last_write_time == 3 && basic.change_time == 4);
	CHECK(basic.attributes == 0x20);

	msg_init(&m);
	wire_put_u64(&m.w, 0x0102030400000011);
	every_prefix("disposition", m.bytes, 8, 1, get_disposition);
	CHECK(v32 == FILE_DISPOSITION_DELETE);
	CHECK(get_disposition(span_of("", 1)) == 0 && v32 == 0);
	every_prefix("disposition ex", m.bytes, 8, 4, get_disposition_ex);
	CHECK(v32 == 0x11);
	every_prefix("u32", m.bytes, 8, 4, get_32);
	every_prefix("u64", m.bytes, 8, 8, get_64);
	CHECK(v64 == 0x0102030400000011);
}

static void test_rename(void)
{
	msg_init(&m);
	wire_put_u64(&m.w, 1);
	wire_put_u64(&m.w, 5);
	wire_put_u32(&m.w, 4);
	wire_put_utf16(&m.w, "ab", 2);
	every_prefix("rename", m.bytes, m.w.len, m.w.len, get_rename);
	every_prefix("rename ex", m.bytes, m.w.len, m.w.len, get_rename_ex);
	every_byte_bent(m.bytes, m.w.len, get_rename);
	CHECK(get_rename(msg_span(&m)) == 0 && rn.replace_if_exists);
	CHECK(rn.flags == FILE_RENAME_REPLACE_IF_EXISTS);
	CHECK(rn.root_directory == 5 && span_is(rn.name, "a\0b\0", 4));
	m.bytes[0] = 2;
	CHECK(get_rename_ex(msg_span(&m)) == 0 && !rn.replace_if_exists);
	CHECK(rn.flags == FILE_RENAME_POSIX_SEMANTICS);
	m.bytes[0] = 0;
	CHECK(get_rename(msg_span(&m)) == 0 && !rn.replace_if_exists && !rn.flags);
	patch_u32(&m, 16, 0xFFFFFFFF);
	CHECK(get_rename(msg_span(&m)) == -EINVAL);
}

/* Walks a list as a handler does; returns the number of entries. */
static int walk_eas(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct fscc_ea ea;
	bool more = true;
	int n, err;

	for (n = 0; more; n++) {
		err = fscc_get_ea(&r, &ea, &more);
		if (err)
			return more ? -E2BIG : err;
	}
	return n;
}

static int eas_decode(struct wire_span in)
{
	int n = walk_eas(in);

	return n < 0 ? n : 0;
}

static void test_eas(void)
{
	static const u32 nexts[] = { 1, 4, 8, 12, 14, 18, 24, 0x7FFFFFFC,
				     0xFFFFFFFC, 0xFFFFFFFF };
	static const char one[] =
		"\x10\0\0\0\x80\x02\x03\0ab\0val\0\0"
		"\0\0\0\0\0\x01\0\0c";
	struct wire_reader r = wire_reader_of(span_of(one, sizeof(one)));
	struct fscc_ea ea;
	bool more;
	u32 i;

	CHECK(fscc_get_ea(&r, &ea, &more) == 0 && more);
	CHECK(ea.flags == 0x80 && span_is(ea.name, "ab", 2));
	CHECK(span_is(ea.value, "val", 3));
	CHECK(fscc_get_ea(&r, &ea, &more) == 0 && !more);
	CHECK(span_is(ea.name, "c", 1) && ea.value.len == 0);
	CHECK(walk_eas(span_of(one, sizeof(one))) == 2);
	every_prefix("eas", (const u8 *)one, sizeof(one), sizeof(one), eas_decode);
	every_byte_bent((const u8 *)one, sizeof(one), eas_decode);

	for (i = 0; i < ARRAY_SIZE(nexts); i++) {
		msg_init(&m);
		wire_put_bytes(&m.w, one, sizeof(one));
		patch_u32(&m, 0, nexts[i]);
		CHECK(walk_eas(msg_span(&m)) == -EINVAL);
	}
	msg_init(&m);
	wire_put_bytes(&m.w, one, sizeof(one));
	m.bytes[5] = 0;				/* no name */
	CHECK(walk_eas(msg_span(&m)) == -EINVAL);
	m.bytes[5] = 2;
	m.bytes[10] = 'x';			/* no NUL behind it */
	CHECK(walk_eas(msg_span(&m)) == -EINVAL);
	m.bytes[10] = 0;
	m.bytes[8] = 0;				/* a NUL inside it */
	CHECK(walk_eas(msg_span(&m)) == -EINVAL);
}

void test_fscc_set(void)
{
	test_set_fixed();
	test_rename();
	test_eas();
}
