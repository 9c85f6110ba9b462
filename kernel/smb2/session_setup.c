// SPDX-License-Identifier: GPL-2.0
/*
 * SMB2 SESSION_SETUP.  [MS-SMB2] 3.3.5.5
 *
 * Nothing that others can see changes before the proof is in: a new session
 * stays in SETUP, a session that reauthenticates keeps its user until then, and
 * the PreviousSessionId is looked at only after success.
 */
#include "smb2/smb2.h"

#include <linux/printk.h>

static struct ksmbd_session *session_for(struct ksmbd_request *rq,
					 ntstatus_t *status)
{
	struct ksmbd_session *s;

	*status = STATUS_SUCCESS;
	if (!rq->hdr.session_id) {
		s = ksmbd_session_create(rq->conn);
		if (IS_ERR(s)) {
			*status = PTR_ERR(s) == -ENOMEM ?
				  STATUS_INSUFFICIENT_RESOURCES :
				  STATUS_REQUEST_NOT_ACCEPTED;
			return NULL;
		}
		rq->session = s;
		rq->rsp_session_id = s->id;
		return s;
	}
	/* the dispatcher has looked it up, for this connection only */
	if (!rq->session)
		*status = STATUS_USER_SESSION_DELETED;
	return rq->session;
}

/* 3.3.5.5.1 and 3.3.5.5.3: the session's own hash goes on from NEGOTIATE's. */
static int hash_request(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	struct kvec bytes = { (void *)rq->raw.data, rq->raw.len };

	if (rq->conn->dialect != SMB2_DIALECT_0311)
		return 0;
	if (!s->auth)
		memcpy(s->preauth_hash, rq->conn->preauth_hash,
		       sizeof(s->preauth_hash));
	return ksmbd_preauth_update(s->preauth_hash, &bytes, 1);
}

/* 3.3.5.5.3 step 10: the client comes back after a broken connection. */
static void replace_previous(struct ksmbd_request *rq, struct ksmbd_session *s,
			     struct ksmbd_user *user)
{
	u64 id = rq->req.session_setup.previous_session_id;
	struct ksmbd_session *old;
	struct ksmbd_user *owner;

	if (!id || id == s->id)
		return;
	old = ksmbd_session_find_global(id);
	if (!old)
		return;
	owner = ksmbd_session_user(old);
	if (owner && ksmbd_user_same(owner, user))
		ksmbd_session_close(old);
	ksmbd_user_put(owner);
	ksmbd_session_put(old);
}

static bool wants_signing(const struct ksmbd_request *rq)
{
	return ksmbd_settings.signing == KSMBD_CONFIG_OPT_MANDATORY ||
	       rq->req.session_setup.security_mode & SMB2_NEGOTIATE_SIGNING_REQUIRED ||
	       rq->conn->client_security_mode & SMB2_NEGOTIATE_SIGNING_REQUIRED;
}

static bool must_encrypt(void)
{
	return ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_SMB2_ENCRYPTION;
}

static ntstatus_t logged_on(struct ksmbd_request *rq, struct ksmbd_session *s,
			    struct ksmbd_auth_result *result)
{
	struct smb2_session_setup_rsp *rsp = &rq->rsp.session_setup;
	struct ksmbd_user *user = ksmbd_user_new(&result->login);
	int err;

	if (IS_ERR(user))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (must_encrypt() && (result->guest || result->anonymous)) {
		ksmbd_user_put(user);		/* there is no key to do it with */
		return STATUS_ACCESS_DENIED;
	}
	if (ksmbd_session_get_state(s) == SESSION_VALID) {
		err = ksmbd_session_reauthenticate(s, user);
	} else {
		replace_previous(rq, s, user);
		s->signing_required = wants_signing(rq) && !result->guest &&
				      !result->anonymous;
		s->encrypt_data = must_encrypt();
		err = ksmbd_session_validate(s, rq->conn, user, result);
	}
	if (err == -EACCES)
		return STATUS_ACCESS_DENIED;
	if (err)
		return err == -ENOENT ? STATUS_USER_SESSION_DELETED :
					STATUS_INSUFFICIENT_RESOURCES;
	if (!rq->channel)
		rq->channel = ksmbd_channel_find(s, rq->conn);
	if (s->encrypt_data)
		rsp->session_flags |= SMB2_SESSION_FLAG_ENCRYPT_DATA;
	if (s->guest)
		rsp->session_flags |= SMB2_SESSION_FLAG_IS_GUEST;
	if (s->anonymous)
		rsp->session_flags |= SMB2_SESSION_FLAG_IS_NULL;
	return STATUS_SUCCESS;
}

/* One leg, under the session's setup lock. */
static ntstatus_t leg(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	struct ksmbd_auth_result result = { };
	struct wire_writer w;
	ntstatus_t status;

	if (ksmbd_session_get_state(s) == SESSION_DYING)
		return STATUS_USER_SESSION_DELETED;
	if (!ksmbd_payload_alloc(&rq->payload, KSMBD_AUTH_MAX_BLOB) ||
	    hash_request(rq, s))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!s->auth)
		s->auth = ksmbd_auth_new(rq->conn->transport->peer);
	if (!s->auth)
		return STATUS_INSUFFICIENT_RESOURCES;

	w = wire_writer_of(rq->payload.data, rq->payload.len);
	status = ksmbd_auth_step(s->auth, rq->req.session_setup.blob, &w,
				 &result);
	rq->payload.len = w.full ? 0 : w.len;
	rq->rsp.session_setup.security_buffer_length = rq->payload.len;
	if (status == STATUS_MORE_PROCESSING_REQUIRED)
		return w.full ? STATUS_INTERNAL_ERROR : status;

	ksmbd_auth_free(s->auth);
	s->auth = NULL;
	if (status != STATUS_SUCCESS)
		return status;
	status = logged_on(rq, s, &result);
	memzero_explicit(&result, sizeof(result));
	return status;
}

ntstatus_t smb2_session_setup(struct ksmbd_request *rq)
{
	const struct smb2_session_setup_req *req = &rq->req.session_setup;
	struct ksmbd_session *s;
	ntstatus_t status;

	/* 3.3.5.5 step 4: no multichannel was offered */
	if (req->flags & SMB2_SESSION_FLAG_BINDING)
		return STATUS_REQUEST_NOT_ACCEPTED;
	/* steps 1 and 2: who cannot encrypt where all has to be */
	if (must_encrypt() && !rq->conn->cipher)
		return STATUS_ACCESS_DENIED;
	if (req->blob.len > KSMBD_AUTH_MAX_BLOB)
		return STATUS_INVALID_PARAMETER;
	s = session_for(rq, &status);
	if (!s)
		return status;

	mutex_lock(&s->setup);
	status = leg(rq, s);
	mutex_unlock(&s->setup);

	/*
	 * 3.3.5.5.3: it ends here, whether it never came to be or failed to
	 * prove itself again.  The dispatcher has checked the signature, so
	 * nobody else ends it for its owner; and mountd's absence ends nobody.
	 */
	if (ntstatus_is_error(status) &&
	    status != STATUS_MORE_PROCESSING_REQUIRED &&
	    (status != STATUS_NO_LOGON_SERVERS ||
	     ksmbd_session_get_state(s) == SESSION_SETUP))
		ksmbd_session_close(s);
	return status;
}
