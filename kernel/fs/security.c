// SPDX-License-Identifier: GPL-2.0
/*
 * The security descriptor that owner, group and mode amount to, [MS-DTYP]
 * 2.4.6, self-relative: header, owner, group, DACL.
 *
 *	owner	S-1-5-21-a-b-c-uid	a, b, c: the server's, from mountd
 *	group	S-1-22-2-gid
 *	others	S-1-1-0
 */
#include <linux/fs.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "fs/fs.h"
#include "fs/stat.h"

#define SD_HEADER_SIZE		20
#define SE_DACL_PRESENT		0x0004
#define SE_SELF_RELATIVE	0x8000
#define ACL_HEADER_SIZE		8
#define ACL_REVISION		2
#define ACE_HEADER_SIZE		8	/* with the mask */
#define ACCESS_ALLOWED_ACE	0
#define MAX_SUBAUTH		5
#define DESCRIPTOR_MAX		256

/* what everyone may who reaches the object, see fs/access.c */
#define ACE_ALWAYS	(FILE_READ_ATTRIBUTES | ACCESS_READ_CONTROL | ACCESS_SYNCHRONIZE)
#define ACE_READ	(ACE_ALWAYS | FILE_READ_DATA | FILE_READ_EA)
#define ACE_WRITE	(ACE_ALWAYS | FILE_WRITE_DATA | FILE_APPEND_DATA |	\
			 FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)
#define ACE_EXECUTE	(ACE_ALWAYS | FILE_EXECUTE)

struct sid {
	u8 authority;		/* the last of six bytes; the others are 0 */
	u8 n;
	u32 sub[MAX_SUBAUTH];
};

struct ace {
	struct sid sid;
	u32 mask;
};

static struct sid owner_sid(kuid_t uid)
{
	const u32 *domain = ksmbd_settings.sub_auth;

	return (struct sid) {
		.authority = 5, .n = 5,
		.sub = { 21, domain[0], domain[1], domain[2],
			 from_kuid_munged(&init_user_ns, uid) },
	};
}

static struct sid group_sid(kgid_t gid)
{
	return (struct sid) {
		.authority = 22, .n = 2,
		.sub = { 2, from_kgid_munged(&init_user_ns, gid) },
	};
}

static struct sid everyone_sid(void)
{
	return (struct sid) { .authority = 1, .n = 1, .sub = { 0 } };
}

static u32 sid_size(const struct sid *sid)
{
	return 8 + 4 * sid->n;
}

/* [MS-DTYP] 2.4.2.2 */
static void put_sid(struct wire_writer *w, const struct sid *sid)
{
	wire_put_u8(w, 1);
	wire_put_u8(w, sid->n);
	wire_put_zero(w, 5);
	wire_put_u8(w, sid->authority);
	for (u8 i = 0; i < sid->n; i++)
		wire_put_u32(w, sid->sub[i]);
}

static u32 mask_of(umode_t bits, bool dir)
{
	u32 mask = ACE_ALWAYS;

	if (bits & 4)
		mask |= ACE_READ;
	if (bits & 2)
		mask |= ACE_WRITE | (dir ? FILE_DELETE_CHILD : 0);
	if (bits & 1)
		mask |= ACE_EXECUTE;
	return mask;
}

/* [MS-DTYP] 2.4.5, 2.4.4.2 */
static void put_dacl(struct wire_writer *w, const struct kstat *st)
{
	bool dir = S_ISDIR(st->mode);
	const struct ace aces[] = {
		{ owner_sid(st->uid), mask_of(st->mode >> 6, dir) |
		  FILE_WRITE_ATTRIBUTES | ACCESS_WRITE_DAC },
		{ group_sid(st->gid), mask_of(st->mode >> 3, dir) },
		{ everyone_sid(), mask_of(st->mode, dir) },
	};
	u32 size = ACL_HEADER_SIZE;

	for (u32 i = 0; i < ARRAY_SIZE(aces); i++)
		size += ACE_HEADER_SIZE + sid_size(&aces[i].sid);
	wire_put_u8(w, ACL_REVISION);
	wire_put_u8(w, 0);
	wire_put_u16(w, size);
	wire_put_u16(w, ARRAY_SIZE(aces));
	wire_put_u16(w, 0);
	for (u32 i = 0; i < ARRAY_SIZE(aces); i++) {
		wire_put_u8(w, ACCESS_ALLOWED_ACE);
		wire_put_u8(w, 0);		/* AceFlags: nothing is inherited */
		wire_put_u16(w, ACE_HEADER_SIZE + sid_size(&aces[i].sid));
		wire_put_u32(w, aces[i].mask);
		put_sid(w, &aces[i].sid);
	}
}

static void put_descriptor(struct wire_writer *w, const struct kstat *st,
			   u32 info)
{
	const struct sid owner = owner_sid(st->uid), group = group_sid(st->gid);
	bool dacl = info & DACL_SECURITY_INFORMATION;

	wire_put_u8(w, 1);			/* Revision */
	wire_put_u8(w, 0);
	wire_put_u16(w, SE_SELF_RELATIVE | (dacl ? SE_DACL_PRESENT : 0));
	wire_put_zero(w, 16);			/* the offsets, patched below */
	if (info & OWNER_SECURITY_INFORMATION) {
		wire_patch_u32(w, 4, w->len);
		put_sid(w, &owner);
	}
	if (info & GROUP_SECURITY_INFORMATION) {
		wire_patch_u32(w, 8, w->len);
		put_sid(w, &group);
	}
	if (dacl) {
		wire_patch_u32(w, 16, w->len);
		put_dacl(w, st);
	}
}

ntstatus_t ksmbd_fs_query_security(struct ksmbd_open *open, u32 info, void *buf,
				   u32 cap, u32 *len)
{
	const u32 known = OWNER_SECURITY_INFORMATION |
			  GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
	u8 descriptor[DESCRIPTOR_MAX];
	struct wire_writer w = wire_writer_of(descriptor, sizeof(descriptor));
	struct kstat st;
	int err;

	*len = 0;
	if (info & known && !(open->granted_access & ACCESS_READ_CONTROL))
		return STATUS_ACCESS_DENIED;
	err = ksmbd_getattr(&open->filp->f_path, &st);
	if (err)
		return ntstatus_from_errno(err);
	put_descriptor(&w, &st, info);
	if (WARN_ON_ONCE(w.full))
		return STATUS_INTERNAL_ERROR;
	*len = w.len;
	if (w.len > cap)
		return STATUS_BUFFER_TOO_SMALL;
	memcpy(buf, descriptor, w.len);
	return STATUS_SUCCESS;
}
