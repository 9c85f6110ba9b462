/* SPDX-License-Identifier: GPL-2.0 */
/* What fs/durable.c keeps, for fs/durable_return.c. */
#ifndef _KSMBD_DURABLE_TABLE_H
#define _KSMBD_DURABLE_TABLE_H

#include "fs/durable.h"
#include "fs/oplock.h"

/*
 * struct ksmbd_durable - what is known of an open that its client may ask for again
 *
 * Made before the open is published, freed with it; in the tables all the time,
 * where who looks takes a reference of the open, unless it has none left.
 *
 * Locks: durables_lock guards the tables, @link, @deadline and @claimed; @used is
 *	only set, without a lock; the rest never changes.  It is innermost.
 */
struct ksmbd_durable {
	struct ksmbd_open *open;
	struct hlist_node by_id;	/* FileId.Persistent */
	struct hlist_node by_guid;	/* of version 2, the newest of its guid */
	u8 version;
	bool granted;			/* else only a CreateGuid */
	bool used;			/* by its FileId: a CREATE is no replay of it */
	u8 create_guid[16];
	u8 client_guid[16];
	u32 action;			/* FILE_OPENED ..., for a replay */
	u32 timeout;			/* ms */
	struct ksmbd_user *owner;	/* reference */

	struct list_head link;		/* detached, or empty */
	unsigned long deadline;		/* jiffies */
	bool claimed;			/* somebody is reconnecting to it */
};

/* In the tables from now on, as open->durable. */
void ksmbd_durable_publish(struct ksmbd_open *open, struct ksmbd_durable *d);
/* Does what c->oplock and c->lease grant keep the handle for its client? */
bool ksmbd_durable_oplock_allows(const struct ksmbd_create *c);
/* 3.3.7.1; what is being broken is wanted by somebody, who is not kept waiting. */
bool ksmbd_durable_may_outlive_locked(const struct ksmbd_open *open);
/* DETACHED to DYING, for one caller. */
bool ksmbd_durable_begin_end(struct ksmbd_open *open);

/* A LIVE or DETACHED one, referenced; for a replay only if nothing used it yet. */
struct ksmbd_open *ksmbd_durable_find_guid(const u8 create_guid[16],
					   const u8 client_guid[16], bool replay);
/*
 * The DETACHED one that @asked names, referenced, for one caller at a time.  Nobody
 * but its @user gets as far as that, so that nobody else can be in his way.
 * ERR_PTR(-ENOENT): none, or another CreateGuid; -EACCES.
 */
struct ksmbd_open *ksmbd_durable_claim(const struct smb2_durable *asked,
				       const struct ksmbd_user *user);
void ksmbd_durable_unclaim(struct ksmbd_open *open);

#endif
