/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_USER_H
#define _KSMBD_USER_H

#include <linux/cred.h>
#include <linux/refcount.h>
#include "ipc/ipc.h"

/**
 * struct ksmbd_user - a logged-on account.  Immutable; freed with the last
 * reference, which tells mountd (LOGOUT).  The session holds one, and each
 * request that runs for it.
 */
struct ksmbd_user {
	refcount_t ref;
	char name[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];	/* "" for a guest */
	u32 flags;			/* KSMBD_USER_FLAG_* */
	const struct cred *cred;	/* uid, gid, groups; no capabilities */
};

/* Takes over what @login holds.  ERR_PTR on failure (and frees @login then too). */
struct ksmbd_user *ksmbd_user_new(struct ksmbd_ipc_login *login);
void ksmbd_user_put(struct ksmbd_user *user);	/* NULL is fine */
static inline void ksmbd_user_get(struct ksmbd_user *user)
{
	refcount_inc(&user->ref);
}
/* Same account, uid and guest state: what reauthentication asks. */
bool ksmbd_user_same(const struct ksmbd_user *a, const struct ksmbd_user *b);

/*
 * A credential for the filesystem: fsuid, fsgid and groups of @cred or the
 * forced ids, and the capabilities that nfsd leaves a user (none that
 * override permissions, quota or the sticky bit); for uid 0 those of root.
 */
const struct cred *ksmbd_user_fs_cred(const struct ksmbd_user *user,
				      u16 force_uid, u16 force_gid);
/* One for what a handle's rights have decided already; NULL: no memory. */
struct cred *ksmbd_user_kernel_cred(void);
/* Does this thread work for a client just now, with a credential of the above? */
bool ksmbd_user_is_current(void);

#endif
