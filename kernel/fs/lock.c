// SPDX-License-Identifier: GPL-2.0
/*
 * Byte-range locks, [MS-FSA] 2.1.5.8 and 2.1.5.9, [MS-SMB2] 3.3.5.14.
 *
 * They are mandatory and belong to the handle that took them.  All locks of an
 * inode are in file->byte_locks, under file->spin.
 *
 * Who has to wait is in file->lock_waiters, entered in the same section of
 * file->spin that saw the conflict, so that no unlock is missed, and in
 * open->waiters, so that the handle's end is not.  Woken, it tries again;
 * nothing is promised to it meanwhile.
 */
#include "fs/lock.h"

#include <linux/sched.h>
#include <linux/slab.h>
#include "fs/fs.h"

#define MAX_LOCKS_PER_OPEN	2048
#define MAX_LOCKS_PER_FILE	8192	/* walked at every READ and WRITE */

struct byte_range {
	u64 offset, len;
};

struct byte_lock {
	struct list_head link;		/* file->byte_locks */
	struct ksmbd_open *owner;	/* its close takes the lock away */
	struct byte_range range;
	bool exclusive;
};

/* rq->park.data of a LOCK that waits or has waited */
struct lock_wait {
	struct list_head link;		/* file->lock_waiters, or empty */
	struct ksmbd_request *rq;	/* holds its open, so the file too */
	struct byte_range range;
};

static u64 last_byte(struct byte_range r)
{
	return r.offset + r.len - 1;
}

/* [MS-FSA] 2.1.5.8: a byte beyond the last 64-bit offset */
static bool wraps(struct byte_range r)
{
	return r.len && last_byte(r) < r.offset;
}

/*
 * 2.1.4.10.  An empty range has no byte but a place between two: it meets
 * ranges that go across that place, never another empty one.
 */
static bool overlap(struct byte_range a, struct byte_range b)
{
	if (a.len && b.len)
		return a.offset <= last_byte(b) && b.offset <= last_byte(a);
	if (a.len)
		return a.offset < b.offset && b.offset <= last_byte(a);
	if (b.len)
		return b.offset < a.offset && a.offset <= last_byte(b);
	return false;
}

/*
 * An exclusive lock bears no other, not even the own handle's; a shared one may
 * go on top of what the same handle has locked exclusively.
 */
static bool conflicts_locked(const struct ksmbd_file *file,
			     const struct byte_lock *new)
{
	const struct byte_lock *l;

	lockdep_assert_held(&file->spin);
	list_for_each_entry(l, &file->byte_locks, link)
		if ((new->exclusive ||
		     (l->exclusive && l->owner != new->owner)) &&
		    overlap(l->range, new->range))
			return true;
	return false;
}

static void wake_waiters_locked(struct ksmbd_file *file, struct byte_range freed)
{
	struct lock_wait *wait;

	lockdep_assert_held(&file->spin);
	list_for_each_entry(wait, &file->lock_waiters, link)
		if (overlap(wait->range, freed))
			ksmbd_request_wake(wait->rq);
}

static void remove_locked(struct ksmbd_file *file, struct byte_lock *l)
{
	lockdep_assert_held(&file->spin);
	list_del(&l->link);
	l->owner->n_byte_locks--;
	file->n_byte_locks--;
	wake_waiters_locked(file, l->range);
}

/*
 * Takes @l, or says why not; with @wait, a conflict enters it among the
 * waiters and is PENDING.
 */
static ntstatus_t take(struct ksmbd_file *file, struct byte_lock *l,
		       struct lock_wait *wait)
{
	ntstatus_t status = STATUS_SUCCESS;

	spin_lock(&file->spin);
	if (l->owner->byte_locks_closed) {
		status = STATUS_RANGE_NOT_LOCKED;
	} else if (l->owner->n_byte_locks >= MAX_LOCKS_PER_OPEN ||
		   file->n_byte_locks >= MAX_LOCKS_PER_FILE) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else if (!conflicts_locked(file, l)) {
		list_add_tail(&l->link, &file->byte_locks);
		l->owner->n_byte_locks++;
		file->n_byte_locks++;
	} else if (wait) {
		list_add_tail(&wait->link, &file->lock_waiters);
		status = STATUS_PENDING;
	} else {
		status = STATUS_LOCK_NOT_GRANTED;
	}
	spin_unlock(&file->spin);
	return status;
}

/* --- waiting --- */

static void leave_wait(struct lock_wait *wait)
{
	struct ksmbd_request *rq = wait->rq;
	struct ksmbd_file *file = rq->open->file;

	spin_lock(&file->spin);
	list_del_init(&wait->link);
	spin_unlock(&file->spin);
	ksmbd_open_wait_leave(rq->open, rq);
}

/* The request ends, perhaps without having been called again. */
static void release_wait(void *data)
{
	struct lock_wait *wait = data;

	leave_wait(wait);
	kfree(wait);
}

/* The reason why a wait ended, if it was not an unlock. */
static ntstatus_t wait_status(const struct ksmbd_request *rq)
{
	if (READ_ONCE(rq->torn_down))
		return STATUS_RANGE_NOT_LOCKED;
	return READ_ONCE(rq->cancelled) ? STATUS_CANCELLED : STATUS_SUCCESS;
}

static struct lock_wait *prepare_wait(struct ksmbd_request *rq,
				      struct byte_range range)
{
	struct lock_wait *wait = rq->park.data;

	if (wait)
		return wait;
	wait = kzalloc(sizeof(*wait), GFP_KERNEL);
	if (!wait)
		return NULL;
	INIT_LIST_HEAD(&wait->link);
	INIT_LIST_HEAD(&rq->wait_link);
	wait->rq = rq;
	wait->range = range;
	rq->park.data = wait;
	rq->park.release = release_wait;
	return wait;
}

static ntstatus_t take_or_wait(struct ksmbd_request *rq, struct byte_lock *l)
{
	struct ksmbd_file *file = l->owner->file;
	ntstatus_t status = take(file, l, NULL);
	struct lock_wait *wait;

	if (status != STATUS_LOCK_NOT_GRANTED)
		return status;
	wait = prepare_wait(rq, l->range);
	if (!wait)
		return STATUS_INSUFFICIENT_RESOURCES;
	/* in this order: a waker sees only what has announced its wait */
	if (!ksmbd_request_park(rq))
		return wait_status(rq);
	if (!ksmbd_open_wait_enter(l->owner, rq))
		return STATUS_RANGE_NOT_LOCKED;
	status = take(file, l, wait);
	if (status != STATUS_PENDING)
		leave_wait(wait);
	return status;
}

/* --- the command --- */

/* 3.3.5.14.1: one after the other; what is undone stays undone */
static ntstatus_t unlock_one(struct ksmbd_open *open, struct byte_range range)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *l, *found = NULL;

	if (wraps(range))
		return STATUS_INVALID_LOCK_RANGE;
	spin_lock(&file->spin);
	list_for_each_entry(l, &file->byte_locks, link) {
		if (l->owner != open || l->range.offset != range.offset ||
		    l->range.len != range.len)
			continue;
		found = l;
		if (l->exclusive)
			break;
	}
	if (found)
		remove_locked(file, found);
	spin_unlock(&file->spin);
	kfree(found);
	return found ? STATUS_SUCCESS : STATUS_RANGE_NOT_LOCKED;
}

static ntstatus_t unlock_all(struct ksmbd_open *open,
			     const struct smb2_lock_req *req)
{
	ntstatus_t status = STATUS_SUCCESS;

	for (u16 i = 0; i < req->lock_count && status == STATUS_SUCCESS; i++) {
		struct smb2_lock_element e = wire_lock_element(req, i);

		/* FAIL_IMMEDIATELY may be ignored here; Windows does not */
		if (e.flags != SMB2_LOCKFLAG_UNLOCK)
			return STATUS_INVALID_PARAMETER;
		status = unlock_one(open, (struct byte_range) { e.offset, e.length });
		cond_resched();
	}
	return status;
}

static ntstatus_t lock_one(struct ksmbd_request *rq, struct ksmbd_open *open,
			   const struct smb2_lock_element *e, bool may_wait)
{
	struct byte_lock *l;
	ntstatus_t status;

	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return STATUS_INSUFFICIENT_RESOURCES;
	l->owner = open;
	l->range = (struct byte_range) { e->offset, e->length };
	l->exclusive = e->flags & SMB2_LOCKFLAG_EXCLUSIVE_LOCK;
	if (wraps(l->range))
		status = STATUS_INVALID_LOCK_RANGE;
	else if (may_wait)
		status = take_or_wait(rq, l);
	else
		status = take(open->file, l, NULL);
	if (status != STATUS_SUCCESS)
		kfree(l);
	return status;
}

/* The newest of this very range and kind: what a request has just been granted. */
static void drop_newest(struct ksmbd_open *open, struct byte_range range,
			bool exclusive)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *l, *found = NULL;

	spin_lock(&file->spin);
	list_for_each_entry_reverse(l, &file->byte_locks, link)
		if (l->owner == open && l->exclusive == exclusive &&
		    l->range.offset == range.offset && l->range.len == range.len) {
			found = l;
			break;
		}
	if (found)
		remove_locked(file, found);
	spin_unlock(&file->spin);
	kfree(found);
}

/* Takes back the first @n elements, which this request has just been granted. */
static void roll_back(struct ksmbd_open *open, const struct smb2_lock_req *req,
		      u16 n)
{
	while (n--) {
		struct smb2_lock_element e = wire_lock_element(req, n);

		drop_newest(open, (struct byte_range) { e.offset, e.length },
			    e.flags & SMB2_LOCKFLAG_EXCLUSIVE_LOCK);
	}
}

static bool is_valid_lock(const struct smb2_lock_req *req,
			  const struct smb2_lock_element *e)
{
	u32 kind = e->flags & ~SMB2_LOCKFLAG_FAIL_IMMEDIATELY;

	if (kind != SMB2_LOCKFLAG_SHARED_LOCK &&
	    kind != SMB2_LOCKFLAG_EXCLUSIVE_LOCK)
		return false;
	/* only a request for one lock can wait */
	return req->lock_count == 1 ||
	       e->flags & SMB2_LOCKFLAG_FAIL_IMMEDIATELY;
}

/*
 * 3.3.5.14.2: all of them or none.  The section keeps what was locked before
 * an element with wrong flags; Windows takes that back as well.
 */
static ntstatus_t lock_all(struct ksmbd_request *rq, struct ksmbd_open *open)
{
	const struct smb2_lock_req *req = &rq->req.lock;
	ntstatus_t status = STATUS_SUCCESS;
	struct smb2_lock_element e;
	u16 i;

	for (i = 0; i < req->lock_count; i++) {
		e = wire_lock_element(req, i);
		if (is_valid_lock(req, &e))
			status = lock_one(rq, open, &e, !(e.flags &
					  SMB2_LOCKFLAG_FAIL_IMMEDIATELY));
		else
			status = STATUS_INVALID_PARAMETER;
		if (status != STATUS_SUCCESS)
			break;
		cond_resched();
	}
	if (status != STATUS_SUCCESS && status != STATUS_PENDING)
		roll_back(open, req, i);
	return status;
}

ntstatus_t ksmbd_fs_lock(struct ksmbd_request *rq, struct ksmbd_open *open)
{
	const struct smb2_lock_req *req = &rq->req.lock;
	ntstatus_t status;

	if (rq->park.data) {		/* woken */
		leave_wait(rq->park.data);
		status = wait_status(rq);
		if (status != STATUS_SUCCESS)
			return status;
	}
	if (open->kind != OPEN_FILE)
		return STATUS_INVALID_PARAMETER;
	if (!(open->granted_access & (FILE_READ_DATA | FILE_WRITE_DATA)))
		return STATUS_ACCESS_DENIED;
	/* the first element says what the request is about */
	if (wire_lock_element(req, 0).flags & SMB2_LOCKFLAG_UNLOCK)
		return unlock_all(open, req);
	return lock_all(rq, open);
}

/*
 * Reads are stopped by another handle's exclusive lock; writes also by any
 * shared one, even the own: who locks shared says that nobody writes.
 */
ntstatus_t ksmbd_fs_check_locks(struct ksmbd_open *open, u64 offset, u64 len,
				bool write)
{
	struct ksmbd_file *file = open->file;
	ntstatus_t status = STATUS_SUCCESS;
	const struct byte_lock *l;
	struct byte_range range;

	/* racing with a lock that is just being taken is either order */
	if (!len || list_empty_careful(&file->byte_locks))
		return STATUS_SUCCESS;
	if (write && offset == U64_MAX)		/* appends */
		offset = i_size_read(file->inode);
	range = (struct byte_range) { offset, len };
	if (wraps(range))
		return STATUS_INVALID_PARAMETER;
	spin_lock(&file->spin);
	list_for_each_entry(l, &file->byte_locks, link) {
		if (l->exclusive ? l->owner == open : !write)
			continue;
		if (overlap(l->range, range)) {
			status = STATUS_FILE_LOCK_CONFLICT;
			break;
		}
	}
	spin_unlock(&file->spin);
	return status;
}

void ksmbd_lock_release_open(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *l, *next;
	LIST_HEAD(gone);

	spin_lock(&file->spin);
	/* a LOCK on its way with a reference of its own finds the door shut */
	open->byte_locks_closed = true;
	list_for_each_entry_safe(l, next, &file->byte_locks, link) {
		if (l->owner != open)
			continue;
		remove_locked(file, l);
		list_add(&l->link, &gone);
	}
	spin_unlock(&file->spin);
	list_for_each_entry_safe(l, next, &gone, link)
		kfree(l);
}

bool ksmbd_lock_get(struct ksmbd_open *open, u32 n, struct ksmbd_admin_row *row)
{
	struct ksmbd_file *file = open->file;
	const struct byte_lock *l;
	bool found = false;

	if (!file || n >= READ_ONCE(open->n_byte_locks))
		return false;
	spin_lock(&file->spin);
	list_for_each_entry(l, &file->byte_locks, link) {
		if (l->owner != open || n--)
			continue;
		row->offset = l->range.offset;
		row->length = l->range.len;
		row->flags = l->exclusive ? KSMBD_ADMIN_F_EXCLUSIVE : 0;
		found = true;
		break;
	}
	spin_unlock(&file->spin);
	return found;
}
