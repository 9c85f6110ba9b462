// SPDX-License-Identifier: GPL-2.0
/* SMB2 OPLOCK_BREAK: notifications, and their acknowledgment.  [MS-SMB2] 3.3.5.22 */
#include "smb2/smb2.h"

#include "fs/oplock.h"
#include "smb2/open.h"

static ntstatus_t acknowledge_lease(struct ksmbd_request *rq)
{
	const struct smb2_oplock_break_req *req = &rq->req.oplock_break;

	rq->rsp.oplock_break = *req;
	rq->rsp.oplock_break.lease_flags = 0;
	return ksmbd_lease_acknowledge(rq->session->client_guid, req->lease_key,
				       req->lease_state);
}

ntstatus_t smb2_oplock_break(struct ksmbd_request *rq)
{
	const struct smb2_oplock_break_req *req = &rq->req.oplock_break;
	struct ksmbd_open *open;
	ntstatus_t status;

	if (req->lease)
		return acknowledge_lease(rq);
	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	rq->rsp.oplock_break = *req;
	rq->rsp.oplock_break.file_id = open->id;
	return ksmbd_oplock_acknowledge(open, req->oplock_level);
}

void ksmbd_send_break(struct ksmbd_conn *conn, struct ksmbd_session *session,
		      const struct smb2_break *b)
{
	u8 body[WIRE_BREAK_MAX];
	struct wire_writer w = wire_writer_of(body, sizeof(body));

	wire_put_break(&w, b);
	smb2_send_unsolicited(conn, session, SMB2_OPLOCK_BREAK, body, w.len);
}
