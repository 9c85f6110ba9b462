// SPDX-License-Identifier: GPL-2.0
#include "smb2/dispatch.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/nospec.h>
#include "debug.h"
#include "server/server.h"
#include "smb2/open.h"
#include "smb2/smb2.h"
#include "smb2/stats.h"
#include "trace.h"

/**
 * struct smb2_command - one row of the command table
 * @name:   as in [MS-SMB2] 2.2, for traces and statistics
 * @needs:  what is looked up and checked before @handle runs
 * @decode: body bytes to @req; pure
 * @handle: does the work, fills @rsp, says the status
 * @encode: @rsp to body bytes; pure; not for errors
 */
struct smb2_command {
	const char *name;
	unsigned int needs;
#define NEEDS_SESSION	BIT(0)
#define NEEDS_TREE	BIT(1)	/* and runs with the tree's credentials */
	int (*decode)(struct wire_reader *r, union smb2_req *req);
	ntstatus_t (*handle)(struct ksmbd_request *rq);
	void (*encode)(struct wire_writer *w, const union smb2_rsp *rsp);
};

#define COMMAND(NAME, fn, need, enc)					\
	[SMB2_##NAME] = {						\
		.name	= #NAME,					\
		.needs	= need,						\
		.decode	= wire_decode_##fn,				\
		.handle	= smb2_##fn,					\
		.encode	= wire_encode_##enc,				\
	}

#define ON_TREE	(NEEDS_SESSION | NEEDS_TREE)

static const struct smb2_command smb2_commands[SMB2_NR_COMMANDS] = {
	COMMAND(NEGOTIATE,	 negotiate,	  0,		 negotiate),
	COMMAND(SESSION_SETUP,	 session_setup,	  0,		 session_setup),
	COMMAND(LOGOFF,		 logoff,	  NEEDS_SESSION, empty),
	COMMAND(TREE_CONNECT,	 tree_connect,	  NEEDS_SESSION, tree_connect),
	COMMAND(TREE_DISCONNECT, tree_disconnect, ON_TREE,	 empty),
	COMMAND(CREATE,		 create,	  ON_TREE,	 create),
	COMMAND(CLOSE,		 close,		  ON_TREE,	 close),
	COMMAND(FLUSH,		 flush,		  ON_TREE,	 empty),
	COMMAND(READ,		 read,		  ON_TREE,	 read),
	COMMAND(WRITE,		 write,		  ON_TREE,	 write),
	COMMAND(LOCK,		 lock,		  ON_TREE,	 empty),
	COMMAND(IOCTL,		 ioctl,		  ON_TREE,	 ioctl),
	COMMAND(CANCEL,		 cancel,	  0,		 empty),
	COMMAND(ECHO,		 echo,		  0,		 empty),
	COMMAND(QUERY_DIRECTORY, query_directory, ON_TREE,	 buffer),
	COMMAND(CHANGE_NOTIFY,	 change_notify,	  ON_TREE,	 buffer),
	COMMAND(QUERY_INFO,	 query_info,	  ON_TREE,	 buffer),
	COMMAND(SET_INFO,	 set_info,	  ON_TREE,	 set_info),
	COMMAND(OPLOCK_BREAK,	 oplock_break,	  ON_TREE,	 oplock_break),
};

static const struct smb2_command *command_of(const struct ksmbd_request *rq)
{
	if (rq->code >= SMB2_NR_COMMANDS)
		return NULL;
	return &smb2_commands[array_index_nospec(rq->code, SMB2_NR_COMMANDS)];
}

const char *smb2_command_name(enum smb2_code code)
{
	return code < SMB2_NR_COMMANDS ? smb2_commands[code].name : "?";
}

/*
 * Related operations take their ids from the one before: 3.3.5.2.7.2.  Where
 * there is none before, or that one had no session, the whole run of related
 * ones is invalid.
 */
static ntstatus_t inherit_ids(struct ksmbd_request *rq)
{
	struct ksmbd_message *msg = rq->msg;

	if (!rq->related || msg->n_requests == 1)
		msg->related_to_nothing = rq->related;
	if (!rq->related)
		return STATUS_SUCCESS;
	if (msg->related_to_nothing)
		return STATUS_INVALID_PARAMETER;
	rq->hdr.session_id = msg->session_id;
	rq->hdr.tree_id = msg->tree_id;
	rq->rsp_session_id = msg->session_id;
	rq->rsp_tree_id = msg->tree_id;
	return STATUS_SUCCESS;
}

static int verify(const struct ksmbd_request *rq, struct ksmbd_sign_key *key)
{
	const struct kvec one = { (void *)rq->raw.data, rq->raw.len };

	if (rq->beyond)		/* alone in its frame */
		return ksmbd_sign_verify(key, rq->msg->frame->vec,
					 rq->msg->frame->n);
	return ksmbd_sign_verify(key, &one, 1);
}

/*
 * [MS-SMB2] 3.3.5.2.4.  An unsigned request on a session that has to sign is
 * refused here, whatever the command; so is a wrong signature.
 */
static ntstatus_t check_signature(struct ksmbd_request *rq)
{
	struct ksmbd_session *s = rq->session;
	bool claims = rq->hdr.flags & SMB2_FLAGS_SIGNED;

	if (rq->msg->sealed_by)			/* better than signed */
		return STATUS_SUCCESS;
	if (!claims) {
		/* also a reauthentication: it can end the session */
		return s->signing_required ? STATUS_ACCESS_DENIED :
					     STATUS_SUCCESS;
	}
	if (!rq->channel || !rq->channel->signing_key)
		/* guests have no key to check with; nothing is gained by it */
		return STATUS_SUCCESS;
	if (verify(rq, rq->channel->signing_key)) {
		ksmbd_debug(AUTH, "%s: bad signature on %s\n",
			    rq->conn->transport->peer,
			    smb2_command_name(rq->code));
		return STATUS_ACCESS_DENIED;
	}
	rq->signed_ok = true;
	return STATUS_SUCCESS;
}

/*
 * [MS-SMB2] 3.3.5.2.9.  Only a log-on goes in clear where all has to be
 * encrypted; its messages are signed or say nothing worth hiding.
 */
static ntstatus_t check_encryption(const struct ksmbd_request *rq)
{
	const struct ksmbd_session *sealed_by = rq->msg->sealed_by;

	if (sealed_by)		/* receive.c has seen to it; related ones inherit */
		return sealed_by == rq->session ? STATUS_SUCCESS :
						  STATUS_ACCESS_DENIED;
	if (rq->session->encrypt_data && rq->code != SMB2_SESSION_SETUP)
		return STATUS_ACCESS_DENIED;
	return STATUS_SUCCESS;
}

static ntstatus_t check_protection(struct ksmbd_request *rq)
{
	ntstatus_t status = check_encryption(rq);

	return status == STATUS_SUCCESS ? check_signature(rq) : status;
}

ntstatus_t smb2_check_session_key(struct ksmbd_request *rq,
				  struct ksmbd_session *s)
{
	struct ksmbd_logon *lg = ksmbd_logon_get(s, rq->conn, true);

	if (IS_ERR(lg))
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!lg->signing_key || verify(rq, lg->signing_key)) {
		ksmbd_logon_put(lg);
		return STATUS_ACCESS_DENIED;
	}
	rq->logon = lg;
	rq->signed_ok = true;
	return STATUS_SUCCESS;
}

ntstatus_t smb2_session_elsewhere(struct ksmbd_request *rq)
{
	struct ksmbd_session *s;

	if (!(rq->hdr.flags & SMB2_FLAGS_SIGNED) || rq->session)
		return STATUS_USER_SESSION_DELETED;
	s = ksmbd_session_lookup(rq->hdr.session_id);
	if (!s)
		return STATUS_USER_SESSION_DELETED;
	if (ksmbd_session_get_state(s) == SESSION_VALID && !s->guest &&
	    !s->anonymous && smb2_check_session_key(rq, s) == STATUS_SUCCESS)
		rq->session = s;
	else
		ksmbd_session_put(s);
	return STATUS_USER_SESSION_DELETED;
}

/* [MS-SMB2] 3.3.5.2.9: also for commands that could do without a session. */
static ntstatus_t find_session(struct ksmbd_request *rq, unsigned int needs)
{
	struct ksmbd_session *s;

	if (!rq->hdr.session_id)
		return needs & NEEDS_SESSION ? STATUS_USER_SESSION_DELETED
					     : STATUS_SUCCESS;
	s = ksmbd_session_find(rq->conn, rq->hdr.session_id);
	if (!s && rq->code == SMB2_SESSION_SETUP)
		return STATUS_SUCCESS;		/* may want to bind it */
	if (!s)
		return needs & NEEDS_SESSION || rq->hdr.flags & SMB2_FLAGS_SIGNED ?
		       smb2_session_elsewhere(rq) : STATUS_SUCCESS;
	rq->session = s;
	rq->channel = ksmbd_channel_find(s, rq->conn);
	rq->user = ksmbd_session_user(s);
	if (!(needs & NEEDS_SESSION))
		return rq->channel ? check_protection(rq) : STATUS_SUCCESS;
	if (!rq->channel || !rq->user)		/* still being set up */
		return STATUS_USER_SESSION_DELETED;
	return check_protection(rq);
}

static ntstatus_t find_tree(struct ksmbd_request *rq)
{
	rq->tree = ksmbd_tree_find(rq->session, rq->hdr.tree_id);
	if (!rq->tree)
		return STATUS_NETWORK_NAME_DELETED;
	/* [MS-SMB2] 3.3.5.2.11; also what is chained to the TREE_CONNECT itself */
	return rq->tree->encrypt_data && !rq->msg->sealed_by ?
		STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

/* Reauthenticated as nobody: its trees are still those of its owner. */
static bool gave_up_name(const struct ksmbd_request *rq)
{
	return rq->user->flags & KSMBD_USER_FLAG_GUEST_ACCOUNT &&
	       !rq->session->guest && !rq->session->anonymous;
}

/* Bytes that travel with the request or its answer: 3.3.5.2.5. */
static u32 payload_size(const struct ksmbd_request *rq)
{
	const union smb2_req *u = &rq->req;

	switch (rq->code) {
	case SMB2_READ:
		return u->read.length;
	case SMB2_WRITE:
		return u->write.length;
	case SMB2_IOCTL:
		return max(u->ioctl.input.len,
			   max(u->ioctl.max_output_response,
			       u->ioctl.max_input_response));
	case SMB2_QUERY_DIRECTORY:
		return u->query_directory.output_buffer_length;
	case SMB2_CHANGE_NOTIFY:
		return u->change_notify.output_buffer_length;
	case SMB2_QUERY_INFO:
		return max(u->query_info.input.len,
			   u->query_info.output_buffer_length);
	case SMB2_SET_INFO:
		return u->set_info.buffer.len;
	default:
		return 0;
	}
}

static ntstatus_t check_charge(const struct ksmbd_request *rq)
{
	u32 size = payload_size(rq);

	if (!(rq->conn->capabilities & SMB2_GLOBAL_CAP_LARGE_MTU))
		return STATUS_SUCCESS;		/* the handler caps at 64 KiB */
	if (size && (size - 1) / 65536 + 1 > rq->charge)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static ntstatus_t prepare(struct ksmbd_request *rq,
			  const struct smb2_command *cmd)
{
	struct wire_reader r = wire_reader_at(rq->raw, SMB2_HEADER_SIZE);
	ntstatus_t status;

	r.beyond = rq->beyond;
	status = inherit_ids(rq);
	if (status == STATUS_SUCCESS && cmd)
		status = find_session(rq, cmd->needs);
	if (status == STATUS_SUCCESS && cmd && cmd->needs & NEEDS_TREE)
		status = find_tree(rq);
	if (status == STATUS_SUCCESS && rq->code == SMB2_CREATE &&
	    gave_up_name(rq))
		status = STATUS_ACCESS_DENIED;
	if (status != STATUS_SUCCESS)
		return status;
	if (!cmd || cmd->decode(&r, &rq->req))
		return STATUS_INVALID_PARAMETER;
	return check_charge(rq);
}

static ntstatus_t handle(struct ksmbd_request *rq,
			 const struct smb2_command *cmd)
{
	const struct cred *saved;
	ntstatus_t status;

	if (!(cmd->needs & NEEDS_TREE))
		return cmd->handle(rq);
	saved = override_creds(rq->tree->cred);
	status = cmd->handle(rq);
	revert_creds(saved);
	return status;
}

ntstatus_t smb2_dispatch(struct ksmbd_request *rq)
{
	const struct smb2_command *cmd = command_of(rq);
	ntstatus_t status = STATUS_SUCCESS;

	if (!rq->prepared) {
		rq->prepared = true;
		rq->started = ktime_get_ns();
		trace_smb2_start(rq->conn->transport->id, rq->hdr.message_id,
				 smb2_command_name(rq->code));
		status = prepare(rq, cmd);
	}
	/* pipes are mountd's: nobody's file waits behind one */
	if (status == STATUS_SUCCESS && rq->tree && rq->tree->share->pipe &&
	    !rq->msg->slow)
		return SMB2_STATUS_MOVE;
	if (status == STATUS_SUCCESS)
		status = handle(rq, cmd);
	if (status == STATUS_CANCELLED && rq->too_many)
		status = STATUS_INSUFFICIENT_RESOURCES;
	rq->status = status;
	return status;
}

void smb2_dispatch_smb1_negotiate(struct ksmbd_request *rq,
				  const struct smb1_negotiate *n)
{
	rq->code = SMB2_NEGOTIATE;
	rq->prepared = true;
	rq->status = smb2_negotiate_smb1(rq, n);
}

void smb2_request_done(struct ksmbd_request *rq)
{
	struct ksmbd_message *msg = rq->msg;

	smb2_sequence_done(rq);
	smb2_stats_count(rq);
	trace_smb2_done(rq->conn->transport->id, rq->hdr.message_id,
			smb2_command_name(rq->code), rq->status);
	ksmbd_debug(SMB, "%s: %s mid %llu status 0x%08x\n",
		    rq->conn->transport->peer, smb2_command_name(rq->code),
		    rq->hdr.message_id, (__force u32)rq->status);

	msg->session_id = rq->rsp_session_id;
	msg->tree_id = rq->rsp_tree_id;
	if (rq->status == STATUS_USER_SESSION_DELETED)
		msg->related_to_nothing = true;
	if (rq->open) {
		msg->file_id = rq->open->id;
		msg->has_file_id = true;
		msg->failed = STATUS_SUCCESS;
	} else if (rq->code == SMB2_CREATE || !rq->related) {
		/* nothing to inherit: a related one fails as this one did */
		msg->has_file_id = false;
		msg->failed = ntstatus_is_error(rq->status) ?
			      rq->status : STATUS_INVALID_PARAMETER;
	}
}

/*
 * Statuses that are errors by their severity bits and still come with the
 * command's own response, and the other way round: 3.3.4.4.
 */
static bool answers_with_body(const struct ksmbd_request *rq)
{
	if (rq->status == STATUS_SUCCESS || rq->error_has_body ||
	    rq->status == STATUS_NOTIFY_ENUM_DIR ||
	    rq->status == STATUS_NOTIFY_CLEANUP)
		return true;
	if (rq->status == STATUS_MORE_PROCESSING_REQUIRED)
		return rq->code == SMB2_SESSION_SETUP;
	if (rq->status == STATUS_BUFFER_OVERFLOW)
		return rq->code == SMB2_QUERY_INFO || rq->code == SMB2_READ ||
		       rq->code == SMB2_IOCTL;
	return false;
}

void smb2_encode_body(struct ksmbd_request *rq, struct wire_writer *w)
{
	const struct smb2_command *cmd = command_of(rq);

	if (cmd && answers_with_body(rq)) {
		cmd->encode(w, &rq->rsp);
		return;
	}
	ksmbd_payload_free(&rq->payload);
	if (rq->error_length)
		wire_encode_error_u32(w, rq->error_length);
	else
		wire_encode_error(w);
}

/* Every row filled in: a hole is found at load, not by a client. */
int smb2_dispatch_init(void)
{
	for (int i = 0; i < SMB2_NR_COMMANDS; i++) {
		const struct smb2_command *cmd = &smb2_commands[i];

		if (WARN_ON(!cmd->name || !cmd->decode || !cmd->handle ||
			    !cmd->encode))
			return -EINVAL;
	}
	return 0;
}
