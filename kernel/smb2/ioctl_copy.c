// SPDX-License-Identifier: GPL-2.0
/* Copies on the server.  [MS-SMB2] 3.3.5.15.5, .6, .19 */
#include "smb2/ioctl.h"

#include "fs/fs.h"

ntstatus_t smb2_ioctl_resume_key(struct ksmbd_request *rq)
{
	u8 key[FSCTL_RESUME_KEY_SIZE];
	struct wire_writer w;

	if (!smb2_ioctl_answer(rq, FSCTL_RESUME_KEY_RSP, &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	ksmbd_fs_resume_key(rq->open, key);
	fsctl_put_resume_key(&w, key);
	return STATUS_SUCCESS;
}

ntstatus_t smb2_ioctl_copychunk(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	struct fsctl_copychunk_rsp rsp;
	struct fsctl_copychunk c;
	struct wire_writer w;
	ntstatus_t status;
	bool answered;

	if (fsctl_get_copychunk(req->input, &c))
		return STATUS_INVALID_PARAMETER;
	status = ksmbd_fs_copy_chunks(rq->open, &c,
				      req->ctl_code == FSCTL_SRV_COPYCHUNK,
				      &rsp, &answered);
	if (!answered)
		return status;
	if (!smb2_ioctl_answer(rq, FSCTL_COPYCHUNK_RSP, &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	fsctl_put_copychunk(&w, &rsp);
	/* 3.3.4.4 has it for the limits; Windows says how far it came as well */
	rq->error_has_body = true;
	return status;
}

ntstatus_t smb2_ioctl_duplicate(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	struct fsctl_duplicate d;
	int err;

	err = req->ctl_code == FSCTL_DUPLICATE_EXTENTS_TO_FILE ?
		fsctl_get_duplicate(req->input, &d) :
		fsctl_get_duplicate_ex(req->input, &d);
	return err ? STATUS_INVALID_PARAMETER : ksmbd_fs_duplicate(rq->open, &d);
}
