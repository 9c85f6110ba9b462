/* SPDX-License-Identifier: GPL-2.0 */
/* What smb2/receive.c calls to get one request done. */
#ifndef _KSMBD_DISPATCH_H
#define _KSMBD_DISPATCH_H

#include "server/request.h"

/* Inside the server only: the request has to wait, and may not where it runs. */
#define SMB2_STATUS_MOVE	NTSTATUS(0x000000FE)

/*
 * Runs a request, or runs it again after a wait: resolves and checks what the
 * command table asks for, decodes, calls the handler.  STATUS_PENDING: the
 * handler announced a wait; SMB2_STATUS_MOVE: the message has to go to other
 * workers first; anything else is the answer, in rq->status too.
 */
ntstatus_t smb2_dispatch(struct ksmbd_request *rq);
void smb2_dispatch_smb1_negotiate(struct ksmbd_request *rq,
				  const struct smb1_negotiate *n);
/* The request is answered: remembers what related ones inherit. */
void smb2_request_done(struct ksmbd_request *rq);
/* Writes the response's fixed part, or the ERROR response, behind its header. */
void smb2_encode_body(struct ksmbd_request *rq, struct wire_writer *w);
const char *smb2_command_name(enum smb2_code code);

#endif
