// SPDX-License-Identifier: GPL-2.0
/* SMB2 IOCTL.  [MS-SMB2] 3.3.5.15 */
#include "smb2/smb2.h"

#include "fs/fs.h"
#include "smb2/negotiate.h"
#include "smb2/open.h"

/*
 * 3.3.5.15.12: the client repeats its NEGOTIATE over the signed session; a
 * difference means that somebody changed it on the way.
 */
static ntstatus_t validate_negotiate(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	struct smb2_validate_negotiate_req *v;
	struct smb2_validate_negotiate_rsp rsp = { };
	struct ksmbd_conn *conn = rq->conn;
	struct wire_writer w;
	bool same;

	v = kmalloc(sizeof(*v), GFP_KERNEL);
	if (!v)
		return STATUS_INSUFFICIENT_RESOURCES;
	same = conn->dialect != SMB2_DIALECT_0311 &&
	       !wire_decode_validate_negotiate(req->input, v) &&
	       v->capabilities == conn->client_capabilities &&
	       v->security_mode == conn->client_security_mode &&
	       !memcmp(v->guid, conn->client_guid, 16) &&
	       smb2_choose_dialect(v->dialects, v->n_dialects) == conn->dialect;
	kfree(v);
	if (!same) {
		rq->close_connection = true;
		rq->no_answer = true;
		return STATUS_ACCESS_DENIED;
	}
	if (req->max_output_response < 24)
		return STATUS_INVALID_PARAMETER;

	rsp.capabilities = conn->capabilities;
	memcpy(rsp.guid, ksmbd_settings.server_guid, 16);
	rsp.security_mode = conn->security_mode;
	rsp.dialect = conn->dialect;
	if (!ksmbd_payload_alloc(&rq->payload, 24))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, 24);
	wire_put_validate_negotiate(&w, &rsp);
	return STATUS_SUCCESS;
}

static ntstatus_t transceive(struct ksmbd_request *rq)
{
	return rq->open->kind == OPEN_PIPE ? smb2_pipe_transceive(rq) :
					     STATUS_INVALID_DEVICE_REQUEST;
}

/* [MS-FSCC] 2.3.1: what names the file for good, made of volume and inode */
static ntstatus_t get_object_id(struct ksmbd_request *rq)
{
	struct fscc_file f;
	struct wire_writer w;
	ntstatus_t status;

	if (rq->open->kind == OPEN_PIPE)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (rq->req.ioctl.max_output_response < FSCC_OBJECT_ID_SIZE)
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_fs_stat(rq->open, &f);
	if (status != STATUS_SUCCESS)
		return status;
	if (!ksmbd_payload_alloc(&rq->payload, FSCC_OBJECT_ID_SIZE))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, FSCC_OBJECT_ID_SIZE);
	fscc_put_object_id(&w, &f);
	return STATUS_SUCCESS;
}

/* Those that carry a FileId of all ones, because they ask the server. */
static bool needs_no_handle(u32 code)
{
	return code == FSCTL_VALIDATE_NEGOTIATE_INFO ||
	       code == FSCTL_DFS_GET_REFERRALS ||
	       code == FSCTL_DFS_GET_REFERRALS_EX ||
	       code == FSCTL_QUERY_NETWORK_INTERFACE_INFO ||
	       code == FSCTL_PIPE_WAIT;
}

static ntstatus_t dispatch_fsctl(struct ksmbd_request *rq)
{
	u32 code = rq->req.ioctl.ctl_code;
	struct ksmbd_open *open;
	ntstatus_t status;

	if (!needs_no_handle(code)) {
		status = smb2_open_get(rq, rq->req.ioctl.file_id, &open);
		if (status != STATUS_SUCCESS)
			return status;
	}
	switch (code) {
	case FSCTL_VALIDATE_NEGOTIATE_INFO:
		return validate_negotiate(rq);
	case FSCTL_PIPE_TRANSCEIVE:
		return transceive(rq);
	case FSCTL_CREATE_OR_GET_OBJECT_ID:
		return get_object_id(rq);
	case FSCTL_DFS_GET_REFERRALS:
	case FSCTL_DFS_GET_REFERRALS_EX:
		/* no DFS here: 3.3.5.15.2 */
		return STATUS_FS_DRIVER_REQUIRED;
	default:
		return STATUS_NOT_SUPPORTED;
	}
}

ntstatus_t smb2_ioctl(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	ntstatus_t status;

	if (!(req->flags & SMB2_0_IOCTL_IS_FSCTL))
		return STATUS_NOT_SUPPORTED;
	if (req->input.len > rq->conn->max_transact ||
	    req->max_output_response > rq->conn->max_transact ||
	    req->max_input_response > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	status = dispatch_fsctl(rq);
	rq->rsp.ioctl.ctl_code = req->ctl_code;
	rq->rsp.ioctl.file_id = rq->open ? rq->open->id : req->file_id;
	rq->rsp.ioctl.output_count = rq->payload.len;
	return status;
}
