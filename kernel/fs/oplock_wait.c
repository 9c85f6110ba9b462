// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that wait for a break, parked as in server/request.h.
 *
 * Who waits is entered in file->break_waiters in the same section of file->spin
 * that saw what is in the way, so no acknowledgment is missed.  Woken, the
 * whole command is tried again: nothing is promised to it meanwhile.
 */
#include "fs/oplock.h"

#include <linux/slab.h>

/* rq->park.data of a request that waits or has waited */
struct break_wait {
	struct list_head link;		/* file->break_waiters, or empty */
	struct ksmbd_request *rq;
	struct ksmbd_file *file;	/* pinned while linked; else NULL */
};

static void leave(struct break_wait *wait)
{
	struct ksmbd_file *file = wait->file;

	if (!file)
		return;
	spin_lock(&file->spin);
	list_del_init(&wait->link);
	spin_unlock(&file->spin);
	wait->file = NULL;
	ksmbd_file_unpin(file);
}

static void release_wait(void *data)
{
	leave(data);
	kfree(data);
}

static struct break_wait *prepare(struct ksmbd_request *rq)
{
	struct break_wait *wait = rq->park.data;

	if (wait)
		return wait;
	wait = kzalloc(sizeof(*wait), GFP_KERNEL);
	if (!wait)
		return NULL;
	INIT_LIST_HEAD(&wait->link);
	wait->rq = rq;
	rq->park.data = wait;
	rq->park.release = release_wait;
	return wait;
}

static ntstatus_t why_ended(const struct ksmbd_request *rq)
{
	if (READ_ONCE(rq->torn_down))
		return READ_ONCE(rq->session->state) == SESSION_DYING ?
			STATUS_USER_SESSION_DELETED : STATUS_NETWORK_NAME_DELETED;
	return READ_ONCE(rq->cancelled) ? STATUS_CANCELLED : STATUS_SUCCESS;
}

ntstatus_t ksmbd_oplock_resume(struct ksmbd_request *rq)
{
	if (!rq->park.data)
		return STATUS_SUCCESS;
	leave(rq->park.data);
	return why_ended(rq);
}

void ksmbd_break_waiters_wake(struct ksmbd_file *file)
{
	struct break_wait *wait;

	lockdep_assert_held(&file->spin);
	list_for_each_entry(wait, &file->break_waiters, link)
		ksmbd_request_wake(wait->rq);
}

static bool claim(struct ksmbd_file *file, const struct oplock_claim *claim,
		  struct break_wait *wait)
{
	bool blocked;

	spin_lock(&file->spin);
	blocked = ksmbd_grant_claim_locked(file, claim);
	if (blocked && wait)
		list_add_tail(&wait->link, &file->break_waiters);
	spin_unlock(&file->spin);
	return blocked;
}

static ntstatus_t claim_or_wait(struct ksmbd_request *rq, struct ksmbd_file *file,
				struct oplock_claim *c)
{
	struct break_wait *wait;

	c->waited = rq->park.data;
	if (!claim(file, c, NULL))
		return STATUS_SUCCESS;
	wait = prepare(rq);
	if (!wait)
		return STATUS_INSUFFICIENT_RESOURCES;
	/* in this order: a waker sees only what has announced its wait */
	if (!ksmbd_request_park(rq))
		return why_ended(rq);
	leave(wait);			/* it may have waited for another file */
	ksmbd_file_pin(file);
	wait->file = file;
	if (claim(file, c, wait))
		return STATUS_PENDING;
	leave(wait);
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_oplock_open(struct ksmbd_request *rq, struct ksmbd_open *open,
			     const struct ksmbd_create *c, bool violation,
			     bool overwrite)
{
	struct oplock_claim claim = {
		.take		= violation ? SMB2_LEASE_HANDLE : SMB2_LEASE_WRITE,
		.take_all	= overwrite,
		/* Windows lets one read the descriptor of what is leased */
		.spare_leases	= !overwrite &&
				  ksmbd_oplock_is_stat(open->granted_access &
						       ~ACCESS_READ_CONTROL),
	};
	struct ksmbd_grant *own = NULL;
	ntstatus_t status;

	lockdep_assert_held(&open->file->lock);
	if (!overwrite && ksmbd_oplock_is_stat(open->granted_access))
		return STATUS_SUCCESS;
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		own = ksmbd_lease_find(open->session->client_guid, c->lease.key);
	claim.own = own;
	status = claim_or_wait(rq, open->file, &claim);
	if (own)
		ksmbd_grant_put(own);
	return status;
}

/* To all of them at once; then for one of those that are in the way. */
ntstatus_t ksmbd_oplock_break_below(struct ksmbd_request *rq,
				    struct ksmbd_open *dir)
{
	struct oplock_claim c = { .take = SMB2_LEASE_HANDLE };
	struct ksmbd_open *open, *in_the_way = NULL;
	ntstatus_t status = STATUS_SUCCESS;
	unsigned long id = 0;

	while ((open = ksmbd_open_after(&id))) {
		if (ksmbd_open_is_below(open, dir->filp->f_path.dentry) &&
		    READ_ONCE(open->file->n_grants) && claim(open->file, &c, NULL))
			swap(open, in_the_way);
		if (open)
			ksmbd_open_put(open);
		cond_resched();
	}
	if (in_the_way) {
		status = claim_or_wait(rq, in_the_way->file, &c);
		ksmbd_open_put(in_the_way);
	}
	return status;
}

static struct ksmbd_grant *grant_of(struct ksmbd_open *open)
{
	struct ksmbd_grant *g;

	spin_lock(&open->file->spin);
	g = open->grant;
	if (g)
		refcount_inc(&g->ref);
	spin_unlock(&open->file->spin);
	return g;
}

ntstatus_t ksmbd_oplock_break_handles(struct ksmbd_request *rq,
				      struct ksmbd_file *file,
				      struct ksmbd_open *but)
{
	struct oplock_claim claim = { .take = SMB2_LEASE_HANDLE };
	struct ksmbd_grant *own;
	ntstatus_t status;

	if (!READ_ONCE(file->n_grants))
		return STATUS_SUCCESS;
	own = grant_of(but);
	claim.own = own;
	status = claim_or_wait(rq, file, &claim);
	if (own)
		ksmbd_grant_put(own);
	return status;
}
