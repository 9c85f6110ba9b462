// SPDX-License-Identifier: GPL-2.0
/*
 * QUERY_INFO and SET_INFO of security, and descriptors of new files.  Where
 * none is stored, the one that owner, group and mode amount to:
 *
 *	owner	S-1-5-21-a-b-c-uid	a, b, c: the server's, from mountd
 *	group	S-1-22-2-gid
 *	others	S-1-1-0
 *
 * Owner and group may be set to whom chown(2) lets the user make them.  With
 * descriptors stored they may also be some that are none of Unix, so that a
 * copy from elsewhere keeps them: names, which give nobody an owner's rights.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "debug.h"
#include "fs/access.h"
#include "fs/acl.h"
#include "fs/fs.h"
#include "fs/stat.h"

#define KNOWN_PARTS	(OWNER_SECURITY_INFORMATION |			\
			 GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION)

/* what everyone may who reaches the object, see fs/access.c */
#define ACE_ALWAYS	(FILE_READ_ATTRIBUTES | ACCESS_READ_CONTROL | ACCESS_SYNCHRONIZE)
#define ACE_READ	(ACE_ALWAYS | FILE_READ_DATA | FILE_READ_EA)
#define ACE_WRITE	(ACE_ALWAYS | FILE_WRITE_DATA | FILE_APPEND_DATA |	\
			 FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)
#define ACE_EXECUTE	(ACE_ALWAYS | FILE_EXECUTE)

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

static void set_ids(struct sd *sd, const struct kstat *st)
{
	sd->owner = ksmbd_sid_of_uid(from_kuid_munged(&init_user_ns, st->uid));
	sd->group = ksmbd_sid_of_gid(from_kgid_munged(&init_user_ns, st->gid));
	sd->has_owner = sd->has_group = true;
}

static struct sd *from_mode(const struct kstat *st)
{
	struct sd *sd = ksmbd_sd_alloc(3);
	bool dir = S_ISDIR(st->mode);

	if (!sd)
		return ERR_PTR(-ENOMEM);
	set_ids(sd, st);
	sd->control = SD_DACL_PRESENT;
	sd->n_aces = 3;
	sd->aces[0].sid = sd->owner;
	sd->aces[0].mask = mask_of(st->mode >> 6, dir) |
			   FILE_WRITE_ATTRIBUTES | ACCESS_WRITE_DAC;
	sd->aces[1].sid = sd->group;
	sd->aces[1].mask = mask_of(st->mode >> 3, dir);
	sd->aces[2].sid = ksmbd_sid_everyone;
	sd->aces[2].mask = mask_of(st->mode, dir);
	return sd;
}

static struct sd *current_sd(const struct ksmbd_share *share,
			     const struct path *path, const struct kstat *st)
{
	struct sd *sd = ksmbd_acl_load(share, path);

	return sd ? sd : from_mode(st);
}

ntstatus_t ksmbd_fs_query_security(struct ksmbd_open *open, u32 info, void *buf,
				   u32 cap, u32 *len)
{
	const struct path *path = &open->filp->f_path;
	struct wire_writer w = wire_writer_of(buf, cap);
	struct kstat st;
	struct sd *sd;
	int err;

	*len = 0;
	if (info & KNOWN_PARTS && !(open->granted_access & ACCESS_READ_CONTROL))
		return STATUS_ACCESS_DENIED;
	err = ksmbd_getattr(path, &st);
	if (err)
		return ntstatus_from_errno(err);
	sd = current_sd(open->tree->share, path, &st);
	if (IS_ERR(sd))
		return ntstatus_from_errno(PTR_ERR(sd));
	*len = sd_size(sd, info);
	if (*len <= cap)
		sd_encode(&w, sd, info, 0);
	kvfree(sd);
	if (*len > cap)
		return STATUS_BUFFER_TOO_SMALL;
	return WARN_ON_ONCE(w.full) ? STATUS_INTERNAL_ERROR : STATUS_SUCCESS;
}

/* --- setting --- */

static ntstatus_t decode_status(int err)
{
	switch (err) {
	case -EINVAL:
		return STATUS_INVALID_SECURITY_DESCR;
	case -EOPNOTSUPP:
		return STATUS_NOT_SUPPORTED;
	default:
		return ntstatus_from_errno(err);
	}
}

static u32 needed_access(u32 info)
{
	u32 access = 0;

	if (info & (OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION))
		access |= ACCESS_WRITE_OWNER;
	if (info & DACL_SECURITY_INFORMATION)
		access |= ACCESS_WRITE_DAC;
	return access;
}

/* Whom to give it to; an id of what the descriptor has of them. */
static ntstatus_t new_ids(const struct ksmbd_share *share, const struct sd *sd,
			  u32 info, const struct kstat *st, struct iattr *attr)
{
	u32 id;

	if (info & OWNER_SECURITY_INFORMATION && sd->has_owner) {
		if (ksmbd_sid_to_uid(&sd->owner, &id)) {
			attr->ia_uid = make_kuid(&init_user_ns, id);
			if (!uid_eq(attr->ia_uid, st->uid))
				attr->ia_valid |= ATTR_UID;
		} else if (!ksmbd_acl_stored(share)) {
			return STATUS_INVALID_OWNER;
		}
	}
	if (info & GROUP_SECURITY_INFORMATION && sd->has_group) {
		if (ksmbd_sid_to_gid(&sd->group, &id)) {
			attr->ia_gid = make_kgid(&init_user_ns, id);
			if (!gid_eq(attr->ia_gid, st->gid))
				attr->ia_valid |= ATTR_GID;
		} else if (!ksmbd_acl_stored(share)) {
			return STATUS_INVALID_PRIMARY_GROUP;
		}
	}
	return STATUS_SUCCESS;
}

/* Windows says INVALID_OWNER to him who may not make that one the owner. */
static ntstatus_t change_ids(const struct path *path, struct iattr *attr)
{
	bool owner = attr->ia_valid & ATTR_UID;
	int err;

	if (!attr->ia_valid)
		return STATUS_SUCCESS;
	if (!d_is_dir(path->dentry))		/* as chown(2) does */
		attr->ia_valid |= ATTR_KILL_SUID | ATTR_KILL_SGID |
				  ATTR_KILL_PRIV;
	err = ksmbd_setattr(path, attr);
	return err == -EPERM && owner ? STATUS_INVALID_OWNER :
					ntstatus_from_errno(err);
}

/*
 * 2.5.3.4 and [MS-FSA] 2.1.5.17: AUTO_INHERITED is kept when the client asks
 * for it with AUTO_INHERIT_REQ, which itself is never kept.
 */
static u16 dacl_control(u16 control)
{
	u16 kept = control & (SD_DACL_PRESENT | SD_DACL_PROTECTED);

	if (control & SD_DACL_AUTO_INHERIT_REQ)
		kept |= control & SD_DACL_AUTO_INHERITED;
	return kept;
}

/* Parts of @sd that are not in @info come from @old. */
static void fill_in(struct sd *sd, u32 info, struct sd *old)
{
	if (!(info & OWNER_SECURITY_INFORMATION) || !sd->has_owner)
		sd->owner = old->owner;
	if (!(info & GROUP_SECURITY_INFORMATION) || !sd->has_group)
		sd->group = old->group;
	sd->has_owner = sd->has_group = true;
	if (info & DACL_SECURITY_INFORMATION) {
		/* a DACL that is not there is one that grants everything */
		if (!(sd->control & SD_DACL_PRESENT))
			sd->null_dacl = true;
		sd->control = dacl_control(sd->control | SD_DACL_PRESENT);
		ksmbd_sd_map_generic(sd);
	} else {
		sd->control = old->control;
		sd->null_dacl = old->null_dacl;
		sd->aces = old->aces;
		sd->n_aces = old->n_aces;
	}
}

static int apply(const struct ksmbd_share *share, const struct path *path,
		 const struct sd *sd, bool dacl)
{
	bool stored = ksmbd_acl_stored(share);
	int err = dacl ? ksmbd_acl_apply_mode(path, sd, stored) : 0;

	if (!err && stored)
		err = ksmbd_acl_store(path, sd);
	return err;
}

static ntstatus_t set_security(struct ksmbd_open *open, u32 info, struct sd *sd)
{
	const struct ksmbd_share *share = open->tree->share;
	const struct path *path = &open->filp->f_path;
	bool dacl = info & DACL_SECURITY_INFORMATION;
	struct iattr attr = { };
	struct kstat st;
	ntstatus_t status;
	struct sd *old;
	int err;

	err = ksmbd_getattr(path, &st);
	if (err)
		return ntstatus_from_errno(err);
	status = new_ids(share, sd, info, &st, &attr);
	if (status != STATUS_SUCCESS)
		return status;
	old = current_sd(share, path, &st);
	if (IS_ERR(old))
		return ntstatus_from_errno(PTR_ERR(old));
	fill_in(sd, info, old);
	status = change_ids(path, &attr);
	if (status == STATUS_SUCCESS) {
		err = apply(share, path, sd, dacl);
		/* too big for the filesystem, most likely: as it was, then */
		if (err && apply(share, path, old, dacl))
			ksmbd_debug(VFS, "descriptor lost, the mode counts\n");
		status = ntstatus_from_errno(err);
	}
	kvfree(old);
	return status;
}

/* [MS-FSA] 2.1.5.17 */
ntstatus_t ksmbd_fs_set_security(struct ksmbd_open *open, u32 info,
				 struct wire_span in)
{
	ntstatus_t status;
	struct sd *sd;

	if (info & SACL_SECURITY_INFORMATION &&
	    !(open->granted_access & ACCESS_SYSTEM_SECURITY))
		return STATUS_ACCESS_DENIED;
	if (needed_access(info) & ~open->granted_access)
		return STATUS_ACCESS_DENIED;
	if (info & ~KNOWN_PARTS)
		return STATUS_NOT_SUPPORTED;
	sd = ksmbd_sd_decode(in);
	if (IS_ERR(sd))
		return decode_status(PTR_ERR(sd));
	mutex_lock(&ksmbd_file_base(open->file)->lock);
	status = set_security(open, info, sd);
	mutex_unlock(&ksmbd_file_base(open->file)->lock);
	kvfree(sd);
	return status;
}

/* --- new files --- */

/* The creator's own descriptor: his DACL, or what is inherited without one. */
static int new_sd(const struct ksmbd_share *share, const struct path *parent,
		  const struct kstat *st, struct sd *given, struct sd **made)
{
	struct sd *sd;

	*made = NULL;
	if (given && given->control & SD_DACL_PRESENT)
		return 0;
	sd = ksmbd_acl_inherit(share, parent, st);
	if (IS_ERR(sd))
		return PTR_ERR(sd);
	*made = sd;
	return 0;
}

int ksmbd_fs_new_security(const struct ksmbd_share *share,
			  const struct path *entry, const struct path *parent,
			  struct sd *given)
{
	struct sd *sd, *made, *old;
	struct kstat st;
	u32 info = 0;
	int err;

	if (!given && !ksmbd_acl_stored(share))
		return 0;
	err = ksmbd_getattr(entry, &st);
	if (!err)
		err = new_sd(share, parent, &st, given, &made);
	if (err)
		return err;
	sd = made ? made : given;
	if (sd == given) {
		if (!given || !(given->control & SD_DACL_PRESENT))
			return 0;
		old = from_mode(&st);
		if (IS_ERR(old))
			return PTR_ERR(old);
		info = DACL_SECURITY_INFORMATION;
		if (ksmbd_acl_stored(share))
			info |= OWNER_SECURITY_INFORMATION |
				GROUP_SECURITY_INFORMATION;
		fill_in(given, info, old);
		kvfree(old);
	}
	err = apply(share, entry, sd, true);
	kvfree(made);
	return err;
}

ntstatus_t ksmbd_fs_decode_security(const struct ksmbd_share *share,
				    struct wire_span in, struct sd **sd)
{
	struct sd *decoded = ksmbd_sd_decode(in);
	u32 uid;

	if (IS_ERR(decoded))
		return decode_status(PTR_ERR(decoded));
	if (decoded->has_owner &&
	    (ksmbd_sid_to_uid(&decoded->owner, &uid) ?
	     uid != from_kuid(&init_user_ns, current_fsuid()) :
	     !ksmbd_acl_stored(share))) {
		kvfree(decoded);
		return STATUS_INVALID_OWNER;
	}
	*sd = decoded;
	return STATUS_SUCCESS;
}
