// SPDX-License-Identifier: GPL-2.0
/*
 * File information classes of QUERY_INFO.  [MS-SMB2] 3.3.5.20.1, [MS-FSCC] 2.4
 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include "fs/ea.h"
#include "fs/fs.h"
#include "wire/short_name.h"

/**
 * struct file_class - one row per class
 * @size:   a smaller buffer is INFO_LENGTH_MISMATCH: its fixed part, with room for
 *	    one character of the name at its end, aligned ([MS-FSA] 2.1.5.12)
 * @access: the right on the handle that [MS-FSA] 2.1.5.12 asks for
 * @put:    for a class of fixed size
 * @put_named: for one that ends in a name, which may be cut short
 * @pipe:   also answered for a named pipe
 * @ea_size: shows EaSize, which is not asked of the file for nothing
 */
struct file_class {
	u32 size;
	u32 access;
	void (*put)(struct wire_writer *w, const struct fscc_file *f);
	ntstatus_t (*put_named)(struct ksmbd_open *open, struct wire_writer *w,
				const struct fscc_file *f, bool *overflow);
	bool pipe;
	bool ea_size;
};

static ntstatus_t put_all(struct ksmbd_open *open, struct wire_writer *w,
			  const struct fscc_file *f, bool *overflow)
{
	ntstatus_t status;
	char *path;

	status = ksmbd_fs_path(open, &path);
	if (status != STATUS_SUCCESS)
		return status;
	fscc_put_all(w, f, path, overflow);
	kfree(path);
	return STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.12.19: the path from the share's root without the backslash */
static ntstatus_t put_normalized_name(struct ksmbd_open *open,
				      struct wire_writer *w,
				      const struct fscc_file *f, bool *overflow)
{
	ntstatus_t status;
	char *path;

	if (open->conn->dialect < SMB2_DIALECT_0311)
		return STATUS_NOT_SUPPORTED;
	status = ksmbd_fs_path(open, &path);
	if (status != STATUS_SUCCESS)
		return status;
	fscc_put_name(w, path + 1, overflow);
	kfree(path);
	return STATUS_SUCCESS;
}

/* [MS-FSA] 2.1.5.12.5; the share's root has no name at all */
static ntstatus_t put_alternate_name(struct ksmbd_open *open,
				     struct wire_writer *w,
				     const struct fscc_file *f, bool *overflow)
{
	char short_name[WIRE_SHORT_NAME_MAX + 1];
	const char *last;
	ntstatus_t status;
	char *path;

	/* a stream has none; that of its file is not asked for */
	if (open->file->stream)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = ksmbd_fs_path(open, &path);
	if (status != STATUS_SUCCESS)
		return status;
	last = strrchr(path, '\\') + 1;
	if (*last) {
		wire_short_name(last, strlen(last), short_name);
		fscc_put_name(w, short_name, overflow);
	} else {
		status = STATUS_OBJECT_NAME_NOT_FOUND;
	}
	kfree(path);
	return status;
}

static ntstatus_t put_streams(struct ksmbd_open *open, struct wire_writer *w,
			      const struct fscc_file *f, bool *overflow)
{
	ntstatus_t status = ksmbd_fs_query_streams(open, w);

	*overflow = status == STATUS_BUFFER_OVERFLOW;
	return *overflow ? STATUS_SUCCESS : status;
}

static void put_pipe_local(struct wire_writer *w, const struct fscc_file *f)
{
	fscc_put_pipe_local(w);
}

static const struct file_class classes[] = {
	[FILE_BASIC_INFORMATION]	= { 40, FILE_READ_ATTRIBUTES, fscc_put_basic },
	[FILE_STANDARD_INFORMATION]	= { 24, 0, fscc_put_standard, .pipe = true },
	[FILE_INTERNAL_INFORMATION]	= { 8, 0, fscc_put_internal, .pipe = true },
	[FILE_EA_INFORMATION]		= { 4, 0, fscc_put_ea, .ea_size = true },
	[FILE_ACCESS_INFORMATION]	= { 4, 0, fscc_put_access },
	[FILE_POSITION_INFORMATION]	= { 8, 0, fscc_put_position },
	[FILE_MODE_INFORMATION]		= { 4, 0, fscc_put_mode },
	[FILE_ALIGNMENT_INFORMATION]	= { 4, 0, fscc_put_alignment },
	[FILE_ALL_INFORMATION]		= { 104, FILE_READ_ATTRIBUTES, NULL, put_all,
					    .ea_size = true },
	[FILE_ALTERNATE_NAME_INFORMATION] = { 8, 0, NULL, put_alternate_name },
	[FILE_STREAM_INFORMATION]	= { 32, 0, NULL, put_streams },
	[FILE_PIPE_LOCAL_INFORMATION]	= { 40, FILE_READ_ATTRIBUTES, put_pipe_local, .pipe = true },
	[FILE_COMPRESSION_INFORMATION]	= { 16, 0, fscc_put_compression },
	[FILE_NETWORK_OPEN_INFORMATION]	= { 56, FILE_READ_ATTRIBUTES, fscc_put_network_open },
	[FILE_ATTRIBUTE_TAG_INFORMATION] = { 8, FILE_READ_ATTRIBUTES, fscc_put_attribute_tag },
	[FILE_NORMALIZED_NAME_INFORMATION] = { 8, 0, NULL, put_normalized_name },
	[FILE_ID_INFORMATION]		= { 24, 0, fscc_put_id },
};

static const struct file_class *class_of(u8 info_class)
{
	const struct file_class *c;

	if (info_class >= ARRAY_SIZE(classes))
		return NULL;
	c = &classes[info_class];
	return c->put || c->put_named ? c : NULL;
}

/* What a pipe says of itself: one link, a page of buffer, never deleted. */
static const struct fscc_file pipe_file = {
	.attributes		= FILE_ATTRIBUTE_NORMAL,
	.allocation_size	= 4096,
	.number_of_links	= 1,
	.delete_pending		= true,		/* [MS-FSCC] 2.4.41 <143>: pipes do */
};

#define STREAM_PAYLOAD_MAX (256 * 1024)	/* more than a list of xattrs becomes */
#define EA_PAYLOAD_MAX	(128 * 1024)	/* more than one EA of any length */

static ntstatus_t query_ea(struct ksmbd_request *rq)
{
	const struct smb2_query_info_req *req = &rq->req.query_info;
	struct wire_writer w;
	ntstatus_t status;

	if (rq->open->kind == OPEN_PIPE)
		return STATUS_INVALID_PARAMETER;
	if (!ksmbd_payload_alloc(&rq->payload,
				 min_t(u32, req->output_buffer_length,
				       EA_PAYLOAD_MAX)))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, rq->payload.len);
	status = ksmbd_fs_query_ea(rq->open, req->flags,
				   req->additional_information, req->input, &w);
	rq->payload.len = w.len;
	return status;
}

/* But for streams no class is longer than its fixed part and the longest path. */
static u32 longest(u8 info_class, const struct file_class *class)
{
	if (info_class == FILE_STREAM_INFORMATION)
		return STREAM_PAYLOAD_MAX;
	return class->size + 2 * PATH_MAX;
}

ntstatus_t smb2_query_file_info(struct ksmbd_request *rq)
{
	const struct smb2_query_info_req *req = &rq->req.query_info;
	const struct file_class *class = class_of(req->info_class);
	struct ksmbd_open *open = rq->open;
	struct fscc_file f = pipe_file;
	bool overflow = false;
	struct wire_writer w;
	ntstatus_t status = STATUS_SUCCESS;

	if (req->info_class == FILE_FULL_EA_INFORMATION)
		return query_ea(rq);
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if (open->kind == OPEN_PIPE && !class->pipe)
		return STATUS_INVALID_PARAMETER;
	if (req->info_class == FILE_PIPE_LOCAL_INFORMATION &&
	    open->kind != OPEN_PIPE)
		return STATUS_INVALID_PARAMETER;
	if (req->output_buffer_length < class->size)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (class->access & ~open->granted_access)
		return STATUS_ACCESS_DENIED;
	if (open->kind != OPEN_PIPE)
		status = ksmbd_fs_stat(open, &f);
	if (status != STATUS_SUCCESS)
		return status;
	if (class->ea_size)
		f.ea_size = ksmbd_ea_size(&open->filp->f_path);

	if (!ksmbd_payload_alloc(&rq->payload,
				 min_t(u32, req->output_buffer_length,
				       longest(req->info_class, class))))
		return STATUS_INSUFFICIENT_RESOURCES;
	w = wire_writer_of(rq->payload.data, rq->payload.len);
	if (class->put)
		class->put(&w, &f);
	else
		status = class->put_named(open, &w, &f, &overflow);
	rq->payload.len = w.len;
	if (status != STATUS_SUCCESS)
		return status;
	if (w.full && !overflow)
		return STATUS_INFO_LENGTH_MISMATCH;
	return overflow ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
