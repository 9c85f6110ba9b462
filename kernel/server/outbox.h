/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a connection still has to send.
 *
 * A client that does not read its answers must not hold workers: a finished
 * frame is put into the connection's outbox, and whoever finds nobody sending
 * sends until it is empty; the others leave.  So at most one thread sleeps in
 * a connection's socket, and frames keep the order they were put in.  Their
 * bytes count as in flight, so a client that reads nothing is not read from
 * either.
 */
#ifndef _KSMBD_OUTBOX_H
#define _KSMBD_OUTBOX_H

#include <linux/list.h>
#include <linux/types.h>
#include "server/connection.h"

/**
 * struct ksmbd_outgoing - one frame on its way
 * @pieces: valid until @free
 * @size: memory it holds, which may be more than their length
 * @close: the connection ends when it is out
 * @free: frees all of it
 */
struct ksmbd_outgoing {
	struct list_head link;		/* conn->outbox, under conn->lock */
	struct ksmbd_pieces pieces;
	size_t size;
	bool close;
	void (*free)(struct ksmbd_outgoing *out);
};

/* Takes @out over.  May send it, and others, before it returns. */
void ksmbd_outbox_put(struct ksmbd_conn *conn, struct ksmbd_outgoing *out);

#endif
