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
 * every name can be listed.  Returns the bytes written.
 */
u32 wire_put_utf16(struct wire_writer *w, const char *utf8, u32 len);

/* What wire_put_utf16() would write. */
u32 wire_utf16_len(const char *utf8, u32 len);

#endif /* _WIRE_UTF16_H */
