/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles that outlive their connection, [MS-SMB2] 3.3.5.9.6, .7, .10 and .12.
 *
 * A client that may cache a handle (a batch oplock, a lease with HANDLE) may ask
 * to find it again after its connection broke.  Until then the open is DETACHED:
 * off its session, but in its file, with its share mode, locks and oplock.  Who
 * comes back gets a new open, to which all of that is moved; a session, tree
 * or connection of an open never changes.
 */
#ifndef _KSMBD_DURABLE_H
#define _KSMBD_DURABLE_H

#include <linux/wait.h>
#include "fs/fs.h"

struct ksmbd_grant;

/*
 * What is kept for a client that is gone.  The handle holds nobody up: who wants
 * the file takes it away at once.
 */
#define KSMBD_MAX_DETACHED	4096
#define KSMBD_USER_MAX_DETACHED	1024

/*
 * CREATE that carried DHnQ or DH2Q, before publish: remembers the latter's
 * CreateGuid, and grants what c->durable asks for when the oplock allows it.
 */
void ksmbd_durable_offer(struct ksmbd_request *rq, struct ksmbd_open *open,
			 struct ksmbd_create *c);
void ksmbd_durable_free(struct ksmbd_open *open);	/* with the open */
/* Closes it if it is DETACHED; the caller has a reference of its own. */
void ksmbd_durable_end(struct ksmbd_open *open);
/* A request works with it by its FileId: Open.IsReplayEligible ends. */
void ksmbd_durable_used(struct ksmbd_open *open);

/*
 * 3.3.5.9.10: has this client used the CreateGuid of its DH2Q before?  Then @status
 * is SUCCESS for a replay on the session that has it open, which is answered anew
 * for rq->open; FILE_NOT_AVAILABLE while the first is still waiting; else
 * DUPLICATE_OBJECTID, or ACCESS_DENIED with another lease.
 */
bool ksmbd_durable_replay(struct ksmbd_request *rq, struct ksmbd_create *c,
			  ntstatus_t *status);

/*
 * 3.3.5.9.7 and .12: the handle that c->durable names, in rq->open.
 * OBJECT_NAME_NOT_FOUND: it is not there any more, or not this client's;
 * ACCESS_DENIED: another user's.
 */
ntstatus_t ksmbd_durable_reconnect(struct ksmbd_request *rq,
				   struct ksmbd_create *c);

/* --- inside of fs/ --- */

/*
 * Under file->spin: are there DETACHED ones among the opens of @g, and are there no
 * others, so that nobody would hear of a break?
 */
bool ksmbd_durable_has_detached_locked(const struct ksmbd_grant *g);
bool ksmbd_durable_is_left_locked(const struct ksmbd_grant *g);
/* Closes those; may sleep. */
void ksmbd_durable_end_of(struct ksmbd_grant *g);
/* Told when a reference on a DETACHED open goes. */
extern struct wait_queue_head ksmbd_durable_idle;

/* ksmbd_durable_detach_all(), ksmbd_durable_start(), ...: server/tree.h */

#endif
