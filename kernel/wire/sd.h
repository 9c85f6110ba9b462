/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Security descriptors, [MS-DTYP] 2.4.6, in self-relative form.
 *
 * Bytes come from clients and from xattrs, and both may be hostile: they are
 * looked at once, in sd_decode(); everything else works on struct sd.
 */
#ifndef _WIRE_SD_H
#define _WIRE_SD_H

#include "wire.h"

#define SD_MAX_SIZE		65536
#define SD_MAX_SUB_AUTHORITIES	15
#define SD_HEADER_SIZE		20

/* Control, 2.4.6 */
#define SD_OWNER_DEFAULTED	0x0001
#define SD_GROUP_DEFAULTED	0x0002
#define SD_DACL_PRESENT		0x0004
#define SD_SACL_PRESENT		0x0010
#define SD_DACL_AUTO_INHERIT_REQ 0x0100
#define SD_DACL_AUTO_INHERITED	0x0400
#define SD_DACL_PROTECTED	0x1000
#define SD_SELF_RELATIVE	0x8000

/* AceType and AceFlags, 2.4.4.1 */
#define SD_ACE_ALLOWED		0
#define SD_ACE_DENIED		1
#define SD_ACE_OBJECT_INHERIT	0x01
#define SD_ACE_CONTAINER_INHERIT 0x02
#define SD_ACE_NO_PROPAGATE	0x04
#define SD_ACE_INHERIT_ONLY	0x08
#define SD_ACE_INHERITED	0x10
#define SD_ACE_FLAGS		0x1F

/* 2.4.2; IdentifierAuthority as a number */
struct sd_sid {
	u64 authority;
	u8 n;
	u32 sub[SD_MAX_SUB_AUTHORITIES];
};

struct sd_ace {
	u8 type;		/* SD_ACE_ALLOWED or SD_ACE_DENIED */
	u8 flags;
	u32 mask;
	struct sd_sid sid;
};

/**
 * struct sd - a security descriptor that was checked
 * @control: SD_DACL_PRESENT, _PROTECTED, _AUTO_INHERITED, _AUTO_INHERIT_REQ
 * @null_dacl: the DACL is there and grants everything to everyone; @n_aces 0
 *	without it grants nothing
 * @aces: of the caller, who has room for @max_aces
 *
 * A SACL is checked for its place and forgotten: none is ever set or shown.
 */
struct sd {
	u16 control;
	bool has_owner, has_group, null_dacl;
	struct sd_sid owner, group;
	u32 n_aces, max_aces;
	struct sd_ace *aces;
};

bool sd_sid_equal(const struct sd_sid *a, const struct sd_sid *b);

/*
 * How many ACEs sd_decode() may find, at most what fits in @in.  @base is what
 * the offsets count from in front of @in: 0, but in an xattr.
 */
u32 sd_count_aces(struct wire_span in, u32 base);
/*
 * 0; -EINVAL for bytes that are no descriptor; -EOPNOTSUPP for an ACE that is
 * neither a plain allow nor a plain deny one, -ENOSPC beyond @sd->max_aces.
 */
int sd_decode(struct wire_span in, u32 base, struct sd *sd);

/* What sd_encode() writes of @sd, chosen by *_SECURITY_INFORMATION. */
u32 sd_size(const struct sd *sd, u32 info);
void sd_encode(struct wire_writer *w, const struct sd *sd, u32 info, u32 base);

#endif /* _WIRE_SD_H */
