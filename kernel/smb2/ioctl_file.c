// SPDX-License-Identifier: GPL-2.0
/* The FSCTLs that ask or change one file.  [MS-FSCC] 2.3, [MS-FSA] 2.1.5.10 */
#include "smb2/ioctl.h"

#include "fs/fs.h"
#include "fs/snapshot.h"

/* 2.3.1: what names the file for good, made of volume and inode */
ntstatus_t smb2_ioctl_object_id(struct ksmbd_request *rq)
{
	struct fscc_file f;
	struct wire_writer w;
	ntstatus_t status;

	status = ksmbd_fs_stat(rq->open, &f);
	if (status != STATUS_SUCCESS)
		return status;
	if (!smb2_ioctl_answer(rq, FSCC_OBJECT_ID_SIZE, &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	fscc_put_object_id(&w, &f);
	return STATUS_SUCCESS;
}

ntstatus_t smb2_ioctl_set_sparse(struct ksmbd_request *rq)
{
	bool sparse;

	if (fsctl_get_set_sparse(rq->req.ioctl.input, &sparse))
		return STATUS_INVALID_PARAMETER;
	return ksmbd_fs_set_sparse(rq->open, sparse);
}

ntstatus_t smb2_ioctl_query_ranges(struct ksmbd_request *rq)
{
	const struct smb2_ioctl_req *req = &rq->req.ioctl;
	struct fsctl_range range;
	struct wire_writer w;
	ntstatus_t status;

	if (fsctl_get_range(req->input, &range))
		return STATUS_INVALID_PARAMETER;
	if (!smb2_ioctl_answer(rq, min_t(u32, req->max_output_response,
					 FSCTL_RANGES_MAX), &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = ksmbd_fs_query_ranges(rq->open, &range, &w);
	rq->payload.len = w.len;
	ksmbd_payload_shrink(&rq->payload);
	return status;
}

ntstatus_t smb2_ioctl_zero_data(struct ksmbd_request *rq)
{
	struct fsctl_range range;

	if (fsctl_get_range(rq->req.ioctl.input, &range))
		return STATUS_INVALID_PARAMETER;
	return ksmbd_fs_zero_data(rq->open, &range);
}

/* 2.3.21: nothing here is compressed, which is an answer */
ntstatus_t smb2_ioctl_get_compression(struct ksmbd_request *rq)
{
	struct wire_writer w;

	if (!smb2_ioctl_answer(rq, 2, &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	wire_put_u16(&w, COMPRESSION_FORMAT_NONE);
	return STATUS_SUCCESS;
}

/* and nothing else can be asked for */
ntstatus_t smb2_ioctl_set_compression(struct ksmbd_request *rq)
{
	u16 format;

	if (fsctl_get_compression(rq->req.ioctl.input, &format))
		return STATUS_INVALID_PARAMETER;
	if (!(rq->open->granted_access & FILE_WRITE_DATA))
		return STATUS_ACCESS_DENIED;
	return format == COMPRESSION_FORMAT_NONE ? STATUS_SUCCESS :
						   STATUS_NOT_SUPPORTED;
}

/* [MS-SMB2] 3.3.5.15.1 */
ntstatus_t smb2_ioctl_snapshots(struct ksmbd_request *rq)
{
	struct wire_writer w;
	ntstatus_t status;

	if (!smb2_ioctl_answer(rq, min_t(u32, rq->req.ioctl.max_output_response,
					 FSCTL_SNAPSHOTS_MAX), &w))
		return STATUS_INSUFFICIENT_RESOURCES;
	status = ksmbd_fs_snapshots(rq->tree, &w);
	rq->payload.len = w.len;
	ksmbd_payload_shrink(&rq->payload);
	return status;
}

ntstatus_t smb2_ioctl_no_reparse_point(struct ksmbd_request *rq)
{
	return STATUS_NOT_A_REPARSE_POINT;
}

/* What [MS-FSA] has an object store without the feature say. */
ntstatus_t smb2_ioctl_not_here(struct ksmbd_request *rq)
{
	return STATUS_INVALID_DEVICE_REQUEST;
}
