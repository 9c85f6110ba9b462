// SPDX-License-Identifier: GPL-2.0
/* Any name comes back from UTF-16; what decodes, encodes to valid UTF-16. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct wire_span in = { .data = data, .len = len };
	u32 wide_cap = 2 * len, cap = 3 * len + 1;
	char *back = malloc(cap), *small;
	u8 *wide = malloc(wide_cap);
	struct wire_writer w = wire_writer_of(wide, wide_cap);
	struct wire_span out;
	int n;

	MUST(wire_put_utf16(&w, (const char *)data, len) == w.len && !w.full);
	MUST(w.len == wire_utf16_len((const char *)data, len));
	if (!memchr(data, 0, len)) {
		out = (struct wire_span){ .data = wide, .len = w.len };
		n = wire_utf8_from_utf16(out, back, cap);
		MUST(n == (int)len && !memcmp(back, data, len));
	}

	n = wire_utf8_from_utf16(in, back, cap);
	MUST(n == -EINVAL || (n >= 0 && back[n] == '\0'));
	if (n >= 0) {
		MUST(!memchr(back, 0, n));
		small = malloc(n);
		MUST(wire_utf8_from_utf16(in, small, n) == -ENAMETOOLONG);
		free(small);
	}
	free(wide);
	free(back);
	return 0;
}
