// SPDX-License-Identifier: GPL-2.0
#include "auth/auth.h"

#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "auth/delay.h"
#include "auth/ntlm.h"
#include "auth/spnego.h"
#include "wire/utf16.h"

/**
 * struct ksmbd_auth - one exchange, owned by the session being set up
 * @peer: for the log
 * @state: what the next leg has to bring
 * @spnego: the wrapping
 * @ntlm: the mechanism inside it
 *
 * No lock: the caller runs one leg at a time.
 */
struct ksmbd_auth {
	char peer[64];
	enum { AUTH_START, AUTH_NEGOTIATE, AUTH_AUTHENTICATE, AUTH_OVER } state;
	struct ksmbd_spnego spnego;
	struct ksmbd_ntlm ntlm;
};

/* One AUTHENTICATE message while it is judged. */
struct attempt {
	struct wire_span message;
	struct wire_span mech_mic;
	struct ntlmssp_authenticate a;
	bool anonymous;
	char account[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];
};

void ksmbd_auth_put_hint(struct wire_writer *w)
{
	static const enum spnego_mech mechs[] = {
		SPNEGO_MECH_MS_KRB5, SPNEGO_MECH_KRB5, SPNEGO_MECH_NTLMSSP,
	};

	spnego_put_init(w, mechs, ARRAY_SIZE(mechs));
}

struct ksmbd_auth *ksmbd_auth_new(const char *peer)
{
	struct ksmbd_auth *auth = kzalloc(sizeof(*auth), GFP_KERNEL);

	if (auth)
		strscpy(auth->peer, peer, sizeof(auth->peer));
	return auth;
}

void ksmbd_auth_free(struct ksmbd_auth *auth)
{
	if (!auth)
		return;
	ksmbd_spnego_release(&auth->spnego);
	ksmbd_ntlm_release(&auth->ntlm);
	kfree_sensitive(auth);
}

static ntstatus_t status_of(int err)
{
	switch (err) {
	case 0:
		return STATUS_SUCCESS;
	case -EINVAL:
		return STATUS_INVALID_PARAMETER;
	case -EOPNOTSUPP:
		return STATUS_NOT_SUPPORTED;
	case -EACCES:
	case -EBADMSG:
	case -ENAMETOOLONG:
	case -EMSGSIZE:
		return STATUS_LOGON_FAILURE;
	case -ENOTCONN:
	case -ETIMEDOUT:
	case -EPROTO:
	case -EINTR:
		return STATUS_NO_LOGON_SERVERS;
	default:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
}

/* The name is the client's: no control bytes, and no quote to end it early. */
static void log_refusal(const struct ksmbd_auth *auth, const char *account,
			const char *reason)
{
	char shown[KSMBD_REQ_MAX_ACCOUNT_NAME_SZ];

	strscpy(shown, account, sizeof(shown));
	strreplace(shown, '\'', '?');
	pr_info_ratelimited("ksmbd: log-on of '%*pE' from %s refused: %s\n",
			    (int)strlen(shown), shown, auth->peer, reason);
}

static ntstatus_t refuse(const struct ksmbd_auth *auth,
			 const struct attempt *t, const char *reason)
{
	log_refusal(auth, t->anonymous ? "(anonymous)" : t->account, reason);
	return STATUS_LOGON_FAILURE;
}

static ntstatus_t send_challenge(struct ksmbd_auth *auth,
				 struct wire_span token,
				 struct wire_writer *out)
{
	u8 *buf = kmalloc(KSMBD_AUTH_MAX_BLOB, GFP_KERNEL);
	struct wire_writer w = wire_writer_of(buf, KSMBD_AUTH_MAX_BLOB);
	int err;

	if (!buf)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ksmbd_ntlm_challenge(&auth->ntlm, token, &w);
	if (!err) {
		const struct wire_span msg = { .data = buf, .len = w.len };

		ksmbd_spnego_put_more(&auth->spnego, msg, out);
		auth->state = AUTH_AUTHENTICATE;
	}
	kfree(buf);
	if (err == -EOPNOTSUPP)
		log_refusal(auth, "?", "the client does not offer NTLMv2 with 128 bits");
	return err ? status_of(err) : STATUS_MORE_PROCESSING_REQUIRED;
}

/*
 * The ticket is mountd's to judge, and the answer its.  A ticket never makes a
 * guest: whoever proved who he is does not become somebody else.
 */
static ntstatus_t check_ticket(struct ksmbd_auth *auth, struct wire_span in,
			       struct wire_writer *out,
			       struct ksmbd_auth_result *result)
{
	struct ksmbd_ipc_login *login = &result->login;
	u32 len = KSMBD_MAX_TOKEN;
	u8 *answer = kmalloc(len, GFP_KERNEL);
	int err;

	if (!answer)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ksmbd_ipc_ticket(in.data, in.len, login, result->session_key,
			       &result->session_key_len, answer, &len);
	if (!err)
		wire_put_bytes(out, answer, len);
	kfree(answer);
	if (err) {
		log_refusal(auth, "(Kerberos)", "no answer from ksmbd.mountd");
		return status_of(err);
	}
	if (login->flags & KSMBD_USER_FLAG_OK &&
	    !(login->flags & (KSMBD_USER_FLAG_BAD_USER | KSMBD_USER_FLAG_BAD_UID |
			      KSMBD_USER_FLAG_GUEST_ACCOUNT)) && !out->full)
		return STATUS_SUCCESS;
	ksmbd_ipc_login_free(login);
	memzero_explicit(result, sizeof(*result));
	return STATUS_LOGON_FAILURE;
}

static ntstatus_t first_leg(struct ksmbd_auth *auth, struct wire_span in,
			    struct wire_writer *out,
			    struct ksmbd_auth_result *result)
{
	struct wire_span token;
	ntstatus_t status;
	int err;

	err = ksmbd_spnego_first(&auth->spnego, in, &token);
	if (err == -EOPNOTSUPP)
		log_refusal(auth, "?", "the client offers neither NTLMSSP nor Kerberos");
	if (err)
		return status_of(err);
	if (auth->spnego.kerberos) {
		const u32 before = out->len;

		status = check_ticket(auth, in, out, result);
		if (status != STATUS_LOGON_FAILURE || !auth->spnego.ntlmssp)
			return status;
		out->len = before;	/* RFC 4178: our choice, MIC and all */
	}
	if (token.len)
		return send_challenge(auth, token, out);

	ksmbd_spnego_put_more(&auth->spnego, token, out);
	auth->state = AUTH_NEGOTIATE;
	return STATUS_MORE_PROCESSING_REQUIRED;
}

static ntstatus_t negotiate_leg(struct ksmbd_auth *auth, struct wire_span in,
				struct wire_writer *out)
{
	struct wire_span token, mic;
	int err;

	err = ksmbd_spnego_next(&auth->spnego, in, &token, &mic);
	if (err)
		return status_of(err);
	return send_challenge(auth, token, out);
}

/* Who it is, and whether that can be asked; NULL or the reason why not. */
static const char *identify(struct ksmbd_auth *auth, struct attempt *t)
{
	const char *reason;
	int err;

	t->anonymous = ksmbd_ntlm_is_anonymous(&t->a);
	err = wire_utf8_from_utf16(t->a.user, t->account, sizeof(t->account));
	if (err < 0)
		strscpy(t->account, "?", sizeof(t->account));
	reason = ksmbd_ntlm_refuses(&auth->ntlm, &t->a);
	if (reason)
		return reason;
	if (err == -ENAMETOOLONG)
		return "name too long";
	if (err < 0)
		return "unreadable user name";
	/* "" would ask for the anonymous user, and this client offers a proof. */
	if (!t->anonymous && !t->account[0])
		return "no user name";
	return NULL;
}

/*
 * The proof, and the brake on guessing.  mountd hears only of wrong passwords:
 * a log-out without that flag would clear its count of them, and nothing but
 * a session that ends may do that.
 */
static int check_password(struct ksmbd_auth *auth, const struct attempt *t,
			  const struct ksmbd_ipc_login *login)
{
	struct ksmbd_delay *delay = NULL;
	int err;

	if (login->flags & KSMBD_USER_FLAG_DELAY_SESSION) {
		delay = ksmbd_delay_enter(t->account);
		if (!delay) {
			refuse(auth, t, "too many wrong passwords at once");
			return -EACCES;
		}
	}
	err = ksmbd_ntlm_check(&auth->ntlm, t->message, &t->a, login->nt_hash);
	if (err == -EACCES) {
		refuse(auth, t, "wrong password");
		ksmbd_ipc_logout(login->account,
				 login->flags | KSMBD_USER_FLAG_BAD_PASSWORD);
	} else if (err == -EBADMSG) {
		refuse(auth, t, "message integrity check failed");
	}
	if (delay)
		ksmbd_delay_leave(delay, err == -EACCES);
	return err;
}

/* Judges what mountd said of the account, and fills @result but the login. */
static ntstatus_t judge(struct ksmbd_auth *auth, const struct attempt *t,
			const struct ksmbd_ipc_login *login,
			struct wire_writer *out,
			struct ksmbd_auth_result *result)
{
	bool guest = login->flags & KSMBD_USER_FLAG_GUEST_ACCOUNT;
	int err;

	if (!(login->flags & KSMBD_USER_FLAG_OK) ||
	    (login->flags & KSMBD_USER_FLAG_BAD_USER))
		return refuse(auth, t, "unknown user");
	if (login->flags & KSMBD_USER_FLAG_BAD_UID)
		return refuse(auth, t, "the account has no valid uid");
	if (t->anonymous && !guest)
		return refuse(auth, t, "anonymous users are not allowed");
	if (guest) {
		ksmbd_spnego_finish_keyless(&auth->spnego, out);
		result->anonymous = t->anonymous;
		result->guest = !t->anonymous;
		return STATUS_SUCCESS;
	}
	if (!login->has_hash)
		return refuse(auth, t, "the account has no password");

	err = check_password(auth, t, login);
	if (err)
		return status_of(err);
	err = ksmbd_spnego_finish(&auth->spnego, &auth->ntlm, t->mech_mic, out);
	if (err == -EBADMSG)
		return refuse(auth, t, "list of mechanisms was tampered with");
	if (err)
		return status_of(err);
	memcpy(result->session_key, auth->ntlm.key, sizeof(auth->ntlm.key));
	result->session_key_len = sizeof(auth->ntlm.key);
	return STATUS_SUCCESS;
}

static ntstatus_t ask_mountd(struct ksmbd_auth *auth, const struct attempt *t,
			     struct wire_writer *out,
			     struct ksmbd_auth_result *result)
{
	ntstatus_t status;
	int err;

	err = ksmbd_ipc_login(t->account, &result->login);
	if (err) {
		log_refusal(auth, t->account, err == -ENAMETOOLONG ||
			    err == -EMSGSIZE ? "name too long" :
			    "no answer from ksmbd.mountd");
		return status_of(err);
	}
	status = judge(auth, t, &result->login, out, result);
	if (status == STATUS_SUCCESS) {
		/* Nobody needs it any more. */
		memzero_explicit(result->login.nt_hash,
				 sizeof(result->login.nt_hash));
		result->login.has_hash = false;
	} else {
		ksmbd_ipc_login_free(&result->login);
	}
	return status;
}

static ntstatus_t authenticate_leg(struct ksmbd_auth *auth,
				   struct wire_span in,
				   struct wire_writer *out,
				   struct ksmbd_auth_result *result)
{
	struct attempt *t = kzalloc(sizeof(*t), GFP_KERNEL);
	const char *reason;
	ntstatus_t status;
	int err;

	if (!t)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ksmbd_spnego_next(&auth->spnego, in, &t->message, &t->mech_mic);
	if (!err)
		err = ntlmssp_decode_authenticate(t->message, &t->a);
	if (err) {
		status = status_of(err);
		goto free;
	}
	reason = identify(auth, t);
	if (reason)
		status = refuse(auth, t, reason);
	else
		status = ask_mountd(auth, t, out, result);
free:
	kfree_sensitive(t);
	return status;
}

ntstatus_t ksmbd_auth_step(struct ksmbd_auth *auth, struct wire_span in,
			   struct wire_writer *out,
			   struct ksmbd_auth_result *result)
{
	ntstatus_t status;

	memset(result, 0, sizeof(*result));
	switch (auth->state) {
	case AUTH_START:
		status = first_leg(auth, in, out, result);
		break;
	case AUTH_NEGOTIATE:
		status = negotiate_leg(auth, in, out);
		break;
	case AUTH_AUTHENTICATE:
		status = authenticate_leg(auth, in, out, result);
		break;
	default:
		return STATUS_INVALID_PARAMETER;
	}
	if (status != STATUS_MORE_PROCESSING_REQUIRED)
		auth->state = AUTH_OVER;
	return status;
}
