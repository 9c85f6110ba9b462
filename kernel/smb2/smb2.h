/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_SMB2_H
#define _KSMBD_SMB2_H

#include "fs/open.h"
#include "server/request.h"

/* One file per command: smb2/<command>.c */
ntstatus_t smb2_negotiate(struct ksmbd_request *rq);
ntstatus_t smb2_session_setup(struct ksmbd_request *rq);
ntstatus_t smb2_logoff(struct ksmbd_request *rq);
ntstatus_t smb2_tree_connect(struct ksmbd_request *rq);
ntstatus_t smb2_tree_disconnect(struct ksmbd_request *rq);
ntstatus_t smb2_create(struct ksmbd_request *rq);
ntstatus_t smb2_close(struct ksmbd_request *rq);
ntstatus_t smb2_flush(struct ksmbd_request *rq);
ntstatus_t smb2_read(struct ksmbd_request *rq);
ntstatus_t smb2_write(struct ksmbd_request *rq);
ntstatus_t smb2_lock(struct ksmbd_request *rq);
ntstatus_t smb2_ioctl(struct ksmbd_request *rq);
ntstatus_t smb2_cancel(struct ksmbd_request *rq);
ntstatus_t smb2_echo(struct ksmbd_request *rq);
ntstatus_t smb2_query_directory(struct ksmbd_request *rq);
ntstatus_t smb2_change_notify(struct ksmbd_request *rq);
ntstatus_t smb2_query_info(struct ksmbd_request *rq);
ntstatus_t smb2_set_info(struct ksmbd_request *rq);
ntstatus_t smb2_oplock_break(struct ksmbd_request *rq);

/* The families of QUERY_INFO and SET_INFO. */
ntstatus_t smb2_query_file_info(struct ksmbd_request *rq);
ntstatus_t smb2_query_fs_info(struct ksmbd_request *rq);
ntstatus_t smb2_query_security_info(struct ksmbd_request *rq);
ntstatus_t smb2_set_file_info(struct ksmbd_request *rq);

/* Named pipes on IPC$: smb2/pipe.c */
ntstatus_t smb2_pipe_create(struct ksmbd_request *rq);
ntstatus_t smb2_pipe_read(struct ksmbd_request *rq);
ntstatus_t smb2_pipe_write(struct ksmbd_request *rq);
ntstatus_t smb2_pipe_transceive(struct ksmbd_request *rq);
ntstatus_t smb2_pipe_wait(struct ksmbd_request *rq);

/* Multi-protocol NEGOTIATE; the answer is an SMB2 NEGOTIATE response. */
ntstatus_t smb2_negotiate_smb1(struct ksmbd_request *rq,
			       const struct smb1_negotiate *n);

/*
 * Sends what is in msg->done as one frame and empties it; signs each response
 * that has to be.  A failure shuts the connection down.
 */
void smb2_reply_send(struct ksmbd_message *msg);
/* The interim STATUS_PENDING of a request that was made async. */
void smb2_reply_interim(struct ksmbd_request *rq);

/*
 * Sends what no request asked for: MessageId all ones, no session or tree in
 * its header, never signed (3.3.4.1.1), but encrypted when @session is.
 * @session is whom it is about.  It goes over @conn, or when that is lost over
 * another channel of the session; without one there is nobody to tell.  What
 * cannot be sent ends the connection.
 */
void smb2_send_unsolicited(struct ksmbd_conn *conn, struct ksmbd_session *session,
			   enum smb2_code code, const void *body, u32 len);

/*
 * The signature of a request on a connection that is no channel of @s, by the
 * session's own key.  SUCCESS: rq->logon has the key, and the answer will be
 * signed with it when rq->session is set.  @s is VALID and has a key.
 */
ntstatus_t smb2_check_session_key(struct ksmbd_request *rq,
				  struct ksmbd_session *s);
/*
 * USER_SESSION_DELETED for a request whose session is not this connection's.  Who
 * has the key of another connection's session, and he alone, hears it signed.
 */
ntstatus_t smb2_session_elsewhere(struct ksmbd_request *rq);

int smb2_dispatch_init(void);

#endif
