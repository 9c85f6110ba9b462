// SPDX-License-Identifier: GPL-2.0
#include "server/outbox.h"

#include "server/request.h"
#include "transport/transport.h"

/* The next frame, or NULL, and then we are not sending any more. */
static struct ksmbd_outgoing *next_out(struct ksmbd_conn *conn)
{
	struct ksmbd_outgoing *out;

	spin_lock(&conn->lock);
	out = list_first_entry_or_null(&conn->outbox, struct ksmbd_outgoing,
				       link);
	if (out)
		list_del(&out->link);
	else
		conn->sending = false;
	spin_unlock(&conn->lock);
	return out;
}

static void finish(struct ksmbd_conn *conn, struct ksmbd_outgoing *out)
{
	spin_lock(&conn->lock);
	conn->bytes_in_flight -= out->size;
	spin_unlock(&conn->lock);
	wake_up_all(&conn->idle);
	ksmbd_backlog_start(conn);
	out->free(out);
}

void ksmbd_outbox_put(struct ksmbd_conn *conn, struct ksmbd_outgoing *out)
{
	bool sending;

	spin_lock(&conn->lock);
	list_add_tail(&out->link, &conn->outbox);
	conn->bytes_in_flight += out->size;
	sending = conn->sending;
	conn->sending = true;
	spin_unlock(&conn->lock);
	if (sending)
		return;

	/* Our message counts as in flight: the connection waits for us. */
	while ((out = next_out(conn))) {
		/* after a failure the transport is shut down and fails at once */
		if (ksmbd_transport_send(conn->transport, &out->pieces) ||
		    out->close)
			ksmbd_conn_shutdown(conn);
		finish(conn, out);
	}
	/* who was kept back while we were sending */
	ksmbd_backlog_start(conn);
}
