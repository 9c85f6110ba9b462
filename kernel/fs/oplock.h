/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Oplocks and leases: what clients may keep to themselves, and how they are
 * asked to give it back.  [MS-SMB2] 3.3.4.6, 3.3.4.7, 3.3.5.22, [MS-FSA] 2.1.4.12.
 *
 * There is one mechanism for both, in the terms of leases.  An oplock is what one
 * handle was granted: level II is READ, exclusive READ and WRITE, batch all
 * three.  A lease is what all handles of one client with one key were granted.
 */
#ifndef _KSMBD_OPLOCK_H
#define _KSMBD_OPLOCK_H

#include <linux/workqueue.h>
#include "fs/fs.h"

#define KSMBD_BREAK_TIMEOUT	(35 * HZ)	/* [MS-SMB2] 3.3.2.1 */

/**
 * struct ksmbd_grant - an oplock, or a Lease of [MS-SMB2] 3.3.1.12
 *
 * Life: in file->grants from the first open that has it to the last one's end.
 *
 *	HELD --break--> BREAKING --acknowledged, 35 s over--> HELD
 *
 *	A break that takes READ only is over when it begins: nobody acknowledges it.
 *	What is to be taken from a BREAKING one waits in @required until it is
 *	HELD again.
 *
 * References, one each:
 *	- the file, while it is in file->grants;
 *	- each open that has it;
 *	- each work item of its own that is queued;
 *	- an acknowledgment, while it looks for it by its key.
 *
 * Locks: file->spin guards everything from @opens on; what is above it never
 *	changes.  Nothing is sent under it: @notify is queued.
 */
struct ksmbd_grant {
	refcount_t ref;
	struct ksmbd_file *file;	/* pinned */
	bool is_lease;
	u8 version;			/* of a lease: 1, 2 */
	u8 client_guid[16];
	u8 key[16];
	u8 parent_key[16];
	bool has_parent;
	u64 id;				/* a lease's: ksmbd_lease_id() */
	struct hlist_node hash;		/* a lease's, under leases_lock */

	struct list_head opens;		/* struct ksmbd_open.grant_link */
	struct list_head link;		/* file->grants, or empty */
	u32 n_real;			/* as file->n_real, of @opens */
	u8 state;			/* SMB2_LEASE_* */
	bool breaking;
	u8 break_to;			/* what the client was asked for */
	u8 required;			/* what has to be left of @state in the end */
	u16 epoch;
	unsigned long deadline;		/* jiffies; of the break under way */
	bool known;			/* the client has been told that it has it */
	struct {
		bool pending, ack;
		u8 from, to;
		u16 epoch;
	} notice;			/* what @notify is to send */
	struct work_struct notify;
	struct delayed_work timeout;
};

/* [MS-FSA] 2.1.5.1.2: attributes only, which break nothing */
bool ksmbd_oplock_is_stat(u32 access);

/*
 * CREATE, with ksmbd_file_lock() of open->file.  Takes from others what they may
 * not keep when @open joins; @violation: it may not, but would if handles that are
 * only cached were closed.  @overwrite: the data go as well.  PENDING: parked, and all is
 * to be tried again when woken; SUCCESS: nothing is in the way (any more).
 */
ntstatus_t ksmbd_oplock_open(struct ksmbd_request *rq, struct ksmbd_open *open,
			     const struct ksmbd_create *c, bool violation,
			     bool overwrite);
/*
 * Gives @open what c->oplock and c->lease ask for, or less, and says so there.
 * Before ksmbd_file_join(), under the same locks.
 */
void ksmbd_oplock_grant(struct ksmbd_open *open, struct ksmbd_create *c);
/* rq->answered of a CREATE that was granted something: it can be broken now. */
void ksmbd_oplock_answered(struct ksmbd_request *rq);
/* The handle is closing; ksmbd_file_lock() is held. */
void ksmbd_oplock_release(struct ksmbd_open *open);

/*
 * The data of @open's file change, or are locked: no other client may go on
 * reading them from its cache.  Nobody waits for that.
 */
void ksmbd_oplock_break_read(struct ksmbd_open *open);
/*
 * The name of @file is about to change or go: handles that others only cache have
 * to be closed.  As ksmbd_oplock_open(); @but may keep its own.
 */
ntstatus_t ksmbd_oplock_break_handles(struct ksmbd_request *rq,
				      struct ksmbd_file *file,
				      struct ksmbd_open *but);
/* The same of all that is open below @dir, a directory. */
ntstatus_t ksmbd_oplock_break_below(struct ksmbd_request *rq,
				    struct ksmbd_open *dir);
/* When a request that waited is called again: why it does not go on, or SUCCESS. */
ntstatus_t ksmbd_oplock_resume(struct ksmbd_request *rq);

/*
 * Acknowledgments, [MS-SMB2] 3.3.5.22.1 and .2.  @level, @state: what the client
 * keeps.
 */
ntstatus_t ksmbd_oplock_acknowledge(struct ksmbd_open *open, u8 level);
ntstatus_t ksmbd_lease_acknowledge(const u8 client_guid[16], const u8 key[16],
				   u32 state);
/*
 * A lease in one word, never 0: to compare, where a chance of 2^-64 to be wrong does
 * no harm.
 */
u64 ksmbd_lease_id(const u8 client_guid[16], const u8 key[16]);
/* Is the key used for another file than @file, which may be NULL? */
bool ksmbd_lease_elsewhere(const u8 client_guid[16], const u8 key[16],
			   const struct ksmbd_file *file);

/* --- inside of fs/ --- */

/* fs/oplock.c, under file->spin: does what @own (may be NULL) wants have to wait? */
struct oplock_claim {
	const struct ksmbd_grant *own;	/* never in the way of itself */
	u8 take;			/* what others may not keep, and is waited for */
	bool take_all;			/* nor anything else */
	bool spare_leases;		/* only oplocks are in the way */
	bool waited;			/* so it waits for all that it asked for */
};
bool ksmbd_grant_claim_locked(struct ksmbd_file *file,
			      const struct oplock_claim *claim);
/* All of all leases on @file but that of @id; nobody waits for it.  Takes file->spin. */
void ksmbd_grants_break_but(struct ksmbd_file *file, u64 id);
/* @state is what the client keeps; wakes who waits. */
void ksmbd_grant_settle_locked(struct ksmbd_grant *g, u8 state);
void ksmbd_grant_put(struct ksmbd_grant *g);
/* For answers: what @g is to its client; of no lease, its level. */
void ksmbd_lease_describe_locked(const struct ksmbd_grant *g,
				 struct smb2_lease *lease);
u8 ksmbd_oplock_level_of(u8 state);
/* fs/oplock_wait.c, under file->spin */
void ksmbd_break_waiters_wake(struct ksmbd_file *file);

/* fs/lease.c; the grant is referenced.  @g is found from then on, or -EEXIST. */
struct ksmbd_grant *ksmbd_lease_find(const u8 client_guid[16], const u8 key[16]);
int ksmbd_lease_add(struct ksmbd_grant *g);
void ksmbd_lease_remove(struct ksmbd_grant *g);

/* Provided by smb2/oplock_break.c: may sleep. */
void ksmbd_send_break(struct ksmbd_conn *conn, struct ksmbd_session *session,
		      const struct smb2_break *b);

int ksmbd_oplock_init(void);
void ksmbd_oplock_exit(void);		/* after the last open */

#endif
