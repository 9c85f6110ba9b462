/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One authentication exchange: the GSS-API side of SESSION_SETUP.  SPNEGO or
 * raw NTLMSSP in, a logged-on account and a session key out.
 */
#ifndef _KSMBD_AUTH_H
#define _KSMBD_AUTH_H

#include <linux/types.h>
#include "ipc/ipc.h"
#include "ntstatus.h"
#include "wire/wire.h"

#define KSMBD_AUTH_MAX_BLOB	4096	/* bytes either way */
#define KSMBD_AUTH_MAX_KEY	64	/* bytes of a GSS session key */

struct ksmbd_auth;

/**
 * struct ksmbd_auth_result - who it was, when ksmbd_auth_step() says SUCCESS
 * @login: ids and flags; taken over by the caller, who frees it
 * @session_key: of GSS, zero behind its @session_key_len bytes, so that its
 *	first 16 are [MS-SMB2]'s Session.SessionKey and all of them
 *	Session.FullSessionKey; all zero for a guest or anonymous account
 */
struct ksmbd_auth_result {
	struct ksmbd_ipc_login login;
	bool guest, anonymous;
	u8 session_key[KSMBD_AUTH_MAX_KEY];
	u32 session_key_len;
};

/* The token of NEGOTIATE: NegTokenInit2 with our mechanisms. */
void ksmbd_auth_put_hint(struct wire_writer *w);

/* @peer goes to the log with the reason of a refusal. */
struct ksmbd_auth *ksmbd_auth_new(const char *peer);
void ksmbd_auth_free(struct ksmbd_auth *auth);	/* wipes; NULL is fine */

/*
 * One leg.  Appends the answer token, possibly none, to @out (KSMBD_AUTH_MAX_BLOB
 * bytes) and returns
 *	STATUS_MORE_PROCESSING_REQUIRED  another leg follows
 *	STATUS_SUCCESS			 @result is filled
 *	STATUS_LOGON_FAILURE, STATUS_INVALID_PARAMETER, STATUS_NOT_SUPPORTED,
 *	STATUS_NO_LOGON_SERVERS (mountd away), STATUS_INSUFFICIENT_RESOURCES
 * Sleeps: it asks mountd, and delays a failed log-on when mountd says so; the
 * delays of parallel attempts for one account run one after another.  Legs of one exchange must not
 * run in parallel; the caller holds its session's setup lock.
 * A failed exchange is over; another begins with ksmbd_auth_new().
 */
ntstatus_t ksmbd_auth_step(struct ksmbd_auth *auth, struct wire_span in,
			   struct wire_writer *out,
			   struct ksmbd_auth_result *result);

#endif
