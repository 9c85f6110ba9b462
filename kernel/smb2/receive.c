// SPDX-License-Identifier: GPL-2.0
/*
 * From a frame to its requests: what [MS-SMB2] 3.3.5.2 asks of every message
 * before a command is looked at.  Frames that break the framing or the credit
 * rules end the connection; everything else gets an answer.
 */
#include "smb2/smb2.h"

#include <linux/kcov.h>
#include "debug.h"
#include "server/server.h"
#include "smb2/dispatch.h"

/*
 * On a kernel with KCOV a fuzzer collects what the messages ran, whichever
 * thread ran it, under this id of its KCOV_REMOTE_ENABLE.
 */
#define KSMBD_KCOV_INSTANCE	0x5342

#define QUICK_READ	(64 << 10)	/* bytes copied in the receiving thread */
#define ANSWER_SIZE	256		/* of an answer beside its data */

/* One request of a chain as it lies in the message; @h is decoded. */
struct chain_link {
	struct wire_span bytes;
	struct smb2_header h;
};

/*
 * The request at @pos.  NextCommand has to be a multiple of 8 that leaves room
 * for this header and for the next ([MS-SMB2] 3.3.5.2.7).
 */
static int chain_link_at(struct wire_span whole, u32 pos, struct chain_link *l)
{
	struct wire_reader r = wire_reader_at(whole, pos);
	u32 left;

	if (wire_decode_header(&r, &l->h))
		return -EINVAL;
	left = whole.len - pos;
	l->bytes.data = whole.data + pos;
	l->bytes.len = left;
	if (!l->h.next_command)
		return 0;
	if (l->h.next_command % 8 || l->h.next_command < SMB2_HEADER_SIZE ||
	    l->h.next_command > left || left - l->h.next_command < SMB2_HEADER_SIZE)
		return -EINVAL;
	l->bytes.len = l->h.next_command;
	return 0;
}

static u16 charge_of(const struct ksmbd_conn *conn, const struct smb2_header *h)
{
	/* [MS-SMB2] 3.3.5.2.3: CreditCharge is reserved before 2.1 */
	if (conn->dialect <= SMB2_DIALECT_0202)
		return 1;
	return max_t(u16, h->credit_charge, 1);
}

/*
 * Walks the chain once in the receiving thread: a MessageId is used up before
 * the next frame is read, so what is in flight is bounded by credits.
 */
static int check_chain(struct ksmbd_conn *conn, struct ksmbd_message *msg)
{
	struct chain_link l;
	u32 pos = 0, n = 0;

	do {
		if (++n > KSMBD_MAX_COMPOUND ||
		    chain_link_at(msg->bytes, pos, &l))
			return -EINVAL;
		if (l.h.flags & SMB2_FLAGS_SERVER_TO_REDIR)
			return -EINVAL;
		/* one session's key says nothing for another: 3.3.5.2.1.1 */
		if (msg->sealed_by && l.h.session_id != msg->sealed_by->id &&
		    !(l.h.flags & SMB2_FLAGS_RELATED_OPERATIONS))
			return -EINVAL;
		/* CANCEL reuses the id of what it cancels: 3.3.5.16 */
		if (l.h.command != SMB2_CANCEL &&
		    ksmbd_credits_consume(&conn->credits, l.h.message_id,
					  charge_of(conn, &l.h)))
			return -EINVAL;
		/*
		 * Once, alone and before anything else (3.3.5.4): it runs in
		 * this thread, so that no other sees it half done.
		 */
		if ((l.h.command == SMB2_NEGOTIATE) != !conn->dialect ||
		    (l.h.command == SMB2_NEGOTIATE && (pos || l.h.next_command)))
			return -EINVAL;
		/* asks mountd, and may be made to wait: not before others */
		if (l.h.command == SMB2_SESSION_SETUP ||
		    l.h.command == SMB2_TREE_CONNECT)
			msg->slow = true;
		pos += l.h.next_command;
	} while (l.h.next_command);
	return 0;
}

/* The next request of the message, decoded header and all; NULL: no memory. */
static struct ksmbd_request *next_request(struct ksmbd_message *msg)
{
	struct ksmbd_request *rq = ksmbd_request_new(msg);
	struct chain_link l;

	if (!rq)
		return NULL;
	/* check_chain() has been here: this cannot fail */
	if (WARN_ON_ONCE(chain_link_at(msg->bytes, msg->next, &l))) {
		ksmbd_request_free(rq);
		return NULL;
	}
	rq->hdr = l.h;
	rq->raw = l.bytes;
	rq->beyond = msg->beyond;
	rq->code = l.h.command;
	rq->charge = charge_of(msg->conn, &l.h);
	rq->related = l.h.flags & SMB2_FLAGS_RELATED_OPERATIONS;
	rq->rsp_session_id = l.h.session_id;
	rq->rsp_tree_id = l.h.tree_id;
	msg->next = l.h.next_command ? msg->next + l.h.next_command : 0;
	msg->n_requests++;
	return rq;
}

static void finish_request(struct ksmbd_message *msg, struct ksmbd_request *rq)
{
	spin_lock(&msg->conn->lock);	/* see the searches in server/request.c */
	msg->rq = NULL;
	spin_unlock(&msg->conn->lock);
	smb2_request_done(rq);
	if (rq->code == SMB2_CANCEL) {		/* no response: 3.3.5.16 */
		ksmbd_request_free(rq);
		return;
	}
	list_add_tail(&rq->link, &msg->done);
}

static void run_message(struct ksmbd_message *msg)
{
	struct ksmbd_request *rq;
	ntstatus_t status;

	do {
		rq = msg->rq;
		if (!rq) {
			rq = next_request(msg);
			if (!rq) {
				ksmbd_conn_shutdown(msg->conn);
				break;
			}
		}
		for (;;) {
			status = smb2_dispatch(rq);
			if (status == SMB2_STATUS_MOVE) {
				ksmbd_message_move(msg);
				return;
			}
			if (status != STATUS_PENDING)
				break;
			if (!rq->async_id) {
				if (ksmbd_request_make_async(rq)) {
					/* cannot be announced: 3.3.4.2 */
					rq->too_many = true;
					ksmbd_request_cancel(rq);
					continue;
				}
				smb2_reply_interim(rq);
			}
			if (ksmbd_request_suspend(rq))
				return;		/* the waker owns it now */
		}
		finish_request(msg, rq);
	} while (msg->next);

	smb2_reply_send(msg);
	ksmbd_message_free(msg);
}

void ksmbd_message_run(struct work_struct *work)
{
	kcov_remote_start(kcov_remote_handle(KCOV_SUBSYSTEM_COMMON,
					     KSMBD_KCOV_INSTANCE));
	run_message(container_of(work, struct ksmbd_message, work));
	kcov_remote_stop();
}

/* SMB1's multi-protocol NEGOTIATE, the first frame or never. */
static int receive_smb1(struct ksmbd_conn *conn, struct ksmbd_message *msg)
{
	struct smb1_negotiate n;
	struct ksmbd_request *rq;

	if (conn->dialect || conn->smb1_seen || msg->frame->bulk ||
	    wire_decode_smb1_negotiate(msg->bytes, &n))
		return -EPROTO;
	/* its answer stands for MessageId 0: 3.3.5.3.2 */
	if (ksmbd_credits_consume(&conn->credits, 0, 1))
		return -EPROTO;
	rq = ksmbd_request_new(msg);
	if (!rq)
		return -ENOMEM;
	rq->raw = msg->bytes;
	rq->charge = 1;
	rq->hdr.credits = 1;
	conn->smb1_seen = true;
	smb2_dispatch_smb1_negotiate(rq, &n);
	list_add_tail(&rq->link, &msg->done);
	smb2_reply_send(msg);
	ksmbd_message_free(msg);
	return 0;
}

/*
 * A large message stays in pieces when it is one WRITE, whose data no decoder looks
 * at.  Anything else is decoded from one piece.
 */
static int lay_out(struct ksmbd_message *msg)
{
	struct wire_reader r = wire_reader_of(msg->bytes);
	struct ksmbd_frame *frame = msg->frame, *flat;
	struct smb2_header h;

	if (!frame->bulk)
		return 0;
	if (wire_decode_header(&r, &h))
		return -EINVAL;
	if (h.command == SMB2_WRITE && !h.next_command) {
		msg->beyond = frame->bulk->len;
		return 0;
	}
	flat = ksmbd_frame_in_one(frame);
	if (!flat)
		return -ENOMEM;
	ksmbd_frame_free(frame);
	msg->frame = flat;
	msg->bytes = (struct wire_span) { flat->data, flat->len };
	return 0;
}

/* Bytes of the answer to a request that is answered without any wait; 0: it may wait. */
static u32 quick_answer(const struct ksmbd_message *msg, const struct chain_link *l)
{
	struct wire_reader r = wire_reader_at(msg->bytes, SMB2_HEADER_SIZE);
	union smb2_req req;

	if (l->h.next_command)
		return 0;
	if (l->h.command == SMB2_ECHO)
		return ANSWER_SIZE;
	if (l->h.command != SMB2_READ || wire_decode_read(&r, &req) ||
	    req.read.length > QUICK_READ)
		return 0;
	return ANSWER_SIZE + req.read.length;
}

/*
 * What has to keep its place among those before and behind it: a CANCEL must not queue
 * up behind what it cancels, nor a CLOSE overtake the CHANGE_NOTIFY on its handle.
 * Neither waits here.
 */
static bool keeps_its_place(const struct chain_link *l)
{
	return l->h.command == SMB2_NEGOTIATE ||
	       ((l->h.command == SMB2_CANCEL || l->h.command == SMB2_CHANGE_NOTIFY) &&
		!l->h.next_command);
}

/*
 * On a connection that is idle otherwise the way to a worker and back is a large part
 * of a small request.  READ leaves when its data are not in memory.
 */
static bool may_run_here(struct ksmbd_message *msg, const struct chain_link *l)
{
	u32 size = quick_answer(msg, l);

	return size && ksmbd_transport_is_quiet(msg->conn->transport, size) &&
	       ksmbd_message_take_turn(msg);
}

static int receive_smb2(struct ksmbd_conn *conn, struct ksmbd_message *msg)
{
	struct chain_link first;
	int err = lay_out(msg) ?: check_chain(conn, msg);

	if (err) {
		ksmbd_debug(CONN, "%s: bad framing or credits\n",
			    conn->transport->peer);
		return err;
	}
	err = chain_link_at(msg->bytes, 0, &first);
	if (err)
		return err;

	if (keeps_its_place(&first) || may_run_here(msg, &first))
		run_message(msg);
	else
		ksmbd_message_queue(msg);
	return 0;
}

/*
 * [MS-SMB2] 3.3.5.2.1.1.  In the receiving thread, so that MessageIds are used
 * up in the order they came.  Whatever is wrong ends the connection: there is
 * nobody to answer who has proved anything.
 */
static int decrypt(struct ksmbd_conn *conn, struct ksmbd_message *msg)
{
	struct wire_reader r = wire_reader_of(msg->bytes);
	struct ksmbd_frame *frame = msg->frame;
	struct ksmbd_session *s;
	struct smb2_transform t;

	r.beyond = frame->len - msg->bytes.len;
	if (!conn->cipher || wire_decode_transform(&r, &t))
		return -EPROTO;
	s = ksmbd_session_find(conn, t.session_id);
	if (!s)
		return -EPROTO;
	msg->sealed_by = s;
	/* guests have no key */
	if (ksmbd_session_get_state(s) != SESSION_VALID || !s->decrypt)
		return -EPROTO;
	/* from here on the header is no part of the message */
	frame->vec[0].iov_base += SMB2_TRANSFORM_SIZE;
	frame->vec[0].iov_len -= SMB2_TRANSFORM_SIZE;
	msg->bytes.data += SMB2_TRANSFORM_SIZE;
	msg->bytes.len -= SMB2_TRANSFORM_SIZE;
	WRITE_ONCE(s->uses_encryption, true);
	return ksmbd_decrypt(s->decrypt, &t, frame->data, frame->vec, frame->n);
}

static int receive_transform(struct ksmbd_conn *conn, struct ksmbd_message *msg)
{
	int err = decrypt(conn, msg);

	if (!err)
		return receive_smb2(conn, msg);	/* also refuses another transform */
	ksmbd_debug(CONN, "%s: encrypted frame: %d\n", conn->transport->peer,
		    err);
	return err;
}

static int receive_frame(struct ksmbd_conn *conn, struct ksmbd_frame *frame)
{
	struct ksmbd_message *msg = ksmbd_message_new(conn, frame);
	struct wire_reader r;
	int err;

	if (!msg) {
		ksmbd_frame_free(frame);
		return -ENOMEM;
	}
	r = wire_reader_of(msg->bytes);
	switch (wire_get_u32(&r)) {
	case SMB1_PROTOCOL_ID:
		err = receive_smb1(conn, msg);
		break;
	case SMB2_PROTOCOL_ID:
		err = receive_smb2(conn, msg);
		break;
	case SMB2_TRANSFORM_ID:
		err = receive_transform(conn, msg);
		break;
	default:
		err = -EPROTO;
		break;
	}
	if (err)
		ksmbd_message_free(msg);
	return err;
}

int ksmbd_received(struct ksmbd_conn *conn, struct ksmbd_frame *frame)
{
	int err;

	kcov_remote_start(kcov_remote_handle(KCOV_SUBSYSTEM_COMMON,
					     KSMBD_KCOV_INSTANCE));
	err = receive_frame(conn, frame);
	kcov_remote_stop();
	return err;
}
