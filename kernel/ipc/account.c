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

static int ask_groups(struct ksmbd_ipc_login *login)
{
	if (!(login->flags & KSMBD_USER_FLAG_OK) ||
	    !(login->flags & KSMBD_USER_FLAG_EXTENSION))
		return 0;
	return ask_for(KSMBD_EVENT_LOGIN_REQUEST_EXT, login->account, login,
		       take_groups);
}

int ksmbd_ipc_login(const char *account, struct ksmbd_ipc_login *login)
{
	int err;

	memset(login, 0, sizeof(*login));
	err = ask_for(KSMBD_EVENT_LOGIN_REQUEST, account, login, take_login);
	err = err ?: ask_groups(login);
	if (err)
		ksmbd_ipc_login_free(login);
	return err;
}

/* All that mountd says has to fit together to the byte. */
static int take_ticket(const void *data, u32 len, struct ksmbd_ipc_login *login,
		       u8 *key, u32 *key_len, void *answer, u32 *answer_len)
{
	const struct ksmbd_spnego_authen_response *rsp = data;
	u32 n_key, n_answer, room = *answer_len;
	int err;

	*key_len = *answer_len = 0;
	if (len < sizeof(*rsp))
		return -EPROTO;
	n_key = rsp->session_key_len;
	n_answer = rsp->spnego_blob_len;
	if (len != sizeof(*rsp) + n_key + n_answer)
		return -EPROTO;
	err = take_login(login, &rsp->login_response,
			 sizeof(rsp->login_response));
	if (err || !(login->flags & KSMBD_USER_FLAG_OK))
		return err;
	memzero_explicit(login->nt_hash, sizeof(login->nt_hash));
	login->has_hash = false;		/* the ticket is the proof */
	if (n_key < 16 || n_key > KSMBD_MAX_TICKET_KEY || n_answer > room ||
	    !login->account[0])
		return -EPROTO;
	memcpy(key, rsp->payload, n_key);
	memcpy(answer, rsp->payload + n_key, n_answer);
	*key_len = n_key;
	*answer_len = n_answer;
	return 0;
}

int ksmbd_ipc_ticket(const void *token, u32 len, struct ksmbd_ipc_login *login,
		     u8 key[KSMBD_MAX_TICKET_KEY], u32 *key_len,
		     void *answer, u32 *answer_len)
{
	struct ksmbd_spnego_authen_request *req;
	u32 size = sizeof(*req) + len + 1;	/* as long as stock ksmbd's */
	u32 reply_len;
	void *reply;
	int err;

	memset(login, 0, sizeof(*login));
	if (len > KSMBD_MAX_TOKEN)
		return -EMSGSIZE;
	req = kvzalloc(size, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	req->spnego_blob_len = len;
	memcpy(req->spnego_blob, token, len);
	err = ksmbd_ipc_ask_once(KSMBD_EVENT_SPNEGO_AUTHEN_REQUEST, req, size,
				 &reply, &reply_len);
	kvfree(req);
	if (err)
		return err;
	err = take_ticket(reply, reply_len, login, key, key_len, answer,
			  answer_len) ?: ask_groups(login);
	kvfree_sensitive(reply, reply_len);
	if (err) {
		memzero_explicit(key, KSMBD_MAX_TICKET_KEY);
		ksmbd_ipc_login_free(login);
	}
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
