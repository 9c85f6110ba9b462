// SPDX-License-Identifier: GPL-2.0
/*
 * Byte-range locks, [MS-FSA] 2.1.5.8 and 2.1.5.9, [MS-SMB2] 3.3.5.14.
 *
 * They are mandatory and belong to the handle that took them.  All locks of an
 * inode are in two trees under file->spin, the shared and the exclusive ones: so
 * it takes few steps to see that nothing is in the way, however many there are.
 *
 * Local processes see them as locks of the handle's struct file, such as
 * F_OFD_SETLK makes, and theirs are in the way as well.  Those have no overlap,
 * so for a range that changes it is found out anew which parts are locked how;
 * open->scan keeps that together with the trees.
 *
 * Who has to wait is in file->lock_waiters, entered in the same section of
 * file->spin that saw the conflict, so that no unlock is missed, and in
 * open->waiters, so that the handle's end is not.  Woken, it tries again;
 * nothing is promised to it meanwhile.
 */
#include "fs/lock.h"

#include <linux/atomic.h>
#include <linux/interval_tree_generic.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "compat/posix_lock.h"
#include "fs/fs.h"
#include "fs/oplock.h"

#define MAX_LOCKS_PER_OPEN	16384
#define MAX_LOCKS_PER_FILE	131072
#define MAX_LOCKS		1048576	/* of all files: 100 MB */

struct byte_range {
	u64 offset, len;
};

struct byte_lock {
	struct rb_node node;		/* file->shared_locks or ->exclusive_locks */
	u64 subtree_last;
	struct list_head own;		/* owner->byte_locks */
	struct ksmbd_open *owner;	/* its close takes the lock away */
	struct byte_range range;
	bool exclusive;
};

static atomic_t n_locks = ATOMIC_INIT(0);

/* rq->park.data of a LOCK that waits or has waited */
struct lock_wait {
	struct list_head link;		/* file->lock_waiters, or empty */
	struct ksmbd_request *rq;	/* holds its open, so the file too */
	struct byte_range range;
	struct file_lock local;		/* waits for a local process, or unused */
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

/* The trees know no empty ranges: one takes the byte behind its place. */
static u64 tree_last(struct byte_range r)
{
	return r.len ? last_byte(r) : r.offset;
}

#define LOCK_START(l)	((l)->range.offset)
#define LOCK_LAST(l)	tree_last((l)->range)
INTERVAL_TREE_DEFINE(struct byte_lock, node, u64, subtree_last, LOCK_START,
		     LOCK_LAST, static, lock_tree)

/* Those that meet @r, and some that touch an empty range only. */
#define for_each_near(l, root, r)					\
	for (l = lock_tree_iter_first(root, (r).offset, tree_last(r)); l; \
	     l = lock_tree_iter_next(l, (r).offset, tree_last(r)))

static struct rb_root_cached *tree_of(struct ksmbd_file *file, bool exclusive)
{
	return exclusive ? &file->exclusive_locks : &file->shared_locks;
}

/* Is there one in @range, of anybody but @but? */
static bool meets_locked(struct rb_root_cached *root, struct byte_range range,
			 const struct ksmbd_open *but)
{
	struct byte_lock *l;

	for_each_near(l, root, range)
		if (l->owner != but && overlap(l->range, range))
			return true;
	return false;
}

/*
 * An exclusive lock bears no other, not even the own handle's; a shared one may
 * go on top of what the same handle has locked exclusively.
 */
static bool conflicts_locked(struct ksmbd_file *file,
			     const struct byte_lock *new)
{
	lockdep_assert_held(&file->spin);
	if (new->exclusive)
		return meets_locked(&file->exclusive_locks, new->range, NULL) ||
		       meets_locked(&file->shared_locks, new->range, NULL);
	return meets_locked(&file->exclusive_locks, new->range, new->owner);
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
	lock_tree_remove(l, tree_of(file, l->exclusive));
	list_del(&l->own);
	l->owner->n_byte_locks--;
	file->n_byte_locks--;
	atomic_dec(&n_locks);
	wake_waiters_locked(file, l->range);
}

static bool too_many_locked(const struct ksmbd_file *file,
			    const struct ksmbd_open *open)
{
	return open->n_byte_locks >= MAX_LOCKS_PER_OPEN ||
	       file->n_byte_locks >= MAX_LOCKS_PER_FILE ||
	       atomic_read(&n_locks) >= MAX_LOCKS;
}

static void insert_locked(struct ksmbd_file *file, struct byte_lock *l)
{
	lockdep_assert_held(&file->spin);
	lock_tree_insert(l, tree_of(file, l->exclusive));
	list_add_tail(&l->own, &l->owner->byte_locks);
	l->owner->n_byte_locks++;
	file->n_byte_locks++;
	atomic_inc(&n_locks);
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
	} else if (too_many_locked(file, l->owner)) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else if (!conflicts_locked(file, l)) {
		insert_locked(file, l);
	} else if (wait) {
		list_add_tail(&wait->link, &file->lock_waiters);
		status = STATUS_PENDING;
	} else {
		status = STATUS_LOCK_NOT_GRANTED;
	}
	spin_unlock(&file->spin);
	return status;
}

/* --- local processes --- */

static struct byte_lock *first_own_locked(struct ksmbd_open *open, bool exclusive,
					  u64 start, u64 last)
{
	struct rb_root_cached *root = tree_of(open->file, exclusive);
	struct byte_lock *l;

	lockdep_assert_held(&open->file->spin);
	for (l = lock_tree_iter_first(root, start, last); l;
	     l = lock_tree_iter_next(l, start, last))
		if (l->owner == open && l->range.len)
			return l;
	return NULL;
}

/* How it has locked the bytes from @start on; *last is where that ends. */
static int kind_at(struct ksmbd_open *open, u64 start, u64 *last)
{
	static const int kinds[] = { F_WRLCK, F_RDLCK };
	struct ksmbd_file *file = open->file;
	int kind = F_UNLCK;

	spin_lock(&file->spin);
	for (int i = 0; i < ARRAY_SIZE(kinds) && kind == F_UNLCK; i++) {
		struct byte_lock *l = first_own_locked(open, !i, start, *last);

		if (l && l->range.offset <= start) {
			*last = min(*last, last_byte(l->range));
			kind = kinds[i];
		} else if (l) {
			*last = l->range.offset - 1;
		}
	}
	spin_unlock(&file->spin);
	return kind;
}

static void local_lock_freed(struct file_lock *fl)
{
	ksmbd_request_wake(container_of(fl, struct lock_wait, local)->rq);
}

static const struct lock_manager_operations local_wait_ops = {
	.lm_notify	= local_lock_freed,
};

/*
 * Shows local processes what of @range is locked now.  -EAGAIN: one of them has
 * locked it; with @wait FILE_LOCK_DEFERRED, and it is woken.
 */
static int show(struct ksmbd_open *open, struct byte_range range,
		struct lock_wait *wait)
{
	struct file_lock fl, *use = wait ? &wait->local : &fl;
	u64 start = range.offset, end, last;
	int kind, err = 0;

	lockdep_assert_held(&open->scan);
	/* nothing that they could lock */
	if (!range.len || start > S64_MAX || open->file->stream)
		return 0;
	end = min_t(u64, last_byte(range), S64_MAX);
	for (; !err && start <= end; start = last + 1) {
		last = end;
		kind = kind_at(open, start, &last);
		compat_posix_lock_init(use, open->filp, kind, start, last,
				       wait ? &local_wait_ops : NULL);
		err = vfs_lock_file(open->filp, wait ? F_SETLKW : F_SETLK, use,
				    NULL);
		open->byte_locks_shown = true;
	}
	/* a filesystem that knows none */
	return err == -EOPNOTSUPP || err == -ENOSYS || err == -EINVAL ? 0 : err;
}

/* The handle's close, which frees what it has locked, waits for @scan as well. */
static ntstatus_t take_and_show(struct byte_lock *l, struct lock_wait *wait)
{
	struct ksmbd_open *open = l->owner;
	struct ksmbd_file *file = open->file;
	ntstatus_t status;
	int err;

	mutex_lock(&open->scan);
	status = take(file, l, wait);
	if (status != STATUS_SUCCESS)
		goto unlock;
	err = show(open, l->range, wait);
	if (!err)
		goto unlock;
	spin_lock(&file->spin);
	remove_locked(file, l);
	spin_unlock(&file->spin);
	show(open, l->range, NULL);
	if (err == FILE_LOCK_DEFERRED)
		status = STATUS_PENDING;
	else
		status = err == -EAGAIN ? STATUS_LOCK_NOT_GRANTED :
					  ntstatus_from_errno(err);
unlock:
	mutex_unlock(&open->scan);
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
	locks_delete_block(&wait->local);
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
	locks_init_lock(&wait->local);
	wait->rq = rq;
	wait->range = range;
	rq->park.data = wait;
	rq->park.release = release_wait;
	return wait;
}

static ntstatus_t take_or_wait(struct ksmbd_request *rq, struct byte_lock *l)
{
	ntstatus_t status = take_and_show(l, NULL);
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
	status = take_and_show(l, wait);
	if (status != STATUS_PENDING)
		leave_wait(wait);
	return status;
}

/* --- the command --- */

/* One of this very range; of several, any is as good. */
static struct byte_lock *find_own_locked(struct ksmbd_open *open,
					 struct byte_range range, bool exclusive)
{
	struct byte_range start = { range.offset, min_t(u64, range.len, 1) };
	struct byte_lock *l;

	lockdep_assert_held(&open->file->spin);
	for_each_near(l, tree_of(open->file, exclusive), start)
		if (l->owner == open && l->range.offset == range.offset &&
		    l->range.len == range.len)
			return l;
	return NULL;
}

/* 3.3.5.14.1: one after the other; what is undone stays undone */
static ntstatus_t unlock_one(struct ksmbd_open *open, struct byte_range range)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *found;

	if (wraps(range))
		return STATUS_INVALID_LOCK_RANGE;
	mutex_lock(&open->scan);
	spin_lock(&file->spin);
	found = find_own_locked(open, range, true) ?:
		find_own_locked(open, range, false);
	if (found)
		remove_locked(file, found);
	spin_unlock(&file->spin);
	if (found)
		show(open, range, NULL);
	mutex_unlock(&open->scan);
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
		status = take_and_show(l, NULL);
	if (status != STATUS_SUCCESS)
		kfree(l);
	return status;
}

/* What a request has just been granted. */
static void drop_granted(struct ksmbd_open *open, struct byte_range range,
			bool exclusive)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *found;

	mutex_lock(&open->scan);
	spin_lock(&file->spin);
	found = find_own_locked(open, range, exclusive);
	if (found)
		remove_locked(file, found);
	spin_unlock(&file->spin);
	if (found)
		show(open, range, NULL);
	mutex_unlock(&open->scan);
	kfree(found);
}

/* Takes back the first @n elements, which this request has just been granted. */
static void roll_back(struct ksmbd_open *open, const struct smb2_lock_req *req,
		      u16 n)
{
	while (n--) {
		struct smb2_lock_element e = wire_lock_element(req, n);

		drop_granted(open, (struct byte_range) { e.offset, e.length },
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

	ksmbd_oplock_break_read(open);	/* [MS-FSA] 2.1.5.8 */
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

/* --- replay --- */

/*
 * LockSequenceIndex and LockSequenceNumber, 2.2.26: a client that lost the answer
 * asks again with the same pair.  An entry is the number, or NOT_VALID.
 */
#define SEQUENCES	64
#define NOT_VALID	0xFF

static u32 sequence_index(const struct ksmbd_request *rq)
{
	return rq->req.lock.lock_sequence >> 4;
}

static u8 sequence_number(const struct ksmbd_request *rq)
{
	return rq->req.lock.lock_sequence & 0xF;
}

static bool has_sequence(const struct ksmbd_request *rq)
{
	u32 index = sequence_index(rq);

	return rq->conn->dialect >= SMB2_DIALECT_0300 &&
	       index >= 1 && index <= SEQUENCES;
}

/* 3.3.5.14: was it done before?  Otherwise the entry is invalid until it is. */
static bool is_replay(const struct ksmbd_request *rq, struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	bool replay = false;
	u8 *entry;

	if (!has_sequence(rq))
		return false;
	spin_lock(&file->spin);
	if (open->lock_sequences) {
		entry = &open->lock_sequences[sequence_index(rq) - 1];
		replay = *entry == sequence_number(rq);
		if (!replay)
			*entry = NOT_VALID;
	}
	spin_unlock(&file->spin);
	return replay;
}

static void remember(const struct ksmbd_request *rq, struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	u8 *new = NULL;

	if (!has_sequence(rq))
		return;
	if (!READ_ONCE(open->lock_sequences))
		new = kmalloc(SEQUENCES, GFP_KERNEL);
	if (new)
		memset(new, NOT_VALID, SEQUENCES);
	spin_lock(&file->spin);
	if (!open->lock_sequences) {
		open->lock_sequences = new;
		new = NULL;
	}
	/* without memory a replay is done twice, as by a server without this */
	if (open->lock_sequences)
		open->lock_sequences[sequence_index(rq) - 1] =
			sequence_number(rq);
	spin_unlock(&file->spin);
	kfree(new);
}

static ntstatus_t lock_or_unlock(struct ksmbd_request *rq,
				 struct ksmbd_open *open)
{
	const struct smb2_lock_req *req = &rq->req.lock;

	/* the first element says what the request is about */
	if (wire_lock_element(req, 0).flags & SMB2_LOCKFLAG_UNLOCK)
		return unlock_all(open, req);
	return lock_all(rq, open);
}

ntstatus_t ksmbd_fs_lock(struct ksmbd_request *rq, struct ksmbd_open *open)
{
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
	if (!rq->park.data && is_replay(rq, open))
		return STATUS_SUCCESS;
	status = lock_or_unlock(rq, open);
	if (status == STATUS_SUCCESS)
		remember(rq, open);
	return status;
}

/*
 * Reads are stopped by another handle's exclusive lock; writes also by any
 * shared one, even the own: who locks shared says that nobody writes.
 */
ntstatus_t ksmbd_fs_check_locks(struct ksmbd_open *open, u64 offset, u64 len,
				bool write)
{
	struct ksmbd_file *file = open->file;
	struct byte_range range;
	bool meets;

	/* racing with a lock that is just being taken is either order */
	if (!len || !READ_ONCE(file->n_byte_locks))
		return STATUS_SUCCESS;
	if (write && offset == U64_MAX)		/* appends */
		offset = i_size_read(file->inode);
	range = (struct byte_range) { offset, len };
	if (wraps(range))
		return STATUS_INVALID_PARAMETER;
	spin_lock(&file->spin);
	meets = meets_locked(&file->exclusive_locks, range, open) ||
		(write && meets_locked(&file->shared_locks, range, NULL));
	spin_unlock(&file->spin);
	return meets ? STATUS_FILE_LOCK_CONFLICT : STATUS_SUCCESS;
}

void ksmbd_lock_release_open(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	struct byte_lock *l, *next;
	LIST_HEAD(gone);

	if (open->kind != OPEN_FILE)
		return;
	mutex_lock(&open->scan);
	spin_lock(&file->spin);
	/* a LOCK on its way with a reference of its own finds the door shut */
	open->byte_locks_closed = true;
	list_for_each_entry_safe(l, next, &open->byte_locks, own) {
		remove_locked(file, l);
		list_add(&l->own, &gone);
	}
	spin_unlock(&file->spin);
	if (open->byte_locks_shown)
		show(open, (struct byte_range) { 0, U64_MAX }, NULL);
	mutex_unlock(&open->scan);
	list_for_each_entry_safe(l, next, &gone, own)
		kfree(l);
}

void ksmbd_lock_move_locked(struct ksmbd_open *to, struct ksmbd_open *from)
{
	struct byte_lock *l;

	lockdep_assert_held(&from->file->spin);
	list_for_each_entry(l, &from->byte_locks, own)
		l->owner = to;
	list_splice_init(&from->byte_locks, &to->byte_locks);
	swap(to->n_byte_locks, from->n_byte_locks);
	swap(to->lock_sequences, from->lock_sequences);
	/* local processes see them as locks of the struct file, which stays */
	to->byte_locks_shown = from->byte_locks_shown;
}

bool ksmbd_lock_get(struct ksmbd_open *open, u32 n, struct ksmbd_admin_row *row)
{
	struct ksmbd_file *file = open->file;
	const struct byte_lock *l;
	bool found = false;

	if (!file || n >= READ_ONCE(open->n_byte_locks))
		return false;
	spin_lock(&file->spin);
	list_for_each_entry(l, &open->byte_locks, own) {
		if (n--)
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
