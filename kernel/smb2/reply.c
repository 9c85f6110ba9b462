// SPDX-License-Identifier: GPL-2.0
/*
 * Responses on their way out, [MS-SMB2] 3.3.4.1: header, credits, padding
 * between the links of a chain, pre-authentication hash, signature, one send.
 *
 * A response is its head (header and fixed part, built here) and its payload,
 * which is sent from where the handler put it.  Once the frame is built the
 * requests are done with: it keeps nothing of theirs but the payloads.
 */
#include "smb2/smb2.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include "server/outbox.h"
#include "smb2/dispatch.h"

#define HEAD_MAX	(SMB2_HEADER_SIZE + WIRE_MAX_FIXED)
#define PIECES_PER_LINK	3		/* head, payload, padding */
#define PIECES_IN_FRONT	2		/* the transport's header, a transform's */

/* One response of the frame: its pieces are @n of the frame's, from @iov on. */
struct reply_link {
	struct kvec *iov;
	unsigned int n;
	u32 len;
	struct ksmbd_payload payload;
	u8 padding[8];
	u8 head[HEAD_MAX];
};

struct reply {
	struct ksmbd_outgoing out;
	u8 transform[SMB2_TRANSFORM_SIZE];
	unsigned int n_links;
	struct reply_link links[];	/* and their pieces behind them */
};

static void reply_free(struct ksmbd_outgoing *out)
{
	struct reply *r = container_of(out, struct reply, out);

	for (unsigned int i = 0; i < r->n_links; i++)
		ksmbd_payload_free(&r->links[i].payload);
	kvfree(r);
}

/* For so many responses, whose payloads are in @n_bulk pieces beside those in one. */
static struct reply *reply_new(unsigned int n_links, unsigned int n_bulk)
{
	unsigned int n = PIECES_IN_FRONT + n_links * PIECES_PER_LINK + n_bulk;
	struct reply *r = NULL;		/* sized by type, not yet there */
	size_t links = ALIGN(struct_size(r, links, n_links), sizeof(void *));
	size_t size = links + n * (sizeof(struct kvec) + sizeof(bool));
	struct kvec *iov;
	bool *shared;

	r = kvmalloc(size, GFP_KERNEL);
	if (!r)
		return NULL;
	iov = (void *)r + links;
	shared = (bool *)(iov + n);
	r->out = (struct ksmbd_outgoing) {
		.pieces = {
			.iov	= iov + PIECES_IN_FRONT,
			.shared	= shared + PIECES_IN_FRONT,
		},
		.size	= size,
		.free	= reply_free,
	};
	r->n_links = 0;
	return r;
}

static void begin_link(struct reply *r, struct reply_link *l)
{
	l->iov = r->out.pieces.iov + r->out.pieces.n;
	l->n = 0;
	l->len = 0;
	l->payload = (struct ksmbd_payload) { };
}

static void add_piece(struct reply *r, struct reply_link *l, const void *data,
		      u32 len, bool shared)
{
	struct ksmbd_pieces *p = &r->out.pieces;

	if (!len)
		return;
	p->iov[p->n] = (struct kvec) { (void *)data, len };
	p->shared[p->n++] = shared;
	p->len += len;
	l->n++;
	l->len += len;
}

static void add_payload(struct reply *r, struct reply_link *l,
			const struct ksmbd_payload *payload)
{
	const struct ksmbd_bulk *b = payload->bulk;

	l->payload = *payload;
	r->out.size += payload->size;
	if (!b) {
		add_piece(r, l, payload->data, payload->len, false);
		return;
	}
	for (unsigned int i = 1; i <= b->n; i++)
		add_piece(r, l, b->vec[i].iov_base, b->vec[i].iov_len, true);
}

static struct smb2_header response_header(struct ksmbd_request *rq)
{
	struct smb2_header h = {
		.credit_charge	= rq->hdr.credit_charge,
		.status		= (__force u32)rq->status,
		.command	= rq->hdr.command,
		.flags		= SMB2_FLAGS_SERVER_TO_REDIR,
		.message_id	= rq->hdr.message_id,
		.session_id	= rq->rsp_session_id,
		.tree_id	= rq->rsp_tree_id,
	};

	h.flags |= rq->hdr.flags & (SMB2_FLAGS_RELATED_OPERATIONS |
				    SMB2_FLAGS_PRIORITY_MASK);
	if (rq->async_id) {
		h.flags |= SMB2_FLAGS_ASYNC_COMMAND;
		h.async_id = rq->async_id;
	}
	/* the interim response granted an async request's credits already */
	if (!rq->async_id || rq->status == STATUS_PENDING)
		h.credits = ksmbd_credits_grant(&rq->conn->credits,
						rq->hdr.credits, rq->charge);
	return h;
}

/*
 * [MS-SMB2] 3.3.4.1.1: what was signed is answered signed, and everything is
 * on a session that has to sign; the last SESSION_SETUP always, so that the
 * client knows who answered.  Until a connection is bound it answers with the
 * session's key.
 */
static struct ksmbd_sign_key *signing_key_for(const struct ksmbd_request *rq)
{
	if (!rq->session || rq->status == STATUS_PENDING)
		return NULL;
	if (!rq->channel)
		return rq->logon && rq->signed_ok ? rq->logon->signing_key : NULL;
	if (rq->msg->sealed_by)		/* will be authenticated as a whole */
		return NULL;
	if (rq->signed_ok || rq->session->signing_required ||
	    (rq->code == SMB2_SESSION_SETUP && rq->status == STATUS_SUCCESS))
		return rq->channel->signing_key;
	return NULL;
}

static int sign(struct reply_link *l, const struct ksmbd_request *rq)
{
	struct ksmbd_sign_key *key = signing_key_for(rq);
	u8 *flags = l->head + SMB2_FLAGS_OFFSET;

	if (!key)
		return 0;
	put_unaligned_le32(get_unaligned_le32(flags) | SMB2_FLAGS_SIGNED, flags);
	return ksmbd_sign(key, l->iov, l->n, l->head + SMB2_SIGNATURE_OFFSET);
}

/* The hash covers what went over the wire: [MS-SMB2] 3.3.5.4, 3.3.5.5. */
static int hash(struct reply_link *l, const struct ksmbd_request *rq)
{
	int err;

	if (rq->conn->dialect != SMB2_DIALECT_0311)
		return 0;
	if (rq->code == SMB2_NEGOTIATE)
		return ksmbd_preauth_update(rq->conn->preauth_hash, l->iov, l->n);
	if (!rq->logon || rq->status != STATUS_MORE_PROCESSING_REQUIRED)
		return 0;
	mutex_lock(&rq->session->setup);
	err = ksmbd_preauth_update(rq->logon->preauth_hash, l->iov, l->n);
	mutex_unlock(&rq->session->setup);
	return err;
}

static int build(struct reply *r, struct ksmbd_request *rq, bool last)
{
	struct reply_link *l = &r->links[r->n_links++];
	struct smb2_header h = response_header(rq);
	struct wire_writer w = wire_writer_of(l->head, sizeof(l->head));

	wire_encode_header(&w, &h);
	smb2_encode_body(rq, &w);
	begin_link(r, l);
	if (WARN_ON_ONCE(w.full))
		return -EOVERFLOW;
	add_piece(r, l, l->head, w.len, false);
	add_payload(r, l, &rq->payload);
	rq->payload = (struct ksmbd_payload) { };
	if (!last || r->n_links > 1) {	/* Windows pads the last one too */
		memset(l->padding, 0, sizeof(l->padding));
		add_piece(r, l, l->padding, ALIGN(l->len, 8) - l->len, false);
	}
	if (!last)
		put_unaligned_le32(l->len, l->head + SMB2_NEXT_COMMAND_OFFSET);
	return sign(l, rq) ?: hash(l, rq);
}

/* [MS-SMB2] 3.3.4.1.4: what came encrypted is answered encrypted. */
static int encrypt(struct reply *r, struct ksmbd_session *s)
{
	struct ksmbd_pieces *p = &r->out.pieces;
	int err;

	if (!s)
		return 0;
	err = ksmbd_encrypt(s->encrypt, s->id, p->iov, p->n, p->len, r->transform);
	if (err)
		return err;
	*--p->iov = (struct kvec) { r->transform, sizeof(r->transform) };
	*--p->shared = false;
	p->n++;
	p->len += sizeof(r->transform);
	return 0;
}

/* The frame of all that is done; the requests end here. */
static struct reply *build_chain(struct ksmbd_message *msg, unsigned int n,
				 unsigned int n_bulk)
{
	struct ksmbd_request *rq, *next;
	struct reply *r = reply_new(n, n_bulk);
	int err = r ? 0 : -ENOMEM;

	list_for_each_entry_safe(rq, next, &msg->done, link) {
		if (!err)
			err = build(r, rq, list_is_last(&rq->link, &msg->done));
		if (rq->no_answer)
			err = -ECONNABORTED;
		if (r)
			r->out.close |= rq->close_connection;
		list_del(&rq->link);
		ksmbd_request_free(rq);
	}
	if (!err)
		err = encrypt(r, msg->sealed_by);
	if (err && r) {
		reply_free(&r->out);
		r = NULL;
	}
	return r;
}

void smb2_reply_send(struct ksmbd_message *msg)
{
	struct ksmbd_request *rq;
	unsigned int n = 0, n_bulk = 0;
	struct reply *r;

	list_for_each_entry(rq, &msg->done, link) {
		n++;
		if (rq->payload.bulk)
			n_bulk += rq->payload.bulk->n;
	}
	if (!n)
		return;
	r = build_chain(msg, n, n_bulk);
	if (r)
		ksmbd_outbox_put(msg->conn, &r->out);
	else
		ksmbd_conn_shutdown(msg->conn);
}

void smb2_reply_interim(struct ksmbd_request *rq)
{
	struct reply *r;

	/* what came before it in the chain does not wait for it: 3.3.4.2 */
	smb2_reply_send(rq->msg);
	rq->status = STATUS_PENDING;
	r = reply_new(1, 0);
	if (r && !build(r, rq, true) && !encrypt(r, rq->msg->sealed_by)) {
		ksmbd_outbox_put(rq->conn, &r->out);
		return;
	}
	if (r)
		reply_free(&r->out);
	ksmbd_conn_shutdown(rq->conn);
}

/* The client can read it: encrypted where it has to be, and for whom it always is. */
static struct ksmbd_session *sealer_of(struct ksmbd_session *s)
{
	return s->encrypt && (s->encrypt_data || READ_ONCE(s->uses_encryption)) ?
	       s : NULL;
}

static int build_unsolicited(struct reply *r, enum smb2_code code,
			     const void *body, u32 len)
{
	const struct smb2_header h = {
		.command	= code,
		.flags		= SMB2_FLAGS_SERVER_TO_REDIR,
		.message_id	= U64_MAX,
	};
	struct reply_link *l = &r->links[r->n_links++];
	struct wire_writer w = wire_writer_of(l->head, sizeof(l->head));

	wire_encode_header(&w, &h);
	wire_put_bytes(&w, body, len);
	begin_link(r, l);
	if (WARN_ON_ONCE(w.full))
		return -EOVERFLOW;
	add_piece(r, l, l->head, w.len, false);
	return 0;
}

void smb2_send_unsolicited(struct ksmbd_conn *conn, struct ksmbd_session *session,
			   enum smb2_code code, const void *body, u32 len)
{
	struct ksmbd_channel *ch = ksmbd_channel_alive(session, conn);
	struct reply *r;

	if (!ch)
		return;
	r = reply_new(1, 0);
	if (r && !build_unsolicited(r, code, body, len) &&
	    !encrypt(r, sealer_of(session))) {
		ksmbd_outbox_put(ch->conn, &r->out);
	} else {
		if (r)
			reply_free(&r->out);
		ksmbd_conn_shutdown(ch->conn);
	}
	ksmbd_channel_put(ch);
}
