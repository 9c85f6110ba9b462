/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows security descriptors of files.
 *
 * On a share with KSMBD_SHARE_FLAG_ACL_XATTR a descriptor is kept, as it was
 * set, in the xattr security.NTACL.  What a user may do is then what the
 * descriptor grants AND what Unix lets him do, since the VFS is asked with
 * his credentials: the descriptor narrows.  Rights that Unix has no word for
 * (READ_CONTROL, WRITE_DAC, WRITE_OWNER, FILE_READ_ATTRIBUTES, SYNCHRONIZE)
 * come from the descriptor alone.  So that Unix does not refuse what the
 * descriptor means to grant, setting one sets mode and POSIX ACL as near to
 * it as they can say; a directory keeps its x bits, as Windows lets everybody
 * traverse.
 *
 * The xattr has a hash of owner, mode and POSIX ACL in it.  When a local
 * process changes one of these, the descriptor no longer applies, and the mode
 * is what counts again.  The same without the share flag, where a DACL that
 * is set becomes a mode and nothing else.
 */
#ifndef _KSMBD_ACL_H
#define _KSMBD_ACL_H

#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/path.h>
#include <linux/stat.h>
#include "server/tree.h"
#include "wire/sd.h"

/* --- SIDs (fs/sid.c) --- */

extern const struct sd_sid ksmbd_sid_everyone;		/* S-1-1-0 */

struct sd_sid ksmbd_sid_of_uid(u32 uid);	/* S-1-5-21-a-b-c-uid */
struct sd_sid ksmbd_sid_of_gid(u32 gid);	/* S-1-22-2-gid */
/* These, and S-1-22-1-uid; false for whoever is no Unix user or group. */
bool ksmbd_sid_to_uid(const struct sd_sid *sid, u32 *uid);
bool ksmbd_sid_to_gid(const struct sd_sid *sid, u32 *gid);

/**
 * struct ksmbd_acl_token - whose access is asked for
 * @groups: NULL for none but @gid
 * @has_uid, @has_gid: false for a stranger, who is in Everyone only
 */
struct ksmbd_acl_token {
	bool has_uid, has_gid, authenticated;
	u32 uid, gid;
	const struct group_info *groups;
};

/* [MS-DTYP] 2.5.3.2 for MAXIMUM_ALLOWED: all that @sd grants, mapped. */
u32 ksmbd_acl_evaluate(const struct sd *sd, const struct ksmbd_acl_token *token);

/* --- descriptors (fs/acl.c) --- */

/* Room for @max_aces; freed with kvfree(). */
struct sd *ksmbd_sd_alloc(u32 max_aces);
DEFINE_FREE(ksmbd_sd, struct sd *, kvfree(_T))

/* Decodes what a client sent; ERR_PTR(-EINVAL, -EOPNOTSUPP, -ENOMEM). */
struct sd *ksmbd_sd_decode(struct wire_span in);
/* Generic rights in ACEs that apply to the object itself become specific. */
void ksmbd_sd_map_generic(struct sd *sd);

static inline bool ksmbd_acl_stored(const struct ksmbd_share *share)
{
	return share->flags & KSMBD_SHARE_FLAG_ACL_XATTR;
}

/* The descriptor that applies: NULL for none, ERR_PTR. */
struct sd *ksmbd_acl_load(const struct ksmbd_share *share,
			  const struct path *path);
/*
 * Writes it, with the hash of what @path's mode and ACL are now.  Asks for no
 * permission: the caller has decided.
 */
int ksmbd_acl_store(const struct path *path, const struct sd *sd);
/* Mode, and with @named a POSIX ACL, as near to @sd as they can be. */
int ksmbd_acl_apply_mode(const struct path *path, const struct sd *sd,
			 bool named);

/* --- decisions (fs/acl_check.c) --- */

/* What is left of @access, which Unix grants, with the descriptors looked at. */
u32 ksmbd_acl_limit(const struct ksmbd_tree *tree, const struct path *entry,
		    const struct path *parent, u32 access);
/* May the user add a file or directory to @parent? */
bool ksmbd_acl_may_add(const struct ksmbd_tree *tree, const struct path *parent,
		       bool dir);
/*
 * The DACL of a new object in @parent, [MS-DTYP] 2.5.3.4: NULL when nothing is
 * inherited, or ERR_PTR.
 */
struct sd *ksmbd_acl_inherit(const struct ksmbd_share *share,
			     const struct path *parent, const struct kstat *st);

#endif
