/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Application instances, [MS-SMB2] 3.3.5.9.13: a virtual machine that starts anew on
 * another host takes its files over from the one that is gone, whose handles nobody
 * will close for a while yet.
 */
#ifndef _KSMBD_APP_INSTANCE_H
#define _KSMBD_APP_INSTANCE_H

#include "fs/fs.h"

/*
 * Before @path, to which the user has @maximal access, is opened as @c says: closes
 * what the same instance has open there on another client.  FILE_FORCED_CLOSED: that
 * one is newer, and the CREATE fails.
 */
ntstatus_t ksmbd_app_instance_take_over(struct ksmbd_request *rq,
					const struct ksmbd_create *c,
					const struct path *path, u32 maximal);

#endif
