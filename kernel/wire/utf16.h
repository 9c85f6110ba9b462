/* SPDX-License-Identifier: GPL-2.0 */
/* UTF-16LE of the wire to and from the UTF-8 of Linux, strict both ways. */
#ifndef _WIRE_UTF16_H
#define _WIRE_UTF16_H

#include "wire.h"

/*
 * Converts @in to NUL-terminated UTF-8 in @out of @cap bytes.  Returns the
 * length without the NUL, -EINVAL for an odd length, a lone surrogate or an
 * embedded NUL, -ENAMETOOLONG when it does not fit.
 */
int wire_utf8_from_utf16(struct wire_span in, char *out, u32 cap);

/*
 * Appends @len bytes of UTF-8 as UTF-16LE, without a terminator.  Bytes that
 * are not UTF-8 (a local process made the name) become U+F000 + byte, so that
 * every name can be listed; wire_utf8_from_utf16() turns U+F080 to U+F0FF back
 * into that byte, and so the client can open what it saw.  A name that really
 * has one of these characters counts as not UTF-8, which makes the way back
 * exact for every name.  Returns the bytes written, 0 when they do not fit.
 */
u32 wire_put_utf16(struct wire_writer *w, const char *utf8, u32 len);

/*
 * The same, but a name that does not fit is cut after its last character that
 * does, and *cut is set.  Returns the bytes of the whole name.
 */
u32 wire_put_utf16_cut(struct wire_writer *w, const char *utf8, u32 len,
		       bool *cut);

/* What wire_put_utf16() would write. */
u32 wire_utf16_len(const char *utf8, u32 len);

#endif /* _WIRE_UTF16_H */
