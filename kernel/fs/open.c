// SPDX-License-Identifier: GPL-2.0
/*
 * The table of opens, [MS-SMB2] 3.3.1.4, and the end of each.
 *
 * The volatile id indexes the table and is reused late (cyclic); the
 * persistent id is never reused, so a stale pair finds nothing.
 */
#include "fs/open.h"

#include <linux/atomic.h>
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include "compat/vfs.h"
#include "debug.h"
#include "fs/dir_lease.h"
#include "fs/durable.h"
#include "fs/local.h"
#include "fs/lock.h"
#include "fs/notify.h"
#include "fs/oplock.h"
#include "server/server.h"

#define CLOSE_BATCH	32

static DEFINE_XARRAY_ALLOC1(opens);
static u32 last_volatile_id;		/* under the xarray's lock */
static atomic64_t last_persistent_id = ATOMIC64_INIT(0);
static atomic_t n_opens = ATOMIC_INIT(0);
static struct kmem_cache *open_cache;

static bool is_inherited(struct smb2_file_id id)
{
	return id.persistent == U64_MAX && id.volatile_id == U64_MAX;
}

static bool is_live(struct ksmbd_open *open)
{
	bool live;

	spin_lock(&open->spin);
	live = open->state == OPEN_LIVE;
	spin_unlock(&open->spin);
	return live;
}

struct ksmbd_open *ksmbd_open_of_session(struct ksmbd_session *s,
					 struct smb2_file_id id)
{
	struct ksmbd_open *open;

	if (id.volatile_id > U32_MAX)
		return NULL;
	rcu_read_lock();
	open = xa_load(&opens, id.volatile_id);
	if (open && !refcount_inc_not_zero(&open->ref))
		open = NULL;
	rcu_read_unlock();
	if (!open)
		return NULL;
	/* Volatile matches, the rest does not: a stale or a foreign handle. */
	if (open->id.persistent != id.persistent || open->session != s ||
	    !is_live(open)) {
		ksmbd_open_put(open);
		return NULL;
	}
	return open;
}

struct ksmbd_open *ksmbd_open_find(struct ksmbd_request *rq,
				   struct smb2_file_id id)
{
	struct ksmbd_open *open;

	if (rq->related && is_inherited(id)) {
		if (!rq->msg->has_file_id)
			return NULL;
		id = rq->msg->file_id;
	}
	open = ksmbd_open_of_session(rq->session, id);
	if (!open)
		return NULL;
	if (open->tree != rq->tree) {
		ksmbd_open_put(open);
		return NULL;
	}
	if (open->durable)
		ksmbd_durable_used(open);
	if (rq->open)
		ksmbd_open_put(rq->open);
	rq->open = open;
	return open;
}

static void free_memory(struct rcu_head *rcu)
{
	kmem_cache_free(open_cache, container_of(rcu, struct ksmbd_open, rcu));
}

/* The table's slot and the session's count, once. */
static void give_back_place(struct ksmbd_open *open)
{
	struct ksmbd_session *s = open->session;

	open->reserved = false;
	xa_erase(&opens, open->id.volatile_id);
	spin_lock(&s->lock);
	s->n_opens--;
	spin_unlock(&s->lock);
}

/* The struct file goes first, as it is counted in the file, whose inode it kept. */
static void put_file(struct ksmbd_open *open)
{
	fmode_t mode = open->filp->f_mode;
	struct inode *inode;

	if (!open->file) {
		compat_fput(open->filp);
		return;
	}
	inode = open->file->inode;
	ihold(inode);
	ksmbd_local_move(open->file);
	compat_fput(open->filp);
	ksmbd_local_moved(open->file, mode, -1);
	ksmbd_file_put(open->file);
	iput(inode);
}

/*
 * The references go here, in process context: an RCU callback could not drop
 * a struct file.  Only the memory waits for look-ups that still see it.
 */
void ksmbd_open_put(struct ksmbd_open *open)
{
	bool detached = READ_ONCE(open->state) == OPEN_DETACHED;

	if (!refcount_dec_and_test(&open->ref)) {
		if (detached)
			wake_up_all(&ksmbd_durable_idle);
		return;
	}
	if (open->durable)
		ksmbd_durable_free(open);
	ksmbd_notify_free(open);
	if (open->filp)
		put_file(open);
	else if (open->file)		/* the opener still holds its path */
		ksmbd_file_put(open->file);
	if (open->cred)
		put_cred(open->cred);
	kfree(open->app);
	kfree(open->lock_sequences);
	kvfree(open->pipe_rest);
	kvfree(open->batch);
	kfree(open->pattern);
	if (open->reserved)
		give_back_place(open);
	ksmbd_conn_put(open->conn);
	ksmbd_tree_put(open->tree);
	ksmbd_session_put(open->session);
	atomic_dec(&n_opens);
	call_rcu(&open->rcu, free_memory);
}

/* A slot nothing is found in yet, and a place in the session's count. */
static int reserve_place(struct ksmbd_open *open)
{
	struct ksmbd_session *s = open->session;
	int err = 0;
	u32 id;

	spin_lock(&s->lock);
	if (s->n_opens >= KSMBD_SESSION_MAX_OPENS)
		err = -EMFILE;
	else
		s->n_opens++;
	spin_unlock(&s->lock);
	if (err)
		return err;
	err = xa_alloc_cyclic(&opens, &id, NULL, xa_limit_32b,
			      &last_volatile_id, GFP_KERNEL);
	if (err < 0) {
		spin_lock(&s->lock);
		s->n_opens--;
		spin_unlock(&s->lock);
		return err;
	}
	open->id.volatile_id = id;
	open->reserved = true;
	return 0;
}

static void open_init(struct ksmbd_open *open, struct ksmbd_request *rq,
		      enum ksmbd_open_kind kind)
{
	refcount_set(&open->ref, 1);
	open->kind = kind;
	open->session = rq->session;
	ksmbd_session_get(open->session);
	open->tree = rq->tree;
	refcount_inc(&open->tree->ref);
	open->conn = rq->conn;
	open->channel_sequence = rq->hdr.channel_sequence;
	ksmbd_conn_get(open->conn);
	open->cred = get_cred(rq->tree->cred);
	open->id.persistent = atomic64_inc_return(&last_persistent_id);
	mutex_init(&open->scan);
	spin_lock_init(&open->spin);
	open->state = OPEN_NEW;
	INIT_LIST_HEAD(&open->session_link);
	INIT_LIST_HEAD(&open->file_link);
	INIT_LIST_HEAD(&open->stream_link);
	INIT_LIST_HEAD(&open->byte_locks);
	INIT_LIST_HEAD(&open->grant_link);
	INIT_LIST_HEAD(&open->waiters);
}

struct ksmbd_open *ksmbd_open_new(struct ksmbd_request *rq,
				  enum ksmbd_open_kind kind)
{
	u32 limit = ksmbd_settings.max_open_files;
	struct ksmbd_open *open;
	int err;

	if (atomic_inc_return(&n_opens) > limit && limit) {
		atomic_dec(&n_opens);
		return ERR_PTR(-EMFILE);
	}
	open = kmem_cache_zalloc(open_cache, GFP_KERNEL);
	if (!open) {
		atomic_dec(&n_opens);
		return ERR_PTR(-ENOMEM);
	}
	open_init(open, rq, kind);
	err = reserve_place(open);
	if (err) {
		ksmbd_open_put(open);
		return ERR_PTR(err);
	}
	return open;
}

/*
 * The table sees it first, still NEW, so that a close that comes at once finds
 * everything in place; the session's list makes it LIVE, or refuses.
 */
int ksmbd_open_publish(struct ksmbd_open *open)
{
	struct ksmbd_session *s = open->session;
	int err = 0;

	/* the slot is there: this cannot fail */
	xa_store(&opens, open->id.volatile_id, open, GFP_KERNEL);
	spin_lock(&s->lock);
	if (s->state == SESSION_DYING || READ_ONCE(open->tree->state) != TREE_LIVE)
		err = -ENOENT;
	if (!err) {
		refcount_inc(&open->ref);	/* the table's */
		list_add_tail(&open->session_link, &s->opens);
		atomic_inc(&open->conn->open_files);
		spin_lock(&open->spin);
		open->state = OPEN_LIVE;
		spin_unlock(&open->spin);
	}
	spin_unlock(&s->lock);
	return err;
}

bool ksmbd_open_wait_enter(struct ksmbd_open *open, struct ksmbd_request *rq)
{
	bool live;

	spin_lock(&open->spin);
	live = open->state == OPEN_LIVE;
	if (live)
		list_add_tail(&rq->wait_link, &open->waiters);
	spin_unlock(&open->spin);
	return live;
}

void ksmbd_open_wait_leave(struct ksmbd_open *open, struct ksmbd_request *rq)
{
	spin_lock(&open->spin);
	list_del_init(&rq->wait_link);
	spin_unlock(&open->spin);
}

void ksmbd_open_set_state_locked(struct ksmbd_open *open,
				 enum ksmbd_open_state state)
{
	struct ksmbd_request *rq;

	lockdep_assert_held(&open->spin);
	WRITE_ONCE(open->state, state);
	list_for_each_entry(rq, &open->waiters, wait_link)
		ksmbd_request_tear_down(rq);
}

/* LIVE to DYING, for one caller; the waiters hear of it under the same lock. */
static bool begin_close(struct ksmbd_open *open)
{
	bool closed;

	spin_lock(&open->spin);
	closed = open->state == OPEN_LIVE;
	if (closed)
		ksmbd_open_set_state_locked(open, OPEN_DYING);
	spin_unlock(&open->spin);
	return closed;
}

/* The file loses one open; the last one takes a doomed file with it. */
void ksmbd_open_leave_file(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;

	ksmbd_lock_release_open(open);

	ksmbd_file_lock(file);
	ksmbd_oplock_release(open);
	ksmbd_file_leave(open);
	ksmbd_file_unlock(file);
	if (open->wrote)
		ksmbd_dir_lease_child_changed(open);
}

void ksmbd_open_abandon(struct ksmbd_open *open)
{
	/* it never was the client's, so it deletes nothing */
	WRITE_ONCE(open->delete_on_close, false);
	if (open->file)
		ksmbd_open_leave_file(open);
	ksmbd_open_put(open);
}

/* Nobody finds it any more, and it counts for nobody. */
void ksmbd_open_leave_session(struct ksmbd_open *open)
{
	struct ksmbd_session *s = open->session;

	give_back_place(open);
	spin_lock(&s->lock);
	list_del_init(&open->session_link);
	spin_unlock(&s->lock);
	atomic_dec(&open->conn->open_files);
}

bool ksmbd_open_close(struct ksmbd_open *open)
{
	if (!begin_close(open))
		return false;
	ksmbd_open_leave_session(open);
	if (open->on_close)
		open->on_close(open);
	ksmbd_notify_close(open);
	if (open->file)
		ksmbd_open_leave_file(open);
	ksmbd_open_put(open);		/* the table's */
	return true;
}

static unsigned int collect(struct ksmbd_session *s, struct ksmbd_tree *tree,
			    struct ksmbd_open **batch)
{
	struct ksmbd_open *open;
	unsigned int n = 0;

	spin_lock(&s->lock);
	list_for_each_entry(open, &s->opens, session_link) {
		if (tree && open->tree != tree)
			continue;
		/* on the list, so the table's reference is there */
		refcount_inc(&open->ref);
		batch[n++] = open;
		if (n == CLOSE_BATCH)
			break;
	}
	spin_unlock(&s->lock);
	return n;
}

void ksmbd_open_close_all(struct ksmbd_session *s, struct ksmbd_tree *tree)
{
	struct ksmbd_open *batch[CLOSE_BATCH];
	unsigned int n;

	/* Nothing joins any more: publish saw DYING, or we see what it added. */
	while ((n = collect(s, tree, batch))) {
		for (unsigned int i = 0; i < n; i++) {
			ksmbd_open_close(batch[i]);
			ksmbd_open_put(batch[i]);
		}
		cond_resched();
	}
}

static struct ksmbd_open *open_after(unsigned long *id)
{
	struct ksmbd_open *open;

	rcu_read_lock();
	do {
		open = xa_find_after(&opens, id, ULONG_MAX, XA_PRESENT);
	} while (open && !refcount_inc_not_zero(&open->ref));
	rcu_read_unlock();
	return open;
}

struct ksmbd_open *ksmbd_open_after(unsigned long *id)
{
	struct ksmbd_open *open;

	while ((open = open_after(id))) {
		if (is_live(open))
			return open;
		ksmbd_open_put(open);
	}
	return NULL;
}

bool ksmbd_open_is_below(const struct ksmbd_open *open, struct dentry *dir)
{
	return open->filp && open->filp->f_path.dentry != dir &&
	       is_subdir(open->filp->f_path.dentry, dir);
}

bool ksmbd_open_any_below(struct dentry *dir)
{
	struct ksmbd_open *open;
	unsigned long id = 0;
	bool below = false;

	while (!below && (open = open_after(&id))) {
		below = is_live(open) && ksmbd_open_is_below(open, dir);
		ksmbd_open_put(open);
		cond_resched();
	}
	return below;
}

unsigned int ksmbd_open_count(void)
{
	return atomic_read(&n_opens);
}

int ksmbd_open_init(void)
{
	int err = ksmbd_oplock_init();

	if (err)
		return err;
	err = ksmbd_local_init();
	if (err)
		goto undo_oplock;
	err = ksmbd_dir_lease_init();
	if (err)
		goto undo_local;
	open_cache = KMEM_CACHE(ksmbd_open, SLAB_HWCACHE_ALIGN);
	if (open_cache)
		return 0;
	err = -ENOMEM;
	ksmbd_dir_lease_exit();
undo_local:
	ksmbd_local_exit();
undo_oplock:
	ksmbd_oplock_exit();
	return err;
}

void ksmbd_open_exit(void)
{
	WARN_ON(atomic_read(&n_opens));
	ksmbd_dir_lease_exit();
	ksmbd_local_exit();
	ksmbd_oplock_exit();
	xa_destroy(&opens);
	rcu_barrier();			/* free_memory() is still to run */
	kmem_cache_destroy(open_cache);
}
