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

static ntstatus_t new_session(struct ksmbd_request *rq)
{
	struct ksmbd_session *s = ksmbd_session_create(rq->conn, &rq->logon);

	if (IS_ERR(s)) {
		rq->logon = NULL;
		return PTR_ERR(s) == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES :
					       STATUS_REQUEST_NOT_ACCEPTED;
	}
	rq->session = s;
	rq->rsp_session_id = s->id;
	return STATUS_SUCCESS;
}

/*
 * Another leg of a new session's log-on, or a reauthentication.  The dispatcher
 * has looked the session up, for this connection only, and checked the signature.
 */
static ntstatus_t known_session(struct ksmbd_request *rq)
{
	if (!rq->session)
		return smb2_session_elsewhere(rq);
	if (!rq->channel &&
	    ksmbd_session_get_state(rq->session) == SESSION_VALID)
		return STATUS_USER_SESSION_DELETED;
	rq->logon = ksmbd_logon_get(rq->session, rq->conn, false);
	if (IS_ERR(rq->logon)) {
		rq->logon = NULL;
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	return STATUS_SUCCESS;
}

/* --- binding --- */

static ntstatus_t known_to(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	if (rq->channel)
		return STATUS_REQUEST_NOT_ACCEPTED;
	if (!(rq->hdr.flags & SMB2_FLAGS_SIGNED))
		return STATUS_INVALID_PARAMETER;
	switch (ksmbd_session_get_state(s)) {
	case SESSION_SETUP:
		return STATUS_REQUEST_NOT_ACCEPTED;
	case SESSION_DYING:
		return STATUS_USER_SESSION_DELETED;
	case SESSION_VALID:
		break;
	}
	if (s->guest || s->anonymous)
		return STATUS_NOT_SUPPORTED;
	return smb2_check_session_key(rq, s);
}

/*
 * Step 4, what this connection negotiated against what the session goes by.
 * GMAC is either all channels' or none's; Windows says so before all else.
 */
static ntstatus_t may_bind(const struct ksmbd_conn *conn,
			   const struct ksmbd_session *s)
{
	bool gmac = conn->signing_algorithm == SMB2_SIGNING_AES_GMAC;

	if (gmac != (s->signing_algorithm == SMB2_SIGNING_AES_GMAC))
		return gmac ? STATUS_NOT_SUPPORTED :
			      STATUS_REQUEST_OUT_OF_SEQUENCE;
	if (!ksmbd_conn_is_smb3(conn))
		return STATUS_REQUEST_NOT_ACCEPTED;
	if (s->dialect != conn->dialect || s->cipher != conn->cipher)
		return STATUS_INVALID_PARAMETER;
	if (memcmp(s->client_guid, conn->client_guid, sizeof(s->client_guid)))
		return STATUS_USER_SESSION_DELETED;
	return STATUS_SUCCESS;
}

static ntstatus_t session_to_bind(struct ksmbd_request *rq)
{
	struct ksmbd_session *s = rq->session;
	ntstatus_t status;

	if (!(ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_SMB3_MULTICHANNEL))
		return STATUS_REQUEST_NOT_ACCEPTED;
	if (!s)
		s = ksmbd_session_lookup(rq->hdr.session_id);
	if (!s)
		return STATUS_USER_SESSION_DELETED;
	status = known_to(rq, s);
	if (status == STATUS_SUCCESS) {
		rq->session = s;
		return may_bind(rq->conn, s);
	}
	if (s != rq->session)
		ksmbd_session_put(s);
	return status;
}

/* 3.3.5.5.1 and 3.3.5.5.3: the log-on's own hash goes on from NEGOTIATE's. */
static int hash_request(struct ksmbd_request *rq, struct ksmbd_logon *lg)
{
	struct kvec bytes = { (void *)rq->raw.data, rq->raw.len };

	if (rq->conn->dialect != SMB2_DIALECT_0311)
		return 0;
	if (!lg->auth)
		memcpy(lg->preauth_hash, rq->conn->preauth_hash,
		       sizeof(lg->preauth_hash));
	return ksmbd_preauth_update(lg->preauth_hash, &bytes, 1);
}

/*
 * 3.3.5.5.3 step 10: the client comes back after a broken connection.  Its opens
 * are gone, or wait for it, before it hears of success; so they are when the
 * server saw the loss itself and is still closing them.
 */
static void replace_previous(struct ksmbd_request *rq, struct ksmbd_session *s,
			     struct ksmbd_user *user)
{
	u64 id = rq->req.session_setup.previous_session_id;
	struct ksmbd_session *old;
	struct ksmbd_user *owner;

	if (!id || id == s->id)
		return;
	old = ksmbd_session_lookup(id);
	if (!old)
		return;
	owner = ksmbd_session_owner(old);
	if ((owner && ksmbd_user_same(owner, user)) ||
	    ksmbd_session_get_state(old) == SESSION_DYING)
		ksmbd_session_leave_sync(old);
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
	if (rq->logon->signing_key) {
		err = ksmbd_session_bind(s, rq->logon, user, result);
	} else if (ksmbd_session_get_state(s) == SESSION_VALID) {
		err = ksmbd_session_reauthenticate(s, user,
						   result->anonymous);
	} else {
		replace_previous(rq, s, user);
		s->signing_required = wants_signing(rq) && !result->guest &&
				      !result->anonymous;
		s->encrypt_data = must_encrypt();
		err = ksmbd_session_validate(s, rq->logon, user, result);
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

static ntstatus_t begin(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	switch (ksmbd_logon_begin(s, rq->logon)) {
	case 0:
		return STATUS_SUCCESS;
	case -ENOENT:
		return STATUS_USER_SESSION_DELETED;
	case -EUSERS:
	case -ENOMEM:
		return STATUS_INSUFFICIENT_RESOURCES;
	default:
		return STATUS_REQUEST_NOT_ACCEPTED;
	}
}

static ntstatus_t step(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	struct ksmbd_auth_result result = { };
	struct ksmbd_logon *lg = rq->logon;
	struct wire_writer w;
	ntstatus_t status;

	if (!ksmbd_payload_alloc(&rq->payload, KSMBD_AUTH_MAX_BLOB) ||
	    hash_request(rq, lg))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!lg->auth)
		lg->auth = ksmbd_auth_new(rq->conn->transport->peer);
	if (!lg->auth)
		return STATUS_INSUFFICIENT_RESOURCES;

	w = wire_writer_of(rq->payload.data, rq->payload.len);
	status = ksmbd_auth_step(lg->auth, rq->req.session_setup.blob, &w,
				 &result);
	rq->payload.len = w.full ? 0 : w.len;
	rq->rsp.session_setup.security_buffer_length = rq->payload.len;
	if (status == STATUS_MORE_PROCESSING_REQUIRED && w.full)
		return STATUS_INTERNAL_ERROR;
	if (status != STATUS_SUCCESS)
		return status;
	status = logged_on(rq, s, &result);
	memzero_explicit(&result, sizeof(result));
	return status;
}

/* One leg, under the session's setup lock. */
static ntstatus_t leg(struct ksmbd_request *rq, struct ksmbd_session *s)
{
	ntstatus_t status = begin(rq, s);

	if (status == STATUS_SUCCESS)
		status = step(rq, s);
	if (status != STATUS_MORE_PROCESSING_REQUIRED)
		ksmbd_logon_end(s, rq->logon);
	return status;
}

/*
 * 3.3.5.5.3: it ends with a failed proof, whether it never came to be or should
 * prove itself again.  The dispatcher has checked the signature, so nobody
 * else ends it for its owner; and mountd's absence ends nobody.  A connection
 * that could not join leaves the others alone.
 */
static bool ends_session(const struct ksmbd_request *rq, ntstatus_t status)
{
	if (!ntstatus_is_error(status) ||
	    status == STATUS_MORE_PROCESSING_REQUIRED || rq->logon->signing_key)
		return false;
	return status != STATUS_NO_LOGON_SERVERS ||
	       ksmbd_session_get_state(rq->session) == SESSION_SETUP;
}

ntstatus_t smb2_session_setup(struct ksmbd_request *rq)
{
	const struct smb2_session_setup_req *req = &rq->req.session_setup;
	ntstatus_t status;

	/* steps 1 and 2: who cannot encrypt where all has to be */
	if (must_encrypt() && !rq->conn->cipher)
		return STATUS_ACCESS_DENIED;
	if (req->blob.len > KSMBD_AUTH_MAX_BLOB)
		return STATUS_INVALID_PARAMETER;
	if (req->flags & SMB2_SESSION_FLAG_BINDING)
		status = session_to_bind(rq);
	else if (!rq->hdr.session_id)
		status = new_session(rq);
	else
		status = known_session(rq);
	if (status != STATUS_SUCCESS)
		return status;

	mutex_lock(&rq->session->setup);
	status = leg(rq, rq->session);
	mutex_unlock(&rq->session->setup);
	if (ends_session(rq, status))
		ksmbd_session_close(rq->session);
	return status;
}
