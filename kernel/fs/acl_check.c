// SPDX-License-Identifier: GPL-2.0
/* What security descriptors leave of a user's rights, and what they leave to children. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/uidgid.h>
#include "compat/vfs.h"
#include "fs/acl.h"
#include "server/session.h"
#include "wire/smb2.h"

/* Rights that the VFS does not ask about: the descriptor alone decides. */
#define NOT_OF_UNIX	(ACCESS_READ_CONTROL | ACCESS_WRITE_DAC |		\
			 ACCESS_WRITE_OWNER | ACCESS_SYNCHRONIZE |		\
			 FILE_READ_ATTRIBUTES)

static const struct sd_sid creator_owner = { .authority = 3, .n = 1 };
static const struct sd_sid creator_group = {
	.authority = 3, .n = 1, .sub = { 1 },
};

static u32 evaluate(const struct ksmbd_tree *tree, const struct sd *sd)
{
	const struct cred *cred = current_cred();
	const struct ksmbd_acl_token token = {
		.has_uid = true,
		.has_gid = true,
		.authenticated = !tree->session->guest &&
				 !tree->session->anonymous,
		.uid = from_kuid(&init_user_ns, cred->fsuid),
		.gid = from_kgid(&init_user_ns, cred->fsgid),
		.groups = cred->group_info,
	};
	u32 access = ksmbd_acl_evaluate(sd, &token);

	/* an administrator may take back what he is locked out of */
	if (capable(CAP_FOWNER))
		access |= ACCESS_READ_CONTROL | ACCESS_WRITE_DAC |
			  ACCESS_WRITE_OWNER;
	return access;
}

/*
 * What @parent grants on its entries, [MS-FSA] 2.1.5.1.2.1: FILE_DELETE_CHILD
 * and FILE_LIST_DIRECTORY.  Without a descriptor Unix has spoken already about
 * the one; the other it has never asked for.
 */
static u32 parent_rights(const struct ksmbd_tree *tree, const struct path *parent)
{
	struct sd *sd __free(ksmbd_sd) = ksmbd_acl_load(tree->share, parent);
	u32 access = FILE_DELETE_CHILD | FILE_LIST_DIRECTORY;

	if (IS_ERR(sd)) {
		sd = NULL;
		return 0;
	}
	return sd ? evaluate(tree, sd) : access;
}

static bool is_owner(const struct path *entry)
{
	return compat_owner_or_capable(entry);
}

u32 ksmbd_acl_limit(const struct ksmbd_tree *tree, const struct path *entry,
		    const struct path *parent, u32 access)
{
	bool may_unlink = access & ACCESS_DELETE;
	struct sd *sd __free(ksmbd_sd) = NULL;
	u32 above = 0;

	if (!ksmbd_acl_stored(tree->share))
		return access;
	if (entry->dentry != parent->dentry)
		above = parent_rights(tree, parent);
	sd = ksmbd_acl_load(tree->share, entry);
	if (IS_ERR(sd)) {		/* it may be a stricter one: nothing */
		sd = NULL;
		return 0;
	}
	if (sd) {
		access = evaluate(tree, sd) & (access | NOT_OF_UNIX);
		if (above & FILE_LIST_DIRECTORY)
			access |= FILE_READ_ATTRIBUTES;
	} else if (!is_owner(entry)) {
		access &= ~ACCESS_DELETE;
	}
	if (may_unlink && above & FILE_DELETE_CHILD)
		access |= ACCESS_DELETE;
	return access;
}

bool ksmbd_acl_may_add(const struct ksmbd_tree *tree, const struct path *parent,
		       bool dir)
{
	u32 needed = dir ? FILE_ADD_SUBDIRECTORY : FILE_ADD_FILE;
	struct sd *sd __free(ksmbd_sd) = ksmbd_acl_load(tree->share, parent);

	if (IS_ERR(sd)) {
		sd = NULL;
		return false;
	}
	return !sd || evaluate(tree, sd) & needed;
}

/* --- inheritance --- */

static void add_ace(struct sd *sd, const struct sd_ace *ace,
		    const struct sd_sid *sid, u8 flags)
{
	struct sd_ace *new = &sd->aces[sd->n_aces++];

	*new = *ace;
	new->flags = flags;
	new->sid = *sid;
}

static bool is_creator(const struct sd_sid *sid)
{
	return sd_sid_equal(sid, &creator_owner) ||
	       sd_sid_equal(sid, &creator_group);
}

static bool has_generic(const struct sd_ace *ace)
{
	return ace->mask & (ACCESS_GENERIC_READ | ACCESS_GENERIC_WRITE |
			    ACCESS_GENERIC_EXECUTE | ACCESS_GENERIC_ALL);
}

/*
 * An ACE that means whoever creates, or a generic right, becomes two in a
 * directory: what it comes to there, and itself for what will be made inside.
 * @marked: SD_ACE_INHERITED or 0
 */
static void inherit_ace(struct sd *child, const struct sd_ace *ace, bool dir,
			u8 marked)
{
	u8 onward = ace->flags & (SD_ACE_OBJECT_INHERIT | SD_ACE_CONTAINER_INHERIT);
	bool here = ace->flags & (dir ? SD_ACE_CONTAINER_INHERIT :
					SD_ACE_OBJECT_INHERIT);
	const struct sd_sid *sid = &ace->sid;
	bool template = is_creator(sid) || has_generic(ace);

	if (!dir || ace->flags & SD_ACE_NO_PROPAGATE)
		onward = 0;
	if (sd_sid_equal(sid, &creator_owner))
		sid = &child->owner;
	else if (sd_sid_equal(sid, &creator_group))
		sid = &child->group;
	if (here)
		add_ace(child, ace, sid, marked | (template ? 0 : onward));
	if (onward && (!here || template))
		add_ace(child, ace, &ace->sid,
			marked | onward | SD_ACE_INHERIT_ONLY);
}

struct sd *ksmbd_acl_inherit(const struct ksmbd_share *share,
			     const struct path *parent, const struct kstat *st)
{
	struct sd *above __free(ksmbd_sd) = ksmbd_acl_load(share, parent);
	struct sd *child;
	u8 marked;

	if (IS_ERR_OR_NULL(above)) {
		child = above;
		above = NULL;
		return child;
	}
	child = ksmbd_sd_alloc(2 * above->n_aces);
	if (!child)
		return ERR_PTR(-ENOMEM);
	child->has_owner = child->has_group = true;
	child->owner = ksmbd_sid_of_uid(from_kuid(&init_user_ns, st->uid));
	child->group = ksmbd_sid_of_gid(from_kgid(&init_user_ns, st->gid));
	child->control = SD_DACL_PRESENT |
			 (above->control & SD_DACL_AUTO_INHERITED);
	marked = above->control & SD_DACL_AUTO_INHERITED ? SD_ACE_INHERITED : 0;
	for (u32 i = 0; i < above->n_aces; i++)
		inherit_ace(child, &above->aces[i], S_ISDIR(st->mode), marked);
	if (!child->n_aces) {
		kvfree(child);
		return NULL;
	}
	ksmbd_sd_map_generic(child);
	return child;
}
