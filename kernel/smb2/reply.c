// SPDX-License-Identifier: GPL-2.0
/*
 * Responses on their way out, [MS-SMB2] 3.3.4.1: header, credits, padding
 * between the links of a chain, pre-authentication hash, signature, one send.
 *
 * A response is its head (header and fixed part, built here) and its payload,
 * which is sent from where the handler put it.
 */
#include "smb2/smb2.h"

#include <linux/slab.h>
#include "smb2/dispatch.h"

#define HEAD_MAX	(SMB2_HEADER_SIZE + WIRE_MAX_FIXED)
#define PIECES_PER_LINK	3		/* head, payload, padding */

static const u8 zeros[8];

/* One response being sent: its head's bytes and where its pieces lie. */
struct reply_link {
	struct ksmbd_request *rq;
	struct kvec *iov;
	unsigned int n;
	u32 len;
	u8 head[HEAD_MAX];
};

static void add_piece(struct reply_link *l, const void *data, u32 len)
{
	if (!len)
		return;
	l->iov[l->n].iov_base = (void *)data;
	l->iov[l->n].iov_len = len;
	l->n++;
	l->len += len;
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
 * client knows who answered.
 */
static struct ksmbd_sign_key *signing_key_for(const struct ksmbd_request *rq)
{
	if (!rq->channel || !rq->session || rq->status == STATUS_PENDING)
		return NULL;
	if (rq->signed_ok || rq->session->signing_required ||
	    (rq->code == SMB2_SESSION_SETUP && rq->status == STATUS_SUCCESS))
		return rq->channel->signing_key;
	return NULL;
}

static int sign(struct reply_link *l)
{
	struct ksmbd_sign_key *key = signing_key_for(l->rq);
	u8 *flags = l->head + 16;

	if (!key)
		return 0;
	put_unaligned_le32(get_unaligned_le32(flags) | SMB2_FLAGS_SIGNED, flags);
	return ksmbd_sign(key, l->iov, l->n, l->head + SMB2_SIGNATURE_OFFSET);
}

/* The hash covers what went over the wire: [MS-SMB2] 3.3.5.4, 3.3.5.5. */
static int hash(struct reply_link *l)
{
	struct ksmbd_request *rq = l->rq;
	int err;

	if (rq->conn->dialect != SMB2_DIALECT_0311)
		return 0;
	if (rq->code == SMB2_NEGOTIATE)
		return ksmbd_preauth_update(rq->conn->preauth_hash, l->iov, l->n);
	if (rq->code != SMB2_SESSION_SETUP || !rq->session ||
	    rq->status != STATUS_MORE_PROCESSING_REQUIRED)
		return 0;
	mutex_lock(&rq->session->setup);
	err = ksmbd_preauth_update(rq->session->preauth_hash, l->iov, l->n);
	mutex_unlock(&rq->session->setup);
	return err;
}

static int build(struct reply_link *l, struct ksmbd_request *rq, bool last)
{
	struct smb2_header h = response_header(rq);
	struct wire_writer w = wire_writer_of(l->head, sizeof(l->head));
	u32 pad;

	l->rq = rq;
	wire_encode_header(&w, &h);
	smb2_encode_body(rq, &w);
	if (WARN_ON_ONCE(w.full))
		return -EOVERFLOW;
	add_piece(l, l->head, w.len);
	add_piece(l, rq->payload.data, rq->payload.len);
	if (!last) {
		pad = ALIGN(l->len, 8) - l->len;
		add_piece(l, zeros, pad);
		put_unaligned_le32(l->len, l->head + SMB2_NEXT_COMMAND_OFFSET);
	}
	return hash(l) ?: sign(l);
}

static int send_chain(struct ksmbd_conn *conn, struct list_head *done,
		      unsigned int n)
{
	struct reply_link *links;
	struct ksmbd_request *rq;
	unsigned int i = 0, pieces = 0;
	struct kvec *iov;
	size_t len = 0;
	int err = 0;

	links = kvmalloc_array(n, sizeof(*links), GFP_KERNEL);
	iov = kvmalloc_array(n, PIECES_PER_LINK * sizeof(*iov), GFP_KERNEL);
	if (!links || !iov) {
		err = -ENOMEM;
		goto out;
	}
	list_for_each_entry(rq, done, link) {
		struct reply_link *l = &links[i];

		l->iov = iov + pieces;
		l->n = 0;
		l->len = 0;
		err = build(l, rq, ++i == n);
		if (err)
			goto out;
		pieces += l->n;
		len += l->len;
	}
	err = ksmbd_transport_send(conn->transport, iov, pieces, len);
out:
	kvfree(links);
	kvfree(iov);
	return err;
}

void smb2_reply_send(struct ksmbd_message *msg)
{
	struct ksmbd_request *rq, *next;
	bool close = false;
	unsigned int n = 0;

	list_for_each_entry(rq, &msg->done, link) {
		n++;
		close |= rq->no_answer;
	}
	if (!n)
		return;
	if (!close && send_chain(msg->conn, &msg->done, n))
		close = true;
	list_for_each_entry_safe(rq, next, &msg->done, link) {
		close |= rq->close_connection;
		list_del(&rq->link);
		ksmbd_request_free(rq);
	}
	if (close)
		ksmbd_conn_shutdown(msg->conn);
}

void smb2_reply_interim(struct ksmbd_request *rq)
{
	struct kvec iov[PIECES_PER_LINK];
	struct reply_link l = { .iov = iov };
	int err;

	/* what came before it in the chain does not wait for it: 3.3.4.2 */
	smb2_reply_send(rq->msg);
	rq->status = STATUS_PENDING;
	err = build(&l, rq, true) ?:
	      ksmbd_transport_send(rq->conn->transport, l.iov, l.n, l.len);
	if (err)
		ksmbd_conn_shutdown(rq->conn);
}
