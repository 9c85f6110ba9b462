// SPDX-License-Identifier: GPL-2.0
/* Log-in and log-out: who an account is, by mountd's word. */
#include "ipc/link.h"

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

/*
 * Groups come in a second answer.  Without it the log-in fails: groups that
 * are missing can also open what an ACL closes to them.
 */
static int take_groups(struct ksmbd_ipc_login *login, const void *data, u32 len)
{
	const struct ksmbd_login_response_ext *rsp = data;
	u32 n;

	if (len < sizeof(*rsp) || rsp->ngroups < 0 ||
	    rsp->ngroups > KSMBD_MAX_GROUPS)
		return -EPROTO;
	n = rsp->ngroups;
	if (len != sizeof(*rsp) + n * sizeof(u32))
		return -EPROTO;
	if (!n)
		return 0;
	login->groups = kvmalloc_array(n, sizeof(*login->groups), GFP_KERNEL);
	if (!login->groups)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++) {
		u32 id;

		memcpy(&id, rsp->____payload + i * sizeof(id), sizeof(id));
		login->groups[i] = make_kgid(&init_user_ns, id);
		if (!gid_valid(login->groups[i]))
			return -EPROTO;
	}
	login->n_groups = n;
	return 0;
}

static int take_login(struct ksmbd_ipc_login *login, const void *data, u32 len)
{
	const struct ksmbd_login_response *rsp = data;
	const char *account;

	if (len < sizeof(*rsp))
		return -EPROTO;
	login->flags = rsp->status;
	if (!(rsp->status & KSMBD_USER_FLAG_OK))
		return 0;
	account = ksmbd_ipc_string(rsp->account, sizeof(rsp->account));
	login->uid = make_kuid(&init_user_ns, rsp->uid);
	login->gid = make_kgid(&init_user_ns, rsp->gid);
	if (!account || !uid_valid(login->uid) || !gid_valid(login->gid))
		return -EPROTO;
	strscpy(login->account, account, sizeof(login->account));
	if (rsp->hash_sz) {
		/* an NT hash has 16 bytes; anything else cannot be checked */
		if (rsp->hash_sz != sizeof(login->nt_hash))
			return -EPROTO;
		memcpy(login->nt_hash, rsp->hash, sizeof(login->nt_hash));
		login->has_hash = true;
	}
	return 0;
}

static int ask_for(u8 event, const char *account, struct ksmbd_ipc_login *login,
		   int (*take)(struct ksmbd_ipc_login *, const void *, u32))
{
	struct ksmbd_login_request req = { };
	void *reply;
	u32 len;
	int err;

	err = ksmbd_ipc_put_string(req.account, sizeof(req.account), account);
	if (err)
		return err;
	err = ksmbd_ipc_ask_once(event, &req, sizeof(req), &reply, &len);
	if (err)
		return err;
	err = take(login, reply, len);
	kvfree_sensitive(reply, len);
	return err;
}

int ksmbd_ipc_login(const char *account, struct ksmbd_ipc_login *login)
{
	int err;

	memset(login, 0, sizeof(*login));
	err = ask_for(KSMBD_EVENT_LOGIN_REQUEST, account, login, take_login);
	if (!err && login->flags & KSMBD_USER_FLAG_OK &&
	    login->flags & KSMBD_USER_FLAG_EXTENSION)
		err = ask_for(KSMBD_EVENT_LOGIN_REQUEST_EXT, account, login,
			      take_groups);
	if (err)
		ksmbd_ipc_login_free(login);
	return err;
}

void ksmbd_ipc_login_free(struct ksmbd_ipc_login *login)
{
	kvfree(login->groups);
	memzero_explicit(login, sizeof(*login));
}

void ksmbd_ipc_logout(const char *account, u32 flags)
{
	struct ksmbd_logout_request req = { .account_flags = flags };

	if (ksmbd_ipc_put_string(req.account, sizeof(req.account), account))
		return;
	ksmbd_ipc_notify(KSMBD_EVENT_LOGOUT_REQUEST, &req, sizeof(req));
}
