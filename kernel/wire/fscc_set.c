// SPDX-License-Identifier: GPL-2.0
#include "fscc.h"

/* [MS-FSCC] 2.4.7 FileBasicInformation */
int fscc_get_basic(struct wire_span in, struct fscc_basic *b)
{
	struct wire_reader r = wire_reader_of(in);

	b->creation_time = wire_get_u64(&r);
	b->last_access_time = wire_get_u64(&r);
	b->last_write_time = wire_get_u64(&r);
	b->change_time = wire_get_u64(&r);
	b->attributes = wire_get_u32(&r);
	wire_skip(&r, 4);			/* Reserved */
	return wire_reader_status(&r);
}

/* RootDirectory and the name, the same in both rename classes */
static void get_rename_target(struct wire_reader *r, struct fscc_rename *rn)
{
	rn->root_directory = wire_get_u64(r);
	rn->name = wire_take_span(r, wire_get_u32(r));
}

/* [MS-FSCC] 2.4.42.2 FileRenameInformation for SMB2 */
int fscc_get_rename(struct wire_span in, struct fscc_rename *rn)
{
	struct wire_reader r = wire_reader_of(in);

	rn->replace_if_exists = wire_get_u8(&r);
	rn->flags = rn->replace_if_exists ? FILE_RENAME_REPLACE_IF_EXISTS : 0;
	wire_skip(&r, 7);			/* Reserved */
	get_rename_target(&r, rn);
	return wire_reader_status(&r);
}

/* [MS-FSCC] 2.4.43 FileRenameInformationEx */
int fscc_get_rename_ex(struct wire_span in, struct fscc_rename *rn)
{
	struct wire_reader r = wire_reader_of(in);

	rn->flags = wire_get_u32(&r);
	rn->replace_if_exists = rn->flags & FILE_RENAME_REPLACE_IF_EXISTS;
	wire_skip(&r, 4);			/* Reserved */
	get_rename_target(&r, rn);
	return wire_reader_status(&r);
}

/* [MS-FSCC] 2.4.11 FileDispositionInformation */
int fscc_get_disposition(struct wire_span in, u32 *flags)
{
	struct wire_reader r = wire_reader_of(in);

	*flags = wire_get_u8(&r) ? FILE_DISPOSITION_DELETE : 0;
	return wire_reader_status(&r);
}

/* [MS-FSCC] 2.4.12 FileDispositionInformationEx */
int fscc_get_disposition_ex(struct wire_span in, u32 *flags)
{
	return fscc_get_u32(in, flags);
}

int fscc_get_u64(struct wire_span in, u64 *v)
{
	struct wire_reader r = wire_reader_of(in);

	*v = wire_get_u64(&r);
	return wire_reader_status(&r);
}

int fscc_get_u32(struct wire_span in, u32 *v)
{
	struct wire_reader r = wire_reader_of(in);

	*v = wire_get_u32(&r);
	return wire_reader_status(&r);
}

/*
 * [MS-FSCC] 2.4.16 FileFullEaInformation.  The next entry has to begin behind
 * this one's value, so a chain always advances.
 */
int fscc_get_ea(struct wire_reader *r, struct fscc_ea *ea, bool *more)
{
	u32 start = r->pos, next;
	u16 value_length;
	u8 name_length;

	next = wire_get_u32(r);
	ea->flags = wire_get_u8(r);
	name_length = wire_get_u8(r);
	value_length = wire_get_u16(r);
	ea->name = wire_take_span(r, name_length);
	if (!name_length || wire_get_u8(r) != 0 || r->bad ||
	    memchr(ea->name.data, 0, name_length))
		r->bad = true;
	ea->value = wire_take_span(r, value_length);
	*more = next && !r->bad;
	if (*more) {
		if (next % 4 || next < r->pos - start ||
		    next > r->msg.len - start)
			r->bad = true;
		else
			r->pos = start + next;
	}
	*more = *more && !r->bad;
	return wire_reader_status(r);
}
