// SPDX-License-Identifier: GPL-2.0
/* Names that local users chose: short names of them, and their upper case. */
#include "fuzz.h"
#include "short_name.h"
#include "upcase.h"

#define NAME_MAX	255

static void check_short(const char *name, u32 len)
{
	char once[WIRE_SHORT_NAME_MAX + 1], twice[WIRE_SHORT_NAME_MAX + 1];

	memset(once, 'x', sizeof(once));
	wire_short_name(name, len, once);
	MUST(memchr(once, 0, sizeof(once)));
	/* a short name is its own */
	wire_short_name(once, strlen(once), twice);
	MUST(!strcmp(once, twice));
	wire_is_hashed_name(name, len);
}

static void check_upcase(struct wire_span in)
{
	u8 *upper = malloc(in.len + 1);
	struct wire_writer w = wire_writer_of(upper, in.len);
	u32 i;

	MUST(upper);
	wire_put_upcase(&w, in);
	MUST(!w.full && w.len == in.len);
	for (i = 0; i + 1 < in.len; i += 2) {
		u16 unit = get_unaligned_le16(upper + i);

		MUST(unit == wire_upcase(get_unaligned_le16(in.data + i)));
	}
	free(upper);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	u32 name_len = len < NAME_MAX ? len : NAME_MAX;

	check_short((const char *)data, name_len);
	check_upcase((struct wire_span) { .data = data, .len = len });
	return 0;
}
