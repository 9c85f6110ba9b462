// SPDX-License-Identifier: GPL-2.0
/* What the FSCTLs of files carry: every decoder on the same bytes. */
#include "fuzz.h"
#include "fsctl.h"

static void copychunk(struct wire_span in)
{
	struct fsctl_copychunk c;

	if (fsctl_get_copychunk(in, &c))
		return;
	MUST(c.chunks.len == c.chunk_count * 24);
	must_be_inside(c.chunks, in);
	for (u32 i = 0; i < c.chunk_count; i++)
		fsctl_chunk_at(&c, i);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct wire_span in = { data, size }, name;
	struct fsctl_duplicate d;
	struct fsctl_range range;
	bool sparse;
	u16 format;

	copychunk(in);
	fsctl_get_range(in, &range);
	fsctl_get_set_sparse(in, &sparse);
	fsctl_get_duplicate(in, &d);
	fsctl_get_duplicate_ex(in, &d);
	fsctl_get_compression(in, &format);
	if (!fsctl_get_pipe_wait(in, &name))
		must_be_inside(name, in);
	return 0;
}
