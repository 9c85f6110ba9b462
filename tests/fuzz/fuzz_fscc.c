// SPDX-License-Identifier: GPL-2.0
/*
 * SET_INFO buffers and EA lists; and directory entries of any name written
 * into buffers of any size, whose chain has to be whole.
 */
#include "fuzz.h"

static void walk_eas(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct fscc_ea ea;
	bool more = true;
	u32 before;

	while (more) {
		before = r.pos;
		if (fscc_get_ea(&r, &ea, &more)) {
			MUST(!more);
			return;
		}
		MUST(r.pos > before && ea.name.len);
		must_be_inside(ea.name, in);
		must_be_inside(ea.value, in);
	}
}

static void walk_ea_names(struct wire_span in)
{
	struct wire_reader r = wire_reader_of(in);
	struct wire_span name;
	bool more = true;
	u32 before;

	while (more) {
		before = r.pos;
		if (fscc_get_ea_name(&r, &name, &more)) {
			MUST(!more);
			return;
		}
		MUST(r.pos > before && name.len);
		must_be_inside(name, in);
	}
}

static void put_entries(struct wire_span in)
{
	static const u8 classes[] = { 1, 2, 3, 12, 37, 38, 60 };
	struct fscc_file f = { .end_of_file = 1 };
	u32 cap, i, at, next, prev = -1, n = 0;
	struct wire_writer w;
	u8 info_class;
	u8 *out;

	if (in.len < 4)
		return;
	info_class = classes[in.data[0] % sizeof(classes)];
	cap = get_unaligned_le16(in.data + 1) % 4096;
	out = malloc(cap);
	w = wire_writer_of(out, cap);
	for (i = 3; i < in.len; i += in.data[i] + 1) {
		u32 len = min((u32)in.data[i], in.len - i - 1);
		int pos = fscc_put_dir_entry(&w, info_class, prev, &f,
					     (const char *)in.data + i + 1,
					     len, "SHORT~1");

		MUST(!w.full && (pos >= 0 || pos == -ENOSPC));
		if (pos < 0)
			break;
		prev = pos;
		n++;
	}
	for (at = 0; n; at += next, n--) {
		u32 size = fscc_dir_class_size(info_class);

		MUST(at % 8 == 0 && at + size <= w.len);
		next = get_unaligned_le32(out + at);
		MUST((next == 0) == (n == 1));
	}
	free(out);
}

/* Names of changes, in a buffer that is soon full. */
static void put_notifies(struct wire_span in)
{
	u32 cap, i, at, next, prev = -1, n = 0;
	struct wire_writer w;
	u8 *out;

	if (in.len < 2)
		return;
	cap = get_unaligned_le16(in.data) % 1024;
	out = malloc(cap);
	w = wire_writer_of(out, cap);
	for (i = 2; i < in.len; i += in.data[i] + 1) {
		u32 len = min((u32)in.data[i], in.len - i - 1);
		struct wire_span dir = { in.data + i + 1, len / 2 };
		struct wire_span name = { in.data + i + 1 + len / 2, len - len / 2 };
		int pos = fscc_put_notify(&w, prev, i, dir, name);

		MUST(!w.full && (pos >= 0 || pos == -ENOSPC));
		if (pos < 0)
			break;
		prev = pos;
		n++;
	}
	for (at = 0; n; at += next, n--) {
		MUST(at % 4 == 0 && at + FSCC_NOTIFY_SIZE <= w.len);
		MUST(get_unaligned_le32(out + at + 8) <=
		     w.len - at - FSCC_NOTIFY_SIZE);
		next = get_unaligned_le32(out + at);
		MUST((next == 0) == (n == 1));
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	struct fscc_rename rn;
	struct fscc_basic basic;
	u32 v32;
	u64 v64;

	if (!fscc_get_rename(in, &rn))
		must_be_inside(rn.name, in);
	if (!fscc_get_rename_ex(in, &rn))
		must_be_inside(rn.name, in);
	fscc_get_basic(in, &basic);
	MUST(fscc_get_disposition(in, &v32) == (len < 1 ? -EINVAL : 0));
	MUST(fscc_get_u32(in, &v32) == (len < 4 ? -EINVAL : 0));
	MUST(fscc_get_u64(in, &v64) == (len < 8 ? -EINVAL : 0));
	walk_eas(in);
	walk_ea_names(in);
	put_entries(in);
	put_notifies(in);
	return 0;
}
