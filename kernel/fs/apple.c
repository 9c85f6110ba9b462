// SPDX-License-Identifier: GPL-2.0
#include "fs/apple.h"

#include <linux/dcache.h>
#include <linux/fs.h>
#include "fs/access.h"
#include "fs/stream.h"
#include "fs/stream_store.h"

#define AFP_STREAM(name)	KSMBD_STREAM_PREFIX name KSMBD_STREAM_SUFFIX

bool ksmbd_apple_answer(struct ksmbd_tree *tree, const struct aapl_query *q,
			struct aapl_answer *a)
{
	const struct ksmbd_share *share = tree->share;

	if (!(share->flags & KSMBD_SHARE_FLAG_APPLE) || !q->command)
		return false;
	*a = (struct aapl_answer) {
		.answered = q->asked & (AAPL_SERVER_CAPS | AAPL_VOLUME_CAPS |
					AAPL_MODEL_INFO),
		.server	= AAPL_READ_DIR_ATTR,
		.volume	= share->flags & KSMBD_SHARE_FLAG_TIME_MACHINE ?
			  AAPL_FULL_SYNC : 0,
		.model	= share->model,
	};
	if (q->asked & AAPL_SERVER_CAPS && q->client & AAPL_READ_DIR_ATTR)
		WRITE_ONCE(tree->apple, true);
	return true;
}

static u32 maximal_access(const struct ksmbd_open *dir, const struct path *path)
{
	struct path parent = { .mnt = path->mnt };
	u32 access;

	parent.dentry = dget_parent(path->dentry);
	access = ksmbd_access_maximal(dir->tree, path, &parent);
	dput(parent.dentry);
	return dir->snapshot ? access & ~KSMBD_ACCESS_WRITES : access;
}

void ksmbd_apple_describe(const struct ksmbd_open *dir, const struct path *path,
			  s64 created, struct fscc_apple *a)
{
	struct inode *inode = d_inode(path->dentry);
	u8 info[AFP_INFO_SIZE + 1];	/* with a NUL behind it */
	ssize_t n = 0;

	*a = (struct fscc_apple) {
		.maximal_access	= maximal_access(dir, path),
		.mode		= inode->i_mode,
	};
	/* what is in a file is for who may read it */
	if (a->maximal_access & FILE_READ_DATA &&
	    ksmbd_stream_supported(dir->tree->share, inode)) {
		n = __vfs_getxattr(path->dentry, inode,
				   AFP_STREAM("AFP_AfpInfo"), info, sizeof(info));
		/* most have none, and its size is told by its last byte */
		if (__vfs_getxattr(path->dentry, inode, AFP_STREAM("AFP_Resource"),
				   NULL, 0) > 0)
			a->resource_size = ksmbd_stream_stored_size(path,
						AFP_STREAM("AFP_Resource"));
	}
	wire_get_finder_info((struct wire_span) { info, max_t(ssize_t, n, 0) },
			     created, a);
}
