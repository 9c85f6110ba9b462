// SPDX-License-Identifier: GPL-2.0
/*
 * Security descriptors: what decodes is written again, and read back as the
 * same; in xattrs offsets start elsewhere.
 */
#include "fuzz.h"
#include "sd.h"

#define ALL_PARTS	(OWNER_SECURITY_INFORMATION |			\
			 GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

static void must_be_same(const struct sd *a, const struct sd *b)
{
	u32 i;

	MUST(a->control == b->control && a->null_dacl == b->null_dacl);
	MUST(a->has_owner == b->has_owner && a->has_group == b->has_group);
	MUST(!a->has_owner || sd_sid_equal(&a->owner, &b->owner));
	MUST(!a->has_group || sd_sid_equal(&a->group, &b->group));
	MUST(a->n_aces == b->n_aces);
	for (i = 0; i < a->n_aces; i++) {
		MUST(a->aces[i].type == b->aces[i].type);
		MUST(a->aces[i].flags == b->aces[i].flags);
		MUST(a->aces[i].mask == b->aces[i].mask);
		MUST(sd_sid_equal(&a->aces[i].sid, &b->aces[i].sid));
	}
}

static void round_trip(struct wire_span in, u32 base)
{
	struct sd a = { .max_aces = sd_count_aces(in, base) }, b = { };
	struct wire_writer w;
	u32 size;
	u8 *out;

	MUST(a.max_aces <= in.len / 16);
	a.aces = malloc(a.max_aces * sizeof(*a.aces));
	if (!sd_decode(in, base, &a)) {
		MUST(a.n_aces <= a.max_aces);
		size = sd_size(&a, ALL_PARTS);
		out = malloc(size);
		w = wire_writer_of(out, size);
		sd_encode(&w, &a, ALL_PARTS, base);
		MUST(!w.full && w.len == size);
		b.max_aces = a.n_aces;
		b.aces = malloc(b.max_aces * sizeof(*b.aces));
		MUST(!sd_decode((struct wire_span) { out, size }, base, &b));
		must_be_same(&a, &b);
		free(b.aces);
		free(out);
	}
	free(a.aces);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };

	round_trip(in, 0);
	round_trip(in, 0xA0);
	return 0;
}
