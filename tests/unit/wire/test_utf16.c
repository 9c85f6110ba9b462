// SPDX-License-Identifier: GPL-2.0
#include "test.h"
#include "upcase.h"

static struct msg m;

static void both_ways(const char *utf8, u32 len, const char *utf16, u32 wide)
{
	char back[256];
	u32 cap;

	msg_init(&m);
	CHECK(wire_put_utf16(&m.w, utf8, len) == wide);
	CHECK(span_is(msg_span(&m), utf16, wide));
	CHECK(wire_utf16_len(utf8, len) == wide);
	CHECK(wire_utf8_from_utf16(span_of(utf16, wide), back, sizeof(back)) ==
	      (int)len);
	CHECK(!memcmp(back, utf8, len) && !back[len]);

	/* into buffers of exactly every size */
	for (cap = 0; cap <= len + 1; cap++) {
		char *exact = malloc(cap);
		int n = wire_utf8_from_utf16(span_of(utf16, wide), exact, cap);

		CHECK(n == (cap > len ? (int)len : -ENAMETOOLONG));
		free(exact);
	}
	for (cap = 0; cap <= wide; cap++) {
		u8 *exact = malloc(cap);
		struct wire_writer w = wire_writer_of(exact, cap);
		bool cut = false;

		CHECK(wire_put_utf16(&w, utf8, len) == (cap < wide ? 0 : wide));
		CHECK(w.full == (cap < wide));
		CHECK(w.len == (cap < wide ? 0 : wide));
		w = wire_writer_of(exact, cap);
		CHECK(wire_put_utf16_cut(&w, utf8, len, &cut) == wide);
		CHECK(cut == (cap < wide) && !w.full && w.len <= cap);
		CHECK(w.len + 4 > cap || w.len == wide);
		CHECK(!memcmp(exact, utf16, w.len));
		free(exact);
	}
}

#define BOTH(utf8, utf16) \
	both_ways(utf8, sizeof(utf8) - 1, utf16, sizeof(utf16) - 1)

static void test_good(void)
{
	BOTH("", "");
	BOTH("a", "a\0");
	BOTH("abcd", "a\0b\0c\0d\0");
	BOTH("readme.txt", "r\0e\0a\0d\0m\0e\0.\0t\0x\0t\0");
	BOTH("abc\xC3\xA9" "defghi", "a\0b\0c\0\xE9\0d\0e\0f\0g\0h\0i\0");
	BOTH("\xC2\x80\xDF\xBF", "\x80\0\xFF\x07");
	BOTH("\xE0\xA0\x80\xE2\x82\xAC\xEF\xBF\xBF", "\0\x08\xAC\x20\xFF\xFF");
	BOTH("\xED\x9F\xBF\xEE\x80\x80", "\xFF\xD7\0\xE0");
	BOTH("\xF0\x90\x80\x80", "\0\xD8\0\xDC");
	BOTH("x\xF0\x9F\x98\x80y", "x\0\x3D\xD8\0\xDEy\0");
	BOTH("\xF4\x8F\xBF\xBF", "\xFF\xDB\xFF\xDF");
	/* the private mappings of illegal characters stay what they are */
	BOTH("\xEF\x80\xA2\xEF\x81\xBF", "\x22\xF0\x7F\xF0");
}

/* Names that are not UTF-8 come back as the bytes they were. */
static void test_raw_bytes(void)
{
	BOTH("\x80", "\x80\xF0");
	BOTH("ab\xFF" "cd", "a\0b\0\xFF\xF0" "c\0d\0");
	BOTH("\xC3", "\xC3\xF0");
	BOTH("\xC3" "A", "\xC3\xF0" "A\0");
	BOTH("\xC0\xAF", "\xC0\xF0\xAF\xF0");			/* overlong */
	BOTH("\xE0\x80\xAF", "\xE0\xF0\x80\xF0\xAF\xF0");
	BOTH("\xF0\x80\x80\xAF", "\xF0\xF0\x80\xF0\x80\xF0\xAF\xF0");
	BOTH("\xED\xA0\x80", "\xED\xF0\xA0\xF0\x80\xF0");	/* surrogate */
	BOTH("\xF4\x90\x80\x80", "\xF4\xF0\x90\xF0\x80\xF0\x80\xF0");
	BOTH("\xF8\x88\x80\x80\x80", "\xF8\xF0\x88\xF0\x80\xF0\x80\xF0\x80\xF0");
	BOTH("\xE2\x82", "\xE2\xF0\x82\xF0");
	BOTH("\xF0\x9F\x98", "\xF0\xF0\x9F\xF0\x98\xF0");
	/* U+F080 itself, in UTF-8, is escaped byte by byte */
	BOTH("\xEF\x82\x80", "\xEF\xF0\x82\xF0\x80\xF0");
	BOTH("\xEF\x83\xBF", "\xEF\xF0\x83\xF0\xBF\xF0");
}

static void refused(const char *utf16, u32 len)
{
	char out[64];

	CHECK(wire_utf8_from_utf16(span_of(utf16, len), out, sizeof(out)) ==
	      -EINVAL);
}

#define REFUSED(utf16) refused(utf16, sizeof(utf16) - 1)

static void test_refused(void)
{
	REFUSED("a");				/* odd */
	REFUSED("a\0b");
	REFUSED("a\0\0\0");			/* NUL */
	REFUSED("a\0b\0\0\0d\0");
	REFUSED("\0\0a\0b\0c\0");
	REFUSED("\0\xD8");			/* lone high surrogate */
	REFUSED("\0\xD8x\0");
	REFUSED("\0\xD8\0\xD8\0\xDC");
	REFUSED("\0\xDC");			/* lone low surrogate */
	REFUSED("a\0b\0c\0d\0\xFF\xDF");
}

static void test_random(void)
{
	char name[40], back[400];
	u32 round, i;

	srand(1);
	for (round = 0; round < 20000; round++) {
		u32 len = rand() % sizeof(name);

		/* any bytes but NUL, often ASCII, often continuations */
		for (i = 0; i < len; i++)
			name[i] = rand() % 3 ? 'a' + rand() % 26 :
					       1 + rand() % 255;
		msg_init(&m);
		wire_put_utf16(&m.w, name, len);
		CHECK(wire_utf8_from_utf16(msg_span(&m), back, sizeof(back)) ==
		      (int)len && !memcmp(back, name, len));
	}
}

/* All units against their table: tests/unit/test_wire_upcase.py. */
static void test_upcase(void)
{
	static const u8 in[] = { 'a', 0, 'Z', 0, 0xE9, 0, 0xF7, 0, 0x4F, 0x04, 0x2D, 0x4E, 'x' };
	static const u8 out[] = { 'A', 0, 'Z', 0, 0xC9, 0, 0xF7, 0, 0x2F, 0x04, 0x2D, 0x4E, 'x' };

	msg_init(&m);
	wire_put_upcase(&m.w, (struct wire_span) { in, sizeof(in) });
	CHECK(m.w.len == sizeof(out) && !memcmp(m.bytes, out, sizeof(out)));
	CHECK(wire_upcase(0xFF) == 0x178 && wire_upcase(0x101) == 0x100 &&
	      wire_upcase(0x100) == 0x100 && wire_upcase(0xFFFF) == 0xFFFF);
}

void test_utf16(void)
{
	struct wire_writer full = { .full = true };
	bool cut = false;

	test_good();
	test_raw_bytes();
	test_refused();
	test_random();
	test_upcase();
	CHECK(wire_put_utf16(&full, "a", 1) == 0);
	CHECK(wire_put_utf16_cut(&full, "a", 1, &cut) == 2 && !cut);
}
