// SPDX-License-Identifier: GPL-2.0
#include "fscc.h"

#define NO_ENTRY	((u32)-1)

/* [MS-FSCC] 2.4.16.1 FILE_GET_EA_INFORMATION, one of a chain */
int fscc_get_ea_name(struct wire_reader *r, struct wire_span *name, bool *more)
{
	u32 start = r->pos, next;
	u8 name_length;

	next = wire_get_u32(r);
	name_length = wire_get_u8(r);
	*name = wire_take_span(r, name_length);
	if (!name_length || wire_get_u8(r) != 0 || r->bad ||
	    memchr(name->data, 0, name_length))
		r->bad = true;
	*more = next && !r->bad;
	if (!*more)
		return wire_reader_status(r);
	if (next % 4 || next < r->pos - start || next > r->msg.len - start)
		r->bad = true;
	else
		r->pos = start + next;
	*more = !r->bad;
	return wire_reader_status(r);
}

/* [MS-FSCC] 2.4.16 FileFullEaInformation, one entry */
int fscc_put_ea_entry(struct wire_writer *w, u32 prev, struct wire_span name,
		      struct wire_span value)
{
	u32 start = w->len, at;

	if (name.len > 0xFF || value.len > 0xFFFF)
		return -EINVAL;
	if (w->full)
		return -ENOSPC;
	wire_pad(w, 4);
	at = w->len;
	wire_put_u32(w, 0);			/* NextEntryOffset */
	wire_put_u8(w, 0);			/* Flags */
	wire_put_u8(w, name.len);
	wire_put_u16(w, value.len);
	wire_put_bytes(w, name.data, name.len);
	wire_put_u8(w, 0);
	wire_put_bytes(w, value.data, value.len);
	if (w->full) {
		w->len = start;
		w->full = false;
		return -ENOSPC;
	}
	if (prev != NO_ENTRY)
		wire_patch_u32(w, prev, at - prev);
	return at;
}
