// SPDX-License-Identifier: GPL-2.0
/*
 * SMB2 CREATE.  [MS-SMB2] 3.3.5.9; what happens to the file: fs/create.c.  May park
 * for the break of an oplock, so it is entered again when woken.
 */
#include "smb2/smb2.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include "fs/apple.h"
#include "fs/dir_lease.h"
#include "fs/durable.h"
#include "fs/fs.h"
#include "fs/notify.h"
#include "fs/oplock.h"
#include "fs/snapshot.h"

#define IMPERSONATION_DELEGATE	3

/* Options that the file system would have to support: [MS-SMB2] 3.3.5.9. */
#define UNSUPPORTED_OPTIONS	(FILE_CREATE_TREE_CONNECTION |		\
				 FILE_OPEN_BY_FILE_ID | FILE_RESERVE_OPFILTER)
#define KNOWN_OPTIONS		0x00FFFFFF
#define KNOWN_ATTRIBUTES	0x00007FB7	/* [MS-FSCC] 2.6 */
#define SETTABLE_ATTRIBUTES	0x00005127	/* of them, those a CREATE stores */

/* [MS-FSA] 2.1.5.1.2.2 */
#define CHANGED_BY_OVERWRITE						\
	(FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE |	\
	 FILE_NOTIFY_CHANGE_LAST_WRITE)

static ntstatus_t check_request(const struct smb2_create_req *req)
{
	if (req->impersonation_level > IMPERSONATION_DELEGATE)
		return STATUS_BAD_IMPERSONATION_LEVEL;
	/* this comes before the other arguments, as in Windows */
	if (req->desired_access & ACCESS_INVALID)
		return STATUS_ACCESS_DENIED;
	if (req->disposition > FILE_OVERWRITE_IF ||
	    req->options & ~KNOWN_OPTIONS ||
	    req->share_access & ~(FILE_SHARE_READ | FILE_SHARE_WRITE |
				  FILE_SHARE_DELETE) ||
	    req->file_attributes & ~KNOWN_ATTRIBUTES)
		return STATUS_INVALID_PARAMETER;
	if (req->options & UNSUPPORTED_OPTIONS)
		return STATUS_NOT_SUPPORTED;
	return STATUS_SUCCESS;
}

static void put_attributes(struct smb2_create_rsp *rsp, const struct fscc_file *f)
{
	rsp->creation_time = f->creation_time;
	rsp->last_access_time = f->last_access_time;
	rsp->last_write_time = f->last_write_time;
	rsp->change_time = f->change_time;
	rsp->allocation_size = f->allocation_size;
	rsp->end_of_file = f->end_of_file;
	rsp->file_attributes = f->attributes;
}

static void put_contexts(struct ksmbd_request *rq, const struct ksmbd_create *c,
			 const struct fscc_file *f)
{
	u32 asked = rq->req.create.contexts;
	struct smb2_create_contexts ctx = {
		.contexts	= asked & (CREATE_CTX_MXAC | CREATE_CTX_QFID),
		.lease		= c->lease,
		.maximal_access	= c->maximal_access,
		.disk_file_id	= f->index_number,
		.volume_id	= f->volume_serial,
		.durable_timeout = c->durable.timeout,
	};
	struct wire_writer w;

	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		ctx.contexts |= CREATE_CTX_RQLS;
	if (asked & CREATE_CTX_AAPL &&
	    ksmbd_apple_answer(rq->tree, &rq->req.create.aapl, &ctx.aapl))
		ctx.contexts |= CREATE_CTX_AAPL;
	if (c->durable_granted)
		ctx.contexts |= c->durable.version == 1 ? CREATE_CTX_DHNQ :
							  CREATE_CTX_DH2Q;
	/* The open stands already; without memory the answers are left out. */
	if (!ctx.contexts ||
	    !ksmbd_payload_alloc(&rq->payload, WIRE_CREATE_CONTEXTS_MAX))
		return;
	w = wire_writer_of(rq->payload.data, rq->payload.len);
	wire_put_create_contexts(&w, &ctx);
	if (WARN_ON_ONCE(w.full))
		w.len = 0;
	rq->payload.len = w.len;
	rq->rsp.create.contexts_length = w.len;
}

/* 3.3.5.9.10: else its CreateGuid is only remembered, for a replay */
static bool asks_to_cache_handle(const struct smb2_create_req *req)
{
	return req->oplock_level == SMB2_OPLOCK_LEVEL_BATCH ||
	       (req->contexts & CREATE_CTX_RQLS &&
		req->lease.state & SMB2_LEASE_HANDLE);
}

/* A new handle, or one that the client had before. */
static ntstatus_t get_handle(struct ksmbd_request *rq, struct ksmbd_create *c)
{
	ntstatus_t status;

	if (c->durable.reconnect)
		return ksmbd_durable_reconnect(rq, c);
	if ((rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION ||
	     asks_to_cache_handle(&rq->req.create)) &&
	    ksmbd_durable_replay(rq, c, &status))
		return status;
	return ksmbd_fs_create(rq, c);
}

static ntstatus_t create(struct ksmbd_request *rq, struct ksmbd_create *c)
{
	struct smb2_create_rsp *rsp = &rq->rsp.create;
	struct fscc_file f = { };
	struct ksmbd_quiet quiet;
	ntstatus_t status;

	ksmbd_quiet_begin(&quiet, c->parent_lease);
	status = get_handle(rq, c);
	ksmbd_quiet_end(&quiet, rq->open, status == STATUS_SUCCESS &&
			(c->action == FILE_OVERWRITTEN ||
			 c->action == FILE_SUPERSEDED) ? CHANGED_BY_OVERWRITE : 0);
	if (status != STATUS_SUCCESS)
		return status;
	if (c->action == FILE_OVERWRITTEN || c->action == FILE_SUPERSEDED)
		ksmbd_dir_lease_child_changed(rq->open);
	status = ksmbd_fs_stat(rq->open, &f);
	if (status != STATUS_SUCCESS) {
		/* an answer that fails must not delete the file */
		WRITE_ONCE(rq->open->delete_on_close, false);
		ksmbd_open_close(rq->open);
		return status;
	}
	rsp->oplock_level = c->oplock;
	rsp->create_action = c->action;
	rsp->file_id = rq->open->id;
	put_attributes(rsp, &f);
	put_contexts(rq, c, &f);
	return STATUS_SUCCESS;
}

/*
 * The type of a stream says what is to be opened, as the options do: "::$DATA" a
 * file, "::$INDEX_ALLOCATION" a directory.
 */
static ntstatus_t apply_type(const struct ksmbd_name *name, u32 *options)
{
	if (name->stream)
		return STATUS_SUCCESS;
	switch (name->type) {
	case STREAM_TYPE_DATA:
		if (*options & FILE_DIRECTORY_FILE)
			return STATUS_NOT_A_DIRECTORY;
		*options |= FILE_NON_DIRECTORY_FILE;
		break;
	case STREAM_TYPE_INDEX:
		if (*options & FILE_NON_DIRECTORY_FILE)
			return STATUS_FILE_IS_A_DIRECTORY;
		*options |= FILE_DIRECTORY_FILE;
		break;
	default:
		break;
	}
	return STATUS_SUCCESS;
}

/*
 * 3.3.5.9.8 and .11: what is no lease here is no oplock either.  Version 2 came
 * with SMB 3.
 */
static void ask_for_oplock(const struct ksmbd_request *rq, struct ksmbd_create *c)
{
	const struct smb2_create_req *req = &rq->req.create;
	u32 caps = rq->conn->capabilities;

	c->oplock = req->oplock_level;
	/* who comes back for a lease names it, and no level: 3.3.5.9.7 */
	if (c->durable.reconnect && req->contexts & CREATE_CTX_RQLS)
		c->oplock = SMB2_OPLOCK_LEVEL_LEASE;
	if (c->oplock != SMB2_OPLOCK_LEVEL_LEASE)
		return;
	c->lease = req->lease;
	if (!(caps & SMB2_GLOBAL_CAP_LEASING) ||
	    !(req->contexts & CREATE_CTX_RQLS) ||
	    (req->lease.version == 2 && !ksmbd_conn_is_smb3(rq->conn)))
		c->oplock = SMB2_OPLOCK_LEVEL_NONE;
	else if (req->lease.version == 2 &&
		 req->lease.flags & SMB2_LEASE_FLAG_PARENT_KEY_SET)
		c->parent_lease = ksmbd_lease_id(rq->session->client_guid,
						 req->lease.parent_key);
}

/*
 * 3.3.5.9.6, .7, .10, .12: version 2 stands alone; a reconnection goes before
 * a request.  Version 2 came with SMB 3.
 */
static ntstatus_t ask_for_durable(const struct ksmbd_request *rq,
				  struct ksmbd_create *c)
{
	u32 v1 = rq->req.create.contexts & (CREATE_CTX_DHNQ | CREATE_CTX_DHNC);
	u32 v2 = rq->req.create.contexts & (CREATE_CTX_DH2Q | CREATE_CTX_DH2C);

	if (!ksmbd_conn_is_smb3(rq->conn))
		v2 = 0;
	if (v2 && (v1 || hweight32(v2) > 1))
		return STATUS_INVALID_PARAMETER;
	if (v1 & CREATE_CTX_DHNC)
		v1 = CREATE_CTX_DHNC;
	if (v1 | v2)
		wire_get_durable(&rq->req.create, v1 | v2, &c->durable);
	return STATUS_SUCCESS;
}

/* 3.3.5.9.13; versions came with 3.1.1 */
static void ask_for_app_instance(struct ksmbd_request *rq, struct ksmbd_create *c)
{
	struct smb2_create_req *req = &rq->req.create;

	if (!(req->contexts & CREATE_CTX_APP_INSTANCE_ID) ||
	    req->contexts & CREATE_CTX_DH2C || !ksmbd_conn_is_smb3(rq->conn))
		return;
	req->app.has_version &= rq->conn->dialect == SMB2_DIALECT_0311;
	c->app = &req->app;
}

/* 3.3.5.9.3: the file as it was at that time, which nobody can change any more */
static ntstatus_t look_back(const struct ksmbd_request *rq, struct ksmbd_create *c,
			    struct ksmbd_name *name)
{
	char *path;
	ntstatus_t status = ksmbd_snapshot_path(rq->tree->share, rq->req.create.twrp,
						name->path, &path);

	if (status != STATUS_SUCCESS)
		return status;
	kfree(name->path);
	name->path = path;
	c->snapshot = true;
	return STATUS_SUCCESS;
}

ntstatus_t smb2_create(struct ksmbd_request *rq)
{
	const struct smb2_create_req *req = &rq->req.create;
	struct ksmbd_create c = {
		.access			= req->desired_access,
		.share_access		= req->share_access,
		.disposition		= req->disposition,
		.options		= req->options,
		.attributes		= req->file_attributes & SETTABLE_ATTRIBUTES,
		.has_allocation_size	= req->contexts & CREATE_CTX_ALSI,
		.allocation_size	= req->allocation_size,
		.eas			= req->extended_attributes,
		.want_maximal		= req->contexts & CREATE_CTX_MXAC,
		.posix_case		= req->contexts & CREATE_CTX_POSIX,
	};
	struct ksmbd_name name;
	ntstatus_t status;

	if (rq->tree->share->pipe)
		return smb2_pipe_create(rq);
	ask_for_app_instance(rq, &c);
	status = ksmbd_oplock_resume(rq);
	if (status == STATUS_SUCCESS)
		status = ask_for_durable(rq, &c);
	/* a handle that is found again is what it was */
	if (status == STATUS_SUCCESS && !c.durable.reconnect)
		status = check_request(req);
	if (status != STATUS_SUCCESS)
		return status;
	ask_for_oplock(rq, &c);
	status = ksmbd_fs_name(rq->tree, req->name, &name);
	if (status != STATUS_SUCCESS)
		return status;
	status = apply_type(&name, &c.options);
	if (status == STATUS_SUCCESS && req->contexts & CREATE_CTX_TWRP && req->twrp)
		status = look_back(rq, &c, &name);
	c.name = name.path;
	c.stream = name.stream;
	if (status == STATUS_SUCCESS && req->contexts & CREATE_CTX_SECD)
		status = ksmbd_fs_decode_security(rq->tree->share,
						  req->security_descriptor,
						  &c.sd);
	if (status == STATUS_SUCCESS)
		status = create(rq, &c);
	kvfree(c.sd);
	ksmbd_fs_name_free(&name);
	return status;
}
