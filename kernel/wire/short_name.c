// SPDX-License-Identifier: GPL-2.0
/*
 * A hashed name is "XHHHHH~H.EXT": a character of the long name, 31 bits of
 * hash in base 36, and what an 8.3 name can have of the extension.  A number
 * as Windows has it would depend on the order in which files were made, and
 * would have to be stored.
 */
#include "short_name.h"

#define BASE_MAX	8
#define EXTENSION_MAX	3
#define TILDE_AT	6

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c;
}

static bool is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* What an 8.3 name may contain, in one of its halves. */
static bool is_short_char(char c)
{
	return is_plain(c) || (c && strchr("!#$%&'()-@^_`{}~", c));
}

static bool all_short(const char *s, u32 len, u32 max)
{
	u32 i;

	if (!len || len > max)
		return false;
	for (i = 0; i < len; i++)
		if (!is_short_char(s[i]))
			return false;
	return true;
}

/* Where the extension's dot is, or @len; a first dot begins none. */
static u32 find_dot(const char *name, u32 len)
{
	u32 i;

	for (i = len; i > 1; i--)
		if (name[i - 1] == '.')
			return i - 1;
	return len;
}

static bool is_8dot3(const char *name, u32 len)
{
	u32 dot = find_dot(name, len);

	return all_short(name, dot, BASE_MAX) &&
	       (dot == len ||
		all_short(name + dot + 1, len - dot - 1, EXTENSION_MAX));
}

/* FNV-1a */
static u32 hash(const char *name, u32 len)
{
	u32 h = 2166136261u, i;

	for (i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 16777619u;
	return h;
}

static char digit(u32 *h)
{
	char c = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[*h % 36];

	*h /= 36;
	return c;
}

void wire_short_name(const char *name, u32 len, char out[WIRE_SHORT_NAME_MAX + 1])
{
	u32 h = hash(name, len), dot, n = 0, i;

	if (is_8dot3(name, len)) {
		for (i = 0; i < len; i++)
			out[i] = upper(name[i]);
		out[len] = '\0';
		return;
	}
	out[n++] = len && is_plain(*name) ? upper(*name) : '_';
	while (n < TILDE_AT)
		out[n++] = digit(&h);
	out[n++] = '~';
	out[n++] = digit(&h);
	dot = find_dot(name, len);
	for (i = dot + 1; i < len && n < WIRE_SHORT_NAME_MAX; i++) {
		if (!is_plain(name[i]))
			continue;
		if (n == BASE_MAX)
			out[n++] = '.';
		out[n++] = upper(name[i]);
	}
	out[n] = '\0';
}

bool wire_is_hashed_name(const char *name, u32 len)
{
	return len >= BASE_MAX && len <= WIRE_SHORT_NAME_MAX &&
	       name[TILDE_AT] == '~' && is_8dot3(name, len) &&
	       (len == BASE_MAX || name[BASE_MAX] == '.');
}
