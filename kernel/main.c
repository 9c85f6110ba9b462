// SPDX-License-Identifier: GPL-2.0
/* The module: brings the layers up from below, takes them down from above. */
#include <linux/module.h>
#include "auth/kdf.h"
#include "fs/dir_index.h"
#include "fs/notify.h"
#include "fs/open.h"
#include "fs/status.h"
#include "ipc/admin.h"
#include "ipc/ipc.h"
#include "server/request.h"
#include "server/server.h"
#include "server/session.h"
#include "server/status.h"
#include "smb2/smb2.h"
#include "smb2/stats.h"
#include "transport/transport.h"

static const struct ksmbd_admin_ops admin_ops = {
	.server			= ksmbd_status_server,
	.next_connection	= ksmbd_status_connection,
	.next_session		= ksmbd_status_session,
	.next_tree		= ksmbd_status_tree,
	.next_open		= ksmbd_status_open,
	.next_lock		= ksmbd_status_lock,
	.next_command		= smb2_stats_command,
	.close_connection	= ksmbd_status_close_connection,
	.close_session		= ksmbd_status_close_session,
	.close_tree		= ksmbd_status_close_tree,
	.close_open		= ksmbd_status_close_open,
	.close_share		= ksmbd_status_close_share,
};

static int __init ksmbd_init(void)
{
	int err;

	err = smb2_dispatch_init();
	if (err)
		return err;
	err = smb2_stats_init();
	if (err)
		return err;
	err = ksmbd_crypto_init();
	if (err)
		goto undo_stats;
	err = ksmbd_request_init();
	if (err)
		goto undo_crypto;
	err = ksmbd_session_init();
	if (err)
		goto undo_request;
	err = ksmbd_open_init();
	if (err)
		goto undo_session;
	err = ksmbd_dir_index_init();
	if (err)
		goto undo_open;
	err = ksmbd_notify_init();
	if (err)
		goto undo_index;
	err = ksmbd_tcp_init();
	if (err)
		goto undo_notify;
	err = ksmbd_server_init();
	if (err)
		goto undo_tcp;
	err = ksmbd_admin_init(&admin_ops);
	if (err)
		goto undo_server;
	/* last: from here on mountd may start us up */
	err = ksmbd_ipc_init();
	if (err)
		goto undo_admin;
	return 0;

undo_admin:
	ksmbd_admin_exit();
undo_server:
	ksmbd_server_exit();
undo_tcp:
	ksmbd_tcp_exit();
undo_notify:
	ksmbd_notify_exit();
undo_index:
	ksmbd_dir_index_exit();
undo_open:
	ksmbd_open_exit();
undo_session:
	ksmbd_session_exit();
undo_request:
	ksmbd_request_exit();
undo_crypto:
	ksmbd_crypto_exit();
undo_stats:
	smb2_stats_exit();
	return err;
}

static void __exit ksmbd_exit(void)
{
	ksmbd_admin_exit();
	ksmbd_server_exit();		/* no connection is left after it */
	ksmbd_ipc_exit();
	ksmbd_tcp_exit();
	ksmbd_notify_exit();
	ksmbd_dir_index_exit();
	ksmbd_open_exit();
	ksmbd_session_exit();
	ksmbd_request_exit();
	ksmbd_crypto_exit();
	smb2_stats_exit();
	rcu_barrier();			/* call_rcu() callbacks are code of ours */
}

module_init(ksmbd_init);
module_exit(ksmbd_exit);

MODULE_DESCRIPTION("SMB3 file server");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
/* what the crypto API is asked for by name */
MODULE_SOFTDEP("pre: md5 hmac sha256 sha512 aes cbc ecb ctr ghash gcm cmac ccm");
