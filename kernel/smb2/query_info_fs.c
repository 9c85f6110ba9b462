// SPDX-License-Identifier: GPL-2.0
/*
 * Filesystem information classes of QUERY_INFO.  [MS-SMB2] 3.3.5.20.2,
 * [MS-FSCC] 2.5
 */
#include "smb2/smb2.h"

#include "fs/fs.h"

#define MAX_FS_INFO	512	/* label and filesystem name are short */

/* One row per class; see struct file_class in query_info_file.c. */
struct fs_class {
	u32 size;
	void (*put)(struct wire_writer *w, const struct fscc_fs *fs);
	void (*put_named)(struct wire_writer *w, const struct fscc_fs *fs,
			  bool *overflow);
};

static const struct fs_class classes[] = {
	[FILE_FS_VOLUME_INFORMATION]	  = { 24, NULL, fscc_put_fs_volume },
	[FILE_FS_SIZE_INFORMATION]	  = { 24, fscc_put_fs_size },
	[FILE_FS_DEVICE_INFORMATION]	  = { 8, fscc_put_fs_device },
	[FILE_FS_ATTRIBUTE_INFORMATION]	  = { 16, NULL, fscc_put_fs_attribute },
	[FILE_FS_CONTROL_INFORMATION]	  = { 48, fscc_put_fs_control },
	[FILE_FS_FULL_SIZE_INFORMATION]	  = { 32, fscc_put_fs_full_size },
	[FILE_FS_OBJECTID_INFORMATION]	  = { 64, fscc_put_fs_objectid },
	[FILE_FS_SECTOR_SIZE_INFORMATION] = { 28, fscc_put_fs_sector_size },
};

static const struct fs_class *class_of(u8 info_class)
{
	const struct fs_class *c;

	if (info_class >= ARRAY_SIZE(classes))
		return NULL;
	c = &classes[info_class];
	return c->put || c->put_named ? c : NULL;
}

ntstatus_t smb2_query_fs_info(struct ksmbd_request *rq)
{
	const struct smb2_query_info_req *req = &rq->req.query_info;
	const struct fs_class *class = class_of(req->info_class);
	struct fscc_fs fs = { };
	bool overflow = false;
	struct wire_writer w;
	ntstatus_t status;

	if (rq->open->kind == OPEN_PIPE)
		return STATUS_INVALID_DEVICE_REQUEST;
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (req->output_buffer_length < class->size)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = ksmbd_fs_statfs(rq->open, &fs);
	if (status != STATUS_SUCCESS)
		return status;
	if (!ksmbd_payload_alloc(&rq->payload,
				 min_t(u32, req->output_buffer_length, MAX_FS_INFO)))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, rq->payload.len);
	if (class->put)
		class->put(&w, &fs);
	else
		class->put_named(&w, &fs, &overflow);
	rq->payload.len = w.len;
	if (w.full && !overflow)
		return STATUS_INFO_LENGTH_MISMATCH;
	return overflow ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
