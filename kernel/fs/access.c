// SPDX-License-Identifier: GPL-2.0
#include "fs/access.h"

#include <linux/fs.h>
#include "compat/vfs.h"
#include "fs/acl.h"
#include "wire/smb2.h"

#define GENERIC_READ_FILE	(FILE_READ_DATA | FILE_READ_EA |		\
				 FILE_READ_ATTRIBUTES | ACCESS_READ_CONTROL |	\
				 ACCESS_SYNCHRONIZE)
#define GENERIC_WRITE_FILE	(FILE_WRITE_DATA | FILE_APPEND_DATA |		\
				 FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES |	\
				 ACCESS_READ_CONTROL | ACCESS_SYNCHRONIZE)
#define GENERIC_EXECUTE_FILE	(FILE_EXECUTE | FILE_READ_ATTRIBUTES |		\
				 ACCESS_READ_CONTROL | ACCESS_SYNCHRONIZE)
#define GENERIC_BITS		(ACCESS_GENERIC_READ | ACCESS_GENERIC_WRITE |	\
				 ACCESS_GENERIC_EXECUTE | ACCESS_GENERIC_ALL)

u32 ksmbd_access_map_generic(u32 access)
{
	u32 mapped = access & ~GENERIC_BITS;

	if (access & ACCESS_GENERIC_READ)
		mapped |= GENERIC_READ_FILE;
	if (access & ACCESS_GENERIC_WRITE)
		mapped |= GENERIC_WRITE_FILE;
	if (access & ACCESS_GENERIC_EXECUTE)
		mapped |= GENERIC_EXECUTE_FILE;
	if (access & ACCESS_GENERIC_ALL)
		mapped |= ACCESS_FILE_ALL;
	return mapped;
}

static bool may_delete(const struct path *entry, const struct path *parent)
{
	if (entry->dentry == parent->dentry)	/* the share's root */
		return false;
	return !compat_permission(parent, MAY_WRITE | MAY_EXEC) &&
	       !compat_check_sticky(parent->mnt, d_inode(parent->dentry),
				    d_inode(entry->dentry));
}

u32 ksmbd_access_maximal(const struct ksmbd_tree *tree,
			 const struct path *entry, const struct path *parent)
{
	u32 access = FILE_READ_ATTRIBUTES | ACCESS_READ_CONTROL |
		     ACCESS_SYNCHRONIZE;
	bool dir = d_is_dir(entry->dentry);

	if (!compat_permission(entry, MAY_READ)) {
		access |= FILE_READ_DATA | FILE_READ_EA;
		if (!dir)	/* programs run on the client, which only reads */
			access |= FILE_EXECUTE;
	}
	/* of a file, FILE_EXECUTE is a way to read it: never without MAY_READ */
	if (dir && !compat_permission(entry, MAY_EXEC))
		access |= FILE_TRAVERSE;
	if (!compat_permission(entry, dir ? MAY_WRITE | MAY_EXEC : MAY_WRITE)) {
		access |= FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES;
		/* an append-only file is not ours to promise: no data at all */
		if (dir || !IS_APPEND(d_inode(entry->dentry)))
			access |= FILE_WRITE_DATA | FILE_APPEND_DATA;
		/* means nothing for a file, but full control includes it */
		access |= FILE_DELETE_CHILD;
	}
	/* WRITE_OWNER lets nobody but root give a file away: chown() decides */
	if (compat_owner_or_capable(entry))
		access |= FILE_WRITE_ATTRIBUTES | ACCESS_WRITE_DAC |
			  ACCESS_WRITE_OWNER;
	if (may_delete(entry, parent))
		access |= ACCESS_DELETE;
	access = ksmbd_acl_limit(tree, entry, parent, access);
	if (!tree->writable)
		access &= ~KSMBD_ACCESS_WRITES;
	return access;
}
