// SPDX-License-Identifier: GPL-2.0
#include "fscc.h"
#include "utf16.h"

#define NO_ENTRY	((u32)-1)

/* [MS-FSCC] 2.7.1 FILE_NOTIFY_INFORMATION */
int fscc_put_notify(struct wire_writer *w, u32 prev, u32 action,
		    struct wire_span dir, struct wire_span name)
{
	u32 start = w->len, at, length;
	u8 *p;

	if (w->full)
		return -ENOSPC;
	wire_pad(w, 4);
	at = w->len;
	p = wire_reserve(w, FSCC_NOTIFY_SIZE);
	length = wire_put_utf16(w, (const char *)dir.data, dir.len);
	length += wire_put_utf16(w, (const char *)name.data, name.len);
	if (w->full) {
		w->len = start;
		w->full = false;
		return -ENOSPC;
	}
	put_unaligned_le32(0, p);		/* NextEntryOffset */
	put_unaligned_le32(action, p + 4);
	put_unaligned_le32(length, p + 8);
	if (prev != NO_ENTRY)
		wire_patch_u32(w, prev, at - prev);
	return at;
}
