// SPDX-License-Identifier: GPL-2.0
#include "sd.h"

#include "smb2.h"

#define SID_HEADER_SIZE		8
#define ACL_HEADER_SIZE		8
#define ACE_HEADER_SIZE		8	/* with the mask */
#define ACL_REVISION		2
#define ACL_REVISION_MAX	4	/* 3 is said by some, and means nothing */
#define KEPT_CONTROL		(SD_OWNER_DEFAULTED | SD_GROUP_DEFAULTED |	\
				 SD_DACL_PRESENT | SD_DACL_PROTECTED |		\
				 SD_DACL_AUTO_INHERITED |			\
				 SD_DACL_AUTO_INHERIT_REQ)

struct header {
	u16 control;
	u32 owner, group, sacl, dacl;
};

bool sd_sid_equal(const struct sd_sid *a, const struct sd_sid *b)
{
	u8 i;

	if (a->authority != b->authority || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->sub[i] != b->sub[i])
			return false;
	return true;
}

/* The offset of a part from the descriptor's start; 0 when there is none. */
static u32 get_offset(struct wire_reader *r, u32 base)
{
	u32 offset = wire_get_u32(r);

	if (!offset || offset == base)
		return 0;
	if (offset < base || offset - base < SD_HEADER_SIZE) {
		r->bad = true;
		return 0;
	}
	return offset - base;
}

static void get_header(struct wire_reader *r, u32 base, struct header *h)
{
	if (r->msg.len > SD_MAX_SIZE || wire_get_u8(r) != 1)	/* Revision */
		r->bad = true;
	wire_skip(r, 1);			/* Sbz1 */
	h->control = wire_get_u16(r);
	h->owner = get_offset(r, base);
	h->group = get_offset(r, base);
	if (h->control & SD_SACL_PRESENT)
		h->sacl = get_offset(r, base);
	else
		wire_skip(r, 4);
	h->dacl = get_offset(r, base);
	if (!(h->control & SD_SELF_RELATIVE))
		r->bad = true;
}

static void get_sid(struct wire_reader *r, struct sd_sid *sid)
{
	u8 i;

	if (wire_get_u8(r) != 1)		/* Revision */
		r->bad = true;
	sid->n = wire_get_u8(r);
	if (sid->n > SD_MAX_SUB_AUTHORITIES) {
		sid->n = 0;
		r->bad = true;
	}
	sid->authority = 0;
	for (i = 0; i < 6; i++)			/* big-endian */
		sid->authority = sid->authority << 8 | wire_get_u8(r);
	for (i = 0; i < sid->n; i++)
		sid->sub[i] = wire_get_u32(r);
}

/* A reader over the ACEs of the ACL at @offset; *count as the ACL says. */
static struct wire_reader get_acl(struct wire_span in, u32 offset, u16 *count)
{
	struct wire_reader r = wire_reader_at(in, offset);
	u8 revision = wire_get_u8(&r);
	u16 size;

	wire_skip(&r, 1);			/* Sbz1 */
	size = wire_get_u16(&r);
	*count = wire_get_u16(&r);
	wire_skip(&r, 2);			/* Sbz2 */
	if (revision < ACL_REVISION || revision > ACL_REVISION_MAX)
		r.bad = true;
	if (r.bad || size < ACL_HEADER_SIZE ||
	    size > wire_left(&r) + ACL_HEADER_SIZE ||
	    *count > (size - ACL_HEADER_SIZE) / (ACE_HEADER_SIZE + SID_HEADER_SIZE)) {
		r.bad = true;
		return r;
	}
	r.msg.len = offset + size;
	return r;
}

/* 2.4.4.2 and 2.4.4.4; what follows the SID is nobody's and is dropped. */
static int get_ace(struct wire_reader *acl, struct sd_ace *ace)
{
	struct wire_reader r = { };
	u32 start = acl->pos;
	u16 size;

	ace->type = wire_get_u8(acl);
	ace->flags = wire_get_u8(acl) & SD_ACE_FLAGS;
	size = wire_get_u16(acl);
	if (acl->bad || size < ACE_HEADER_SIZE || size % 4)
		return -EINVAL;
	acl->pos = start;
	r.msg = wire_take_span(acl, size);
	if (acl->bad)
		return -EINVAL;
	if (ace->type != SD_ACE_ALLOWED && ace->type != SD_ACE_DENIED)
		return -EOPNOTSUPP;
	wire_skip(&r, 4);
	ace->mask = wire_get_u32(&r);
	get_sid(&r, &ace->sid);
	return wire_reader_status(&r);
}

static int get_dacl(struct wire_span in, u32 offset, struct sd *sd)
{
	u16 count, i;
	struct wire_reader acl = get_acl(in, offset, &count);

	if (acl.bad)
		return -EINVAL;
	if (count > sd->max_aces)
		return -ENOSPC;
	for (i = 0; i < count; i++) {
		int err = get_ace(&acl, &sd->aces[i]);

		if (err)
			return err;
	}
	sd->n_aces = count;
	return 0;
}

u32 sd_count_aces(struct wire_span in, u32 base)
{
	struct wire_reader r = wire_reader_of(in);
	struct header h = { };
	u16 count;

	get_header(&r, base, &h);
	if (r.bad || !(h.control & SD_DACL_PRESENT) || !h.dacl)
		return 0;
	r = get_acl(in, h.dacl, &count);
	return r.bad ? 0 : count;
}

int sd_decode(struct wire_span in, u32 base, struct sd *sd)
{
	struct wire_reader r = wire_reader_of(in), part;
	struct header h = { };
	u16 count;

	sd->control = 0;
	sd->has_owner = sd->has_group = sd->null_dacl = false;
	sd->n_aces = 0;
	get_header(&r, base, &h);
	if (r.bad)
		return -EINVAL;
	sd->control = h.control & KEPT_CONTROL;
	if (h.owner) {
		part = wire_reader_at(in, h.owner);
		get_sid(&part, &sd->owner);
		r.bad |= part.bad;
		sd->has_owner = true;
	}
	if (h.group) {
		part = wire_reader_at(in, h.group);
		get_sid(&part, &sd->group);
		r.bad |= part.bad;
		sd->has_group = true;
	}
	if (h.sacl) {
		part = get_acl(in, h.sacl, &count);
		r.bad |= part.bad;
	}
	if (r.bad)
		return -EINVAL;
	if (!(h.control & SD_DACL_PRESENT))
		return 0;
	sd->null_dacl = !h.dacl;
	return h.dacl ? get_dacl(in, h.dacl, sd) : 0;
}

static u32 sid_size(const struct sd_sid *sid)
{
	return SID_HEADER_SIZE + 4 * sid->n;
}

static u32 dacl_size(const struct sd *sd)
{
	u32 size = ACL_HEADER_SIZE, i;

	for (i = 0; i < sd->n_aces; i++)
		size += ACE_HEADER_SIZE + sid_size(&sd->aces[i].sid);
	return size;
}

static bool writes_dacl(const struct sd *sd, u32 info)
{
	return info & DACL_SECURITY_INFORMATION && sd->control & SD_DACL_PRESENT;
}

u32 sd_size(const struct sd *sd, u32 info)
{
	u32 size = SD_HEADER_SIZE;

	if (info & OWNER_SECURITY_INFORMATION && sd->has_owner)
		size += sid_size(&sd->owner);
	if (info & GROUP_SECURITY_INFORMATION && sd->has_group)
		size += sid_size(&sd->group);
	if (writes_dacl(sd, info) && !sd->null_dacl)
		size += dacl_size(sd);
	return size;
}

static void put_sid(struct wire_writer *w, const struct sd_sid *sid)
{
	u8 i;

	wire_put_u8(w, 1);			/* Revision */
	wire_put_u8(w, sid->n);
	for (i = 0; i < 6; i++)
		wire_put_u8(w, sid->authority >> (40 - 8 * i));
	for (i = 0; i < sid->n; i++)
		wire_put_u32(w, sid->sub[i]);
}

static void put_dacl(struct wire_writer *w, const struct sd *sd)
{
	u32 size = dacl_size(sd), i;

	if (size > 0xFFFF) {
		w->full = true;
		return;
	}
	wire_put_u8(w, ACL_REVISION);
	wire_put_u8(w, 0);
	wire_put_u16(w, size);
	wire_put_u16(w, sd->n_aces);
	wire_put_u16(w, 0);
	for (i = 0; i < sd->n_aces; i++) {
		const struct sd_ace *ace = &sd->aces[i];

		wire_put_u8(w, ace->type);
		wire_put_u8(w, ace->flags);
		wire_put_u16(w, ACE_HEADER_SIZE + sid_size(&ace->sid));
		wire_put_u32(w, ace->mask);
		put_sid(w, &ace->sid);
	}
}

void sd_encode(struct wire_writer *w, const struct sd *sd, u32 info, u32 base)
{
	u32 start = w->len;
	u16 control = SD_SELF_RELATIVE |
		      (sd->control & (SD_OWNER_DEFAULTED | SD_GROUP_DEFAULTED));

	if (info & DACL_SECURITY_INFORMATION)
		control |= sd->control & KEPT_CONTROL;
	wire_put_u8(w, 1);			/* Revision */
	wire_put_u8(w, 0);
	wire_put_u16(w, control);
	wire_put_zero(w, 16);			/* the offsets, patched below */
	if (info & OWNER_SECURITY_INFORMATION && sd->has_owner) {
		wire_patch_u32(w, start + 4, w->len - start + base);
		put_sid(w, &sd->owner);
	}
	if (info & GROUP_SECURITY_INFORMATION && sd->has_group) {
		wire_patch_u32(w, start + 8, w->len - start + base);
		put_sid(w, &sd->group);
	}
	if (writes_dacl(sd, info) && !sd->null_dacl) {
		wire_patch_u32(w, start + 16, w->len - start + base);
		put_dacl(w, sd);
	}
}
