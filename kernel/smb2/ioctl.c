// SPDX-License-Identifier: GPL-2.0
/* SMB2 IOCTL.  [MS-SMB2] 3.3.5.15 */
#include "smb2/smb2.h"

#include <linux/slab.h>

#include "fs/fs.h"
#include "smb2/ioctl.h"
#include "smb2/negotiate.h"
#include "smb2/open.h"

bool smb2_ioctl_answer(struct ksmbd_request *rq, u32 size, struct wire_writer *w)
{
	/* an answer may be empty, memory not */
	if (!ksmbd_payload_alloc(&rq->payload, max_t(u32, size, 1)))
		return false;
	rq->payload.len = size;
	*w = wire_writer_of(rq->payload.data, size);
	return true;
}

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

/* No DFS here: 3.3.5.15.2 */
static ntstatus_t dfs_get_referrals(struct ksmbd_request *rq)
{
	return STATUS_FS_DRIVER_REQUIRED;
}

#define WITHOUT_HANDLE	BIT(0)		/* FileId all ones: it asks the server */
#define ON_FILE		BIT(1)		/* not on a pipe */

/* One row per control code; any other is NOT_SUPPORTED. */
static const struct fsctl {
	u32 code;
	u32 flags;
	u32 min_output;		/* MaxOutputResponse below it: INVALID_PARAMETER */
	ntstatus_t (*handle)(struct ksmbd_request *rq);
} fsctls[] = {
	{ FSCTL_VALIDATE_NEGOTIATE_INFO, WITHOUT_HANDLE, 0, validate_negotiate },
	{ FSCTL_DFS_GET_REFERRALS, WITHOUT_HANDLE, 0, dfs_get_referrals },
	{ FSCTL_DFS_GET_REFERRALS_EX, WITHOUT_HANDLE, 0, dfs_get_referrals },
	{ FSCTL_QUERY_NETWORK_INTERFACE_INFO, WITHOUT_HANDLE, 0,
	  smb2_ioctl_interfaces },
	{ FSCTL_PIPE_WAIT, WITHOUT_HANDLE, 0, smb2_pipe_wait },
	{ FSCTL_PIPE_TRANSCEIVE, 0, 0, transceive },
	{ FSCTL_CREATE_OR_GET_OBJECT_ID, ON_FILE, FSCC_OBJECT_ID_SIZE,
	  smb2_ioctl_object_id },
	{ FSCTL_SRV_REQUEST_RESUME_KEY, ON_FILE, FSCTL_RESUME_KEY_RSP,
	  smb2_ioctl_resume_key },
	{ FSCTL_SRV_COPYCHUNK, ON_FILE, FSCTL_COPYCHUNK_RSP, smb2_ioctl_copychunk },
	{ FSCTL_SRV_COPYCHUNK_WRITE, ON_FILE, FSCTL_COPYCHUNK_RSP,
	  smb2_ioctl_copychunk },
	{ FSCTL_SRV_ENUMERATE_SNAPSHOTS, ON_FILE, FSCTL_SNAPSHOTS_RSP,
	  smb2_ioctl_snapshots },
	{ FSCTL_DUPLICATE_EXTENTS_TO_FILE, ON_FILE, 0, smb2_ioctl_duplicate },
	{ FSCTL_DUPLICATE_EXTENTS_TO_FILE_EX, ON_FILE, 0, smb2_ioctl_duplicate },
	{ FSCTL_SET_SPARSE, ON_FILE, 0, smb2_ioctl_set_sparse },
	{ FSCTL_QUERY_ALLOCATED_RANGES, ON_FILE, 0, smb2_ioctl_query_ranges },
	{ FSCTL_SET_ZERO_DATA, ON_FILE, 0, smb2_ioctl_zero_data },
	{ FSCTL_GET_COMPRESSION, ON_FILE, 2, smb2_ioctl_get_compression },
	{ FSCTL_SET_COMPRESSION, ON_FILE, 0, smb2_ioctl_set_compression },
	{ FSCTL_GET_REPARSE_POINT, ON_FILE, 0, smb2_ioctl_no_reparse_point },
	{ FSCTL_DELETE_REPARSE_POINT, ON_FILE, 0, smb2_ioctl_no_reparse_point },
	{ FSCTL_SET_REPARSE_POINT, ON_FILE, 0, smb2_ioctl_not_here },
	{ FSCTL_GET_INTEGRITY_INFORMATION, ON_FILE, 0, smb2_ioctl_not_here },
	{ FSCTL_SET_INTEGRITY_INFORMATION, ON_FILE, 0, smb2_ioctl_not_here },
	{ FSCTL_GET_NTFS_VOLUME_DATA, ON_FILE, 0, smb2_ioctl_not_here },
};

static const struct fsctl *fsctl_of(u32 code)
{
	for (size_t i = 0; i < ARRAY_SIZE(fsctls); i++)
		if (fsctls[i].code == code)
			return &fsctls[i];
	return NULL;
}

static ntstatus_t dispatch_fsctl(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	const struct fsctl *fsctl = fsctl_of(req->ctl_code);
	struct ksmbd_open *open;
	ntstatus_t status;

	if (!fsctl || !(fsctl->flags & WITHOUT_HANDLE)) {
		status = smb2_open_get(rq, req->file_id, &open);
		if (status != STATUS_SUCCESS)
			return status;
	}
	if (!fsctl)
		return STATUS_NOT_SUPPORTED;
	if (fsctl->flags & ON_FILE && rq->open->kind == OPEN_PIPE)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (req->max_output_response < fsctl->min_output)
		return STATUS_INVALID_PARAMETER;
	return fsctl->handle(rq);
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
