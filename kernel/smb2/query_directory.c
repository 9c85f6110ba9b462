// SPDX-License-Identifier: GPL-2.0
/* SMB2 QUERY_DIRECTORY.  [MS-SMB2] 3.3.5.18 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include "fs/fs.h"
#include "smb2/open.h"
#include "wire/utf16.h"

#define MAX_PATTERN	1024		/* bytes of UTF-8 */

ntstatus_t smb2_query_directory(struct ksmbd_request *rq)
{
	const struct smb2_query_directory_req *req = &rq->req.query_directory;
	struct ksmbd_open *open;
	struct wire_writer w;
	ntstatus_t status;
	char *pattern;
	int len;

	status = smb2_open_get(rq, req->file_id, &open);
	if (status != STATUS_SUCCESS)
		return status;
	if (open->kind != OPEN_DIRECTORY)
		return STATUS_INVALID_PARAMETER;
	if (!fscc_is_dir_class(req->info_class))
		return STATUS_INVALID_INFO_CLASS;
	if (req->output_buffer_length > rq->conn->max_transact)
		return STATUS_INVALID_PARAMETER;
	if (req->output_buffer_length < fscc_dir_class_size(req->info_class))
		return STATUS_INFO_LENGTH_MISMATCH;

	pattern = kmalloc(MAX_PATTERN, GFP_KERNEL);
	if (!pattern)
		return STATUS_INSUFFICIENT_RESOURCES;
	len = wire_utf8_from_utf16(req->pattern, pattern, MAX_PATTERN);
	if (len < 0) {
		status = STATUS_OBJECT_NAME_INVALID;
	} else if (!ksmbd_payload_alloc(&rq->payload, req->output_buffer_length)) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else {
		w = wire_writer_of(rq->payload.data, rq->payload.len);
		status = ksmbd_fs_query_directory(open, req->info_class,
						  req->flags,
						  len ? pattern : "*", &w);
		rq->payload.len = w.len;
		ksmbd_payload_shrink(&rq->payload);
		rq->rsp.buffer.output_buffer_length = w.len;
	}
	kfree(pattern);
	return status;
}
