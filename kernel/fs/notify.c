// SPDX-License-Identifier: GPL-2.0
#include "fs/notify.h"

#include <linux/completion.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include "fs/fs.h"

#define WATCH_MAX	65536		/* bytes that one keeps */
#define TOTAL_MAX	(64 << 20)	/* that all of them keep */
#define FIRST_SIZE	256

static DEFINE_HASHTABLE(watches, 10);	/* by the directory's dentry */
static DEFINE_SPINLOCK(hash_lock);	/* innermost */
DEFINE_STATIC_SRCU(watches_srcu);
static atomic_t n_watches = ATOMIC_INIT(0);
static atomic_t n_bytes = ATOMIC_INIT(0);	/* allocated for lists */

/* rq->park.data of a CHANGE_NOTIFY that waits or has waited */
struct notify_wait {
	struct list_head link;		/* watch->waits, or empty */
	struct ksmbd_request *rq;	/* holds its open, so the watch too */
	u32 max;			/* bytes that the client takes */
	/* under the watch's lock until @link is empty: */
	enum { WAIT_GOES_ON, WAIT_LIST, WAIT_ENUM_DIR, WAIT_DELETED } end;
	void *buf;			/* WAIT_LIST: taken over */
	u32 size, len;
};

/* --- the list --- */

static void free_list(void *buf, u32 size)
{
	atomic_sub(size, &n_bytes);
	kfree(buf);
}

static void forget_list_locked(struct ksmbd_watch *w)
{
	lockdep_assert_held(&w->lock);
	free_list(w->buf, w->size);
	w->buf = NULL;
	w->size = 0;
	w->len = 0;
}

static void overflow_locked(struct ksmbd_watch *w)
{
	forget_list_locked(w);
	w->overflow = true;
}

/* False: it may not have more, or there is none. */
static bool grow_locked(struct ksmbd_watch *w)
{
	u32 size = min(max_t(u32, 2 * w->size, FIRST_SIZE), w->max);
	void *buf;

	if (size <= w->size)
		return false;
	if (atomic_add_return(size - w->size, &n_bytes) > TOTAL_MAX)
		goto undo;
	/* a directory's lock is held: nothing must come back to it from here */
	buf = krealloc(w->buf, size, GFP_NOFS | __GFP_NOWARN);
	if (!buf)
		goto undo;
	w->buf = buf;
	w->size = size;
	return true;

undo:
	atomic_sub(size - w->size, &n_bytes);
	return false;
}

/* The same modification of the same file, as the last entry and a new one at @at. */
static bool repeats_locked(const struct ksmbd_watch *w, u32 at, u32 end)
{
	u32 size = w->len - w->last;

	return end - at == size &&
	       !memcmp(w->buf + w->last + 4, w->buf + at + 4, size - 4);
}

static void note_locked(struct ksmbd_watch *w, struct wire_span dir,
			const struct ksmbd_change *c)
{
	u32 prev = w->len ? w->last : (u32)-1;
	struct wire_writer writer;
	int at;

	lockdep_assert_held(&w->lock);
	if (w->overflow)
		return;
	do {
		writer = wire_writer_of(w->buf, w->size);
		writer.len = w->len;
		at = fscc_put_notify(&writer, prev, c->action, dir, c->name);
	} while (at < 0 && grow_locked(w));
	if (at < 0) {
		overflow_locked(w);
	} else if (w->len && c->action == FILE_ACTION_MODIFIED &&
		   repeats_locked(w, at, writer.len)) {
		/* one who writes on and on is told of once */
		wire_patch_u32(&writer, prev, 0);
	} else {
		w->last = at;
		w->len = writer.len;
	}
}

/* --- who waits --- */

static void end_wait_locked(struct notify_wait *wait, int end)
{
	list_del_init(&wait->link);
	wait->end = end;
	ksmbd_request_wake(wait->rq);
}

/* What is there, taken over; [MS-FSA] 2.1.5.11.1: too much is none at all. */
static int take_list_locked(struct ksmbd_watch *w, struct notify_wait *wait)
{
	bool fits = !w->overflow && w->len <= wait->max;

	lockdep_assert_held(&w->lock);
	if (fits) {
		wait->buf = w->buf;
		wait->size = w->size;
		wait->len = w->len;
		w->buf = NULL;
		w->size = 0;
		w->len = 0;
	} else {
		forget_list_locked(w);
		w->overflow = false;
	}
	return fits ? WAIT_LIST : WAIT_ENUM_DIR;
}

static bool has_news_locked(const struct ksmbd_watch *w)
{
	return w->len || w->overflow;
}

/* The first who waits gets all there is. */
static void serve_locked(struct ksmbd_watch *w)
{
	struct notify_wait *wait;

	wait = list_first_entry_or_null(&w->waits, struct notify_wait, link);
	if (wait && has_news_locked(w))
		end_wait_locked(wait, take_list_locked(w, wait));
}

void ksmbd_watch_note(struct ksmbd_watch *w, struct wire_span dir,
		      const struct ksmbd_change *changes, u32 n)
{
	mutex_lock(&w->lock);
	for (u32 i = 0; i < n; i++)
		note_locked(w, dir, &changes[i]);
	serve_locked(w);
	mutex_unlock(&w->lock);
}

void ksmbd_watch_overflow(struct ksmbd_watch *w)
{
	mutex_lock(&w->lock);
	overflow_locked(w);
	serve_locked(w);
	mutex_unlock(&w->lock);
}

void ksmbd_watch_deleted(struct ksmbd_watch *w)
{
	struct notify_wait *wait, *next;

	mutex_lock(&w->lock);
	list_for_each_entry_safe(wait, next, &w->waits, link)
		end_wait_locked(wait, WAIT_DELETED);
	mutex_unlock(&w->lock);
}

void ksmbd_notify_deleted(struct ksmbd_file *file)
{
	struct ksmbd_open *open;

	lockdep_assert_held(&file->lock);
	if (!S_ISDIR(file->inode->i_mode) || file->stream)
		return;
	/* in the list: has not left the file, so its watch is there */
	list_for_each_entry(open, &file->opens, file_link) {
		struct ksmbd_watch *w = smp_load_acquire(&open->watch);

		if (w)
			ksmbd_watch_deleted(w);
	}
}

/* --- the watches --- */

bool ksmbd_watches_exist(void)
{
	return atomic_read(&n_watches);
}

static bool watched_here(struct dentry *dir, bool only_trees)
{
	struct ksmbd_watch *w;

	hash_for_each_possible_rcu(watches, w, hash, (unsigned long)dir,
				   srcu_read_lock_held(&watches_srcu))
		if (w->dir == dir && (w->tree || !only_trees))
			return true;
	return false;
}

/*
 * Parents are read without locks: a directory that is moved meanwhile has the
 * watches above both of its places in common, and for others it was as well
 * moved before or after.
 */
bool ksmbd_watched(struct dentry *dir)
{
	int idx = srcu_read_lock(&watches_srcu);
	bool found;

	rcu_read_lock();
	found = watched_here(dir, false);
	while (!found && !IS_ROOT(dir)) {
		dir = READ_ONCE(dir->d_parent);
		found = watched_here(dir, true);
	}
	rcu_read_unlock();
	srcu_read_unlock(&watches_srcu, idx);
	return found;
}

static void unuse(struct ksmbd_watch *w)
{
	if (refcount_dec_and_test(&w->users))
		complete(&w->unused);
}

void ksmbd_watches_visit(struct dentry *dir, u32 filter, bool only_trees,
			 void (*visit)(struct ksmbd_watch *w, void *arg),
			 void *arg)
{
	int idx = srcu_read_lock(&watches_srcu);
	struct ksmbd_watch *w;

	hash_for_each_possible_rcu(watches, w, hash, (unsigned long)dir,
				   srcu_read_lock_held(&watches_srcu)) {
		if (w->dir != dir || !(w->filter & filter) ||
		    (only_trees && !w->tree))
			continue;
		if (!refcount_inc_not_zero(&w->users))
			continue;
		visit(w, arg);
		unuse(w);
	}
	srcu_read_unlock(&watches_srcu, idx);
}

static void add_to_hash(struct ksmbd_watch *w)
{
	spin_lock(&hash_lock);
	hash_add_rcu(watches, &w->hash, (unsigned long)w->dir);
	spin_unlock(&hash_lock);
	atomic_inc(&n_watches);
}

/* After it no event sees the watch. */
static void take_from_hash(struct ksmbd_watch *w)
{
	atomic_dec(&n_watches);
	spin_lock(&hash_lock);
	hash_del_rcu(&w->hash);
	spin_unlock(&hash_lock);
	unuse(w);
	wait_for_completion(&w->unused);
}

static void free_memory(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct ksmbd_watch, rcu));
}

/* A look through the hash may still step over it. */
static void free_watch(struct ksmbd_watch *w)
{
	WARN_ON_ONCE(!list_empty(&w->waits));
	free_list(w->buf, w->size);
	mutex_destroy(&w->lock);
	call_srcu(&watches_srcu, &w->rcu, free_memory);
}

static struct ksmbd_watch *new_watch(struct ksmbd_open *open, u32 filter,
				     bool tree, u32 size)
{
	struct ksmbd_watch *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	refcount_set(&w->users, 1);
	init_completion(&w->unused);
	w->open = open;
	w->dir = open->filp->f_path.dentry;
	w->filter = filter;
	w->tree = tree;
	w->max = min_t(u32, size, WATCH_MAX);
	mutex_init(&w->lock);
	INIT_LIST_HEAD(&w->waits);
	w->volume = ksmbd_volume_get(w->dir->d_sb);
	if (IS_ERR(w->volume)) {
		kfree(w);
		return NULL;
	}
	add_to_hash(w);
	return w;
}

static void drop_watch(struct ksmbd_watch *w)
{
	take_from_hash(w);
	ksmbd_volume_put(w->volume);
}

/* The handle gets it while it is LIVE, so that its close finds it. */
static bool attach(struct ksmbd_open *open, struct ksmbd_watch *w)
{
	bool live;

	spin_lock(&open->spin);
	live = open->state == OPEN_LIVE;
	if (live)
		smp_store_release(&open->watch, w);
	spin_unlock(&open->spin);
	return live;
}

static ntstatus_t start_watch(struct ksmbd_open *open, u32 filter, bool tree,
			      u32 size)
{
	ntstatus_t status = STATUS_SUCCESS;
	struct ksmbd_watch *w;

	mutex_lock(&open->scan);	/* one is enough */
	if (open->watch)
		goto unlock;
	w = new_watch(open, filter, tree, size);
	if (!w) {
		status = STATUS_INSUFFICIENT_RESOURCES;
	} else if (!attach(open, w)) {
		drop_watch(w);
		free_watch(w);
		status = STATUS_NOTIFY_CLEANUP;
	}
unlock:
	mutex_unlock(&open->scan);
	return status;
}

void ksmbd_notify_close(struct ksmbd_open *open)
{
	if (open->watch)
		drop_watch(open->watch);
}

void ksmbd_notify_free(struct ksmbd_open *open)
{
	if (open->watch)
		free_watch(open->watch);
}

/* --- the command --- */

static void leave_wait(struct notify_wait *wait)
{
	struct ksmbd_open *open = wait->rq->open;

	mutex_lock(&open->watch->lock);
	list_del_init(&wait->link);
	mutex_unlock(&open->watch->lock);
	ksmbd_open_wait_leave(open, wait->rq);
}

static void release_wait(void *data)
{
	struct notify_wait *wait = data;

	leave_wait(wait);
	free_list(wait->buf, wait->size);
	kfree(wait);
}

static int prepare_wait(struct ksmbd_request *rq, u32 max)
{
	struct notify_wait *wait = rq->park.data;

	if (wait)
		return 0;
	wait = kzalloc(sizeof(*wait), GFP_KERNEL);
	if (!wait)
		return -ENOMEM;
	INIT_LIST_HEAD(&wait->link);
	INIT_LIST_HEAD(&rq->wait_link);
	wait->rq = rq;
	wait->max = max;
	rq->park.data = wait;
	rq->park.release = release_wait;
	return 0;
}

static ntstatus_t answer(struct ksmbd_request *rq, struct notify_wait *wait)
{
	switch (wait->end) {
	case WAIT_LIST:
		rq->payload.data = wait->buf;
		rq->payload.len = wait->len;
		rq->payload.size = wait->size;
		rq->rsp.buffer.output_buffer_length = wait->len;
		atomic_sub(wait->size, &n_bytes);
		wait->buf = NULL;
		wait->size = 0;
		return STATUS_SUCCESS;
	case WAIT_ENUM_DIR:
		return STATUS_NOTIFY_ENUM_DIR;
	case WAIT_DELETED:
		return STATUS_DELETE_PENDING;
	default:
		break;
	}
	if (READ_ONCE(rq->torn_down))
		return STATUS_NOTIFY_CLEANUP;
	return READ_ONCE(rq->cancelled) ? STATUS_CANCELLED : STATUS_PENDING;
}

/*
 * Under the watch's lock: whoever marks the directory as deleted looks for
 * waits after that, under this lock too.
 */
static bool is_deleted(const struct ksmbd_open *open)
{
	return READ_ONCE(open->file->delete_pending) ||
	       IS_DEADDIR(file_inode(open->filp));
}

/* Ends the wait at once, or enters it when @may_wait and says GOES_ON. */
static int settle(struct ksmbd_watch *w, struct notify_wait *wait,
		  bool may_wait)
{
	int end;

	mutex_lock(&w->lock);
	if (has_news_locked(w))
		wait->end = take_list_locked(w, wait);
	else if (is_deleted(w->open))
		wait->end = WAIT_DELETED;
	else if (may_wait)
		list_add_tail(&wait->link, &w->waits);
	end = wait->end;
	mutex_unlock(&w->lock);
	return end;
}

static ntstatus_t watch_or_wait(struct ksmbd_request *rq,
				struct ksmbd_open *open)
{
	struct notify_wait *wait = rq->park.data;
	ntstatus_t status;

	settle(open->watch, wait, false);
	status = answer(rq, wait);
	if (status != STATUS_PENDING)
		return status;
	if (rq->msg->next)
		/* as Windows: the others' answers do not wait for weeks */
		return STATUS_INTERNAL_ERROR;
	/* in this order: a waker sees only what has announced its wait */
	if (!ksmbd_request_park(rq))
		return answer(rq, wait);
	if (!ksmbd_open_wait_enter(open, rq))
		return STATUS_NOTIFY_CLEANUP;
	if (settle(open->watch, wait, true) == WAIT_GOES_ON)
		return STATUS_PENDING;
	ksmbd_open_wait_leave(open, rq);
	return answer(rq, wait);
}

ntstatus_t ksmbd_fs_change_notify(struct ksmbd_request *rq,
				  struct ksmbd_open *open, u32 filter,
				  bool tree, u32 size)
{
	ntstatus_t status;

	if (rq->park.data) {		/* woken */
		leave_wait(rq->park.data);
		status = answer(rq, rq->park.data);
		if (status != STATUS_PENDING)
			return status;
	}
	status = start_watch(open, filter, tree, size);
	if (status != STATUS_SUCCESS)
		return status;
	if (prepare_wait(rq, size))
		return STATUS_INSUFFICIENT_RESOURCES;
	return watch_or_wait(rq, open);
}

void ksmbd_watches_exit(void)
{
	WARN_ON(atomic_read(&n_watches) || atomic_read(&n_bytes));
	srcu_barrier(&watches_srcu);	/* free_memory() is still to run */
}
