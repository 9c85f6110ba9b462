// SPDX-License-Identifier: GPL-2.0
/* FileStreamInformation: [MS-FSA] 2.1.5.12.29 */
#include <linux/fs.h>
#include <linux/slab.h>
#include "fs/stat.h"
#include "fs/stream.h"
#include "fs/stream_store.h"
#include "fs/xattr.h"

#define NO_ENTRY	((u32)-1)

u32 ksmbd_stream_stored_size(const struct path *path, const char *xattr)
{
	struct inode *inode = d_inode(path->dentry);
	struct ksmbd_stream_value v;
	int err;

	inode_lock_shared(inode);
	err = ksmbd_stream_load(path, xattr, 0, &v);
	inode_unlock_shared(inode);
	if (err)
		return 0;
	ksmbd_stream_value_free(&v);
	return v.len;
}

static int put_unnamed(const struct path *path, struct wire_writer *w)
{
	struct kstat st;
	int err = ksmbd_getattr(path, &st);

	if (err)
		return err;
	return fscc_put_stream(w, NO_ENTRY, "", 0, st.size, (u64)st.blocks << 9);
}

static int put_named(const struct path *path, struct wire_writer *w, int prev)
{
	struct ksmbd_xattrs names;
	const char *at = NULL, *name;
	u32 len, size;
	int err = ksmbd_xattrs_get(path, &names);

	if (err)
		return err;
	while (prev != -ENOSPC && (at = ksmbd_xattrs_next(&names, at))) {
		name = ksmbd_stream_of_xattr(at, &len);
		if (!name)
			continue;
		size = ksmbd_stream_stored_size(path, at);
		prev = fscc_put_stream(w, prev, name, len, size,
				       ALIGN(size, KSMBD_STREAM_UNIT));
		cond_resched();
	}
	ksmbd_xattrs_free(&names);
	return prev == -ENOSPC ? prev : 0;
}

ntstatus_t ksmbd_fs_query_streams(struct ksmbd_open *open, struct wire_writer *w)
{
	const struct path *path = &open->filp->f_path;
	struct inode *inode = d_inode(path->dentry);
	int at = NO_ENTRY, err = 0;

	/* a directory has no unnamed data stream */
	if (S_ISREG(inode->i_mode)) {
		at = put_unnamed(path, w);
		err = min(at, 0);
	}
	if (!err && ksmbd_stream_supported(open->tree->share, inode))
		err = put_named(path, w, at);
	return err == -ENOSPC ? STATUS_BUFFER_OVERFLOW : ntstatus_from_errno(err);
}
