// SPDX-License-Identifier: GPL-2.0
#include "server/user.h"

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

/*
 * What no process can have tells our credentials from theirs: an ambient capability
 * that is not permitted.  It gives no right to anything.
 */
#define MARK	CAP_LEASE

static void mark(struct cred *cred)
{
	cap_lower(cred->cap_permitted, MARK);
	cap_lower(cred->cap_effective, MARK);
	cap_raise(cred->cap_ambient, MARK);
}

bool ksmbd_user_is_current(void)
{
	const struct cred *cred = current_cred();

	return cap_raised(cred->cap_ambient, MARK) &&
	       !cap_raised(cred->cap_permitted, MARK);
}

struct cred *ksmbd_user_kernel_cred(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (cred)
		mark(cred);
	return cred;
}

/*
 * Nobody but uid 0 has any: nothing overrides permissions, the sticky bit or
 * quota for a user, and what a client asks for in root's name does not
 * override quota either, nor reach beyond files.
 */
static void set_capabilities(struct cred *cred)
{
	cap_clear(cred->cap_inheritable);
	cap_clear(cred->cap_permitted);
	cap_clear(cred->cap_effective);
	cap_clear(cred->cap_ambient);
	cap_clear(cred->cap_bset);
	if (!uid_eq(cred->fsuid, GLOBAL_ROOT_UID))
		return;
	cap_raise(cred->cap_permitted, CAP_CHOWN);
	cap_raise(cred->cap_permitted, CAP_DAC_OVERRIDE);
	cap_raise(cred->cap_permitted, CAP_DAC_READ_SEARCH);
	cap_raise(cred->cap_permitted, CAP_FOWNER);
	cap_raise(cred->cap_permitted, CAP_FSETID);
	cred->cap_effective = cred->cap_permitted;
}

static void set_ids(struct cred *cred, kuid_t uid, kgid_t gid)
{
	cred->uid = cred->euid = cred->suid = cred->fsuid = uid;
	cred->gid = cred->egid = cred->sgid = cred->fsgid = gid;
}

static const struct cred *new_cred(kuid_t uid, kgid_t gid,
				   struct group_info *groups)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return NULL;
	set_ids(cred, uid, gid);
	set_groups(cred, groups);
	set_capabilities(cred);
	mark(cred);
	return cred;
}

static struct group_info *groups_of(const struct ksmbd_ipc_login *login)
{
	struct group_info *gi = groups_alloc(login->n_groups);

	if (!gi)
		return NULL;
	for (u32 i = 0; i < login->n_groups; i++)
		gi->gid[i] = login->groups[i];
	groups_sort(gi);
	return gi;
}

static const struct cred *login_cred(const struct ksmbd_ipc_login *login)
{
	struct group_info *groups = groups_of(login);
	const struct cred *cred;

	if (!groups)
		return NULL;
	cred = new_cred(login->uid, login->gid, groups);
	put_group_info(groups);
	return cred;
}

struct ksmbd_user *ksmbd_user_new(struct ksmbd_ipc_login *login)
{
	struct ksmbd_user *user = kzalloc(sizeof(*user), GFP_KERNEL);

	if (!user)
		goto fail;
	user->cred = login_cred(login);
	if (!user->cred) {
		kfree(user);
		goto fail;
	}
	refcount_set(&user->ref, 1);
	strscpy(user->name, login->account, sizeof(user->name));
	user->flags = login->flags;
	ksmbd_ipc_login_free(login);
	return user;
fail:
	/* mountd counts who is logged in */
	ksmbd_ipc_logout(login->account, login->flags);
	ksmbd_ipc_login_free(login);
	return ERR_PTR(-ENOMEM);
}

void ksmbd_user_put(struct ksmbd_user *user)
{
	if (!user || !refcount_dec_and_test(&user->ref))
		return;
	ksmbd_ipc_logout(user->name, user->flags);
	put_cred(user->cred);
	kfree(user);
}

bool ksmbd_user_same(const struct ksmbd_user *a, const struct ksmbd_user *b)
{
	return !strcmp(a->name, b->name) &&
	       uid_eq(a->cred->uid, b->cred->uid) &&
	       !((a->flags ^ b->flags) & KSMBD_USER_FLAG_GUEST_ACCOUNT);
}

/*
 * A forced user is another person: the groups of the one who logged in do not
 * come along.  A forced group replaces the primary one only.
 */
const struct cred *ksmbd_user_fs_cred(const struct ksmbd_user *user,
				      u16 force_uid, u16 force_gid)
{
	struct group_info *groups, *none = NULL;
	kuid_t uid = user->cred->fsuid;
	kgid_t gid = user->cred->fsgid;
	const struct cred *cred;

	if (force_uid == KSMBD_SHARE_INVALID_UID &&
	    force_gid == KSMBD_SHARE_INVALID_GID)
		return get_cred(user->cred);
	groups = user->cred->group_info;
	if (force_uid != KSMBD_SHARE_INVALID_UID) {
		uid = make_kuid(&init_user_ns, force_uid);
		none = groups_alloc(0);
		groups = none;
	}
	if (force_gid != KSMBD_SHARE_INVALID_GID)
		gid = make_kgid(&init_user_ns, force_gid);
	if (!groups || !uid_valid(uid) || !gid_valid(gid))
		cred = NULL;
	else
		cred = new_cred(uid, gid, groups);
	if (none)
		put_group_info(none);
	return cred;
}
