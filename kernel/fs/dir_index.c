// SPDX-License-Identifier: GPL-2.0
#include "fs/dir_index.h"

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include "compat/fsnotify.h"
#include "compat/vfs.h"
#include "fs/casefold.h"

#define EVENTS		(FS_CREATE | FS_DELETE | FS_MOVED_FROM | FS_MOVED_TO)
#define FIRST_BUCKETS	64
#define RAM_SHARE	64		/* of all memory, one part for names */
#define MOST_BYTES	(256 << 20)

struct dir_name {
	struct dir_name *next;		/* in its bucket */
	u32 hash;			/* of the folded name */
	u8 len;
	char name[];
};

/*
 * struct dir_index - the names of one directory
 *
 * References are those of its mark: the table's, fsnotify's while it is attached,
 * and of whoever works with it.  Until the last is dropped the mark pins the
 * inode.  When the directory is removed or the filesystem unmounted, fsnotify
 * frees the mark, and with that the index leaves the table.
 *
 * @lock guards what is below it; taken under the directory's i_rwsem, so no
 * memory is reclaimed under it by way of a filesystem.
 */
struct dir_index {
	struct hlist_node hash;		/* under indexes_lock */
	struct list_head lru;		/* the same; the latest is first */
	struct inode *dir;
	struct fsnotify_mark mark;

	struct mutex lock;
	bool ready;			/* every name is in */
	bool broken;			/* or one is missing for good */
	struct dir_name **buckets;
	u32 n_buckets;			/* a power of two */
	u32 n_names;
	size_t bytes;			/* its part of n_bytes */
	struct ksmbd_folded folded;	/* too large for a stack under a filesystem */
};

static DEFINE_HASHTABLE(indexes, 8);	/* by inode */
static LIST_HEAD(indexes_lru);
static DEFINE_SPINLOCK(indexes_lock);	/* innermost */
static atomic_long_t n_bytes = ATOMIC_LONG_INIT(0);
static struct fsnotify_group *group;
static siphash_key_t key;		/* names are the clients' choice */

static long max_bytes(void)
{
	return min_t(u64, ((u64)totalram_pages() << PAGE_SHIFT) / RAM_SHARE,
		     MOST_BYTES);
}

/* --- names --- */

static u32 hash_folded(const struct ksmbd_folded *f)
{
	return siphash(f->name, f->len, &key);
}

static struct dir_name **bucket_locked(const struct dir_index *x, u32 hash)
{
	return &x->buckets[hash & (x->n_buckets - 1)];
}

/* The very name; where it hangs, or where the bucket ends. */
static struct dir_name **exact_locked(const struct dir_index *x, u32 hash,
				      const char *name, u32 len)
{
	struct dir_name **at;

	for (at = bucket_locked(x, hash); *at; at = &(*at)->next)
		if ((*at)->hash == hash && (*at)->len == len &&
		    !memcmp((*at)->name, name, len))
			break;
	return at;
}

static void account_locked(struct dir_index *x, ssize_t bytes)
{
	x->bytes += bytes;
	atomic_long_add(bytes, &n_bytes);
}

static void rehash_locked(struct dir_index *x, struct dir_name **buckets, u32 n)
{
	struct dir_name **old = x->buckets, *name, *next;
	u32 n_old = x->n_buckets;

	x->buckets = buckets;
	x->n_buckets = n;
	for (u32 i = 0; i < n_old; i++)
		for (name = old[i]; name; name = next) {
			struct dir_name **to = bucket_locked(x, name->hash);

			next = name->next;
			name->next = *to;
			*to = name;
		}
	kvfree(old);
}

/* Longer chains for want of memory are no error, but for the first buckets. */
static bool grow_locked(struct dir_index *x)
{
	u32 n = x->n_buckets ? 2 * x->n_buckets : FIRST_BUCKETS;
	unsigned int nofs = memalloc_nofs_save();
	struct dir_name **buckets = kvcalloc(n, sizeof(*buckets),
					     GFP_KERNEL | __GFP_NOWARN);

	memalloc_nofs_restore(nofs);
	if (!buckets)
		return x->n_buckets;
	account_locked(x, (n - x->n_buckets) * sizeof(*buckets));
	rehash_locked(x, buckets, n);
	return true;
}

static bool add_locked(struct dir_index *x, const char *name, u32 len)
{
	struct dir_name **at, *new;
	u32 hash;

	lockdep_assert_held(&x->lock);
	if (x->n_names >= x->n_buckets && !grow_locked(x))
		return false;
	ksmbd_casefold(&x->folded, name, len);
	hash = hash_folded(&x->folded);
	at = exact_locked(x, hash, name, len);
	if (*at)
		return true;
	if (atomic_long_read(&n_bytes) > max_bytes())
		return false;
	new = kmalloc(struct_size(new, name, len), GFP_NOFS | __GFP_NOWARN);
	if (!new)
		return false;
	new->next = NULL;
	new->hash = hash;
	new->len = len;
	memcpy(new->name, name, len);
	*at = new;
	x->n_names++;
	account_locked(x, struct_size(new, name, len));
	return true;
}

static void remove_locked(struct dir_index *x, const char *name, u32 len)
{
	struct dir_name **at, *old;

	lockdep_assert_held(&x->lock);
	if (!x->n_buckets)
		return;
	ksmbd_casefold(&x->folded, name, len);
	at = exact_locked(x, hash_folded(&x->folded), name, len);
	old = *at;
	if (!old)
		return;
	*at = old->next;
	x->n_names--;
	account_locked(x, -(ssize_t)struct_size(old, name, len));
	kfree(old);
}

static bool find_locked(struct dir_index *x, const char *name, u32 len,
			char *stored)
{
	const struct dir_name *n;
	u32 hash;

	ksmbd_casefold(&x->folded, name, len);
	hash = hash_folded(&x->folded);
	for (n = *bucket_locked(x, hash); n; n = n->next)
		if (n->hash == hash &&
		    ksmbd_casefold_equal(&x->folded, n->name, n->len)) {
			memcpy(stored, n->name, n->len);
			stored[n->len] = '\0';
			return true;
		}
	return false;
}

static void forget_names(struct dir_index *x)
{
	struct dir_name *name, *next;

	for (u32 i = 0; i < x->n_buckets; i++) {
		for (name = x->buckets[i]; name; name = next) {
			next = name->next;
			kfree(name);
		}
		cond_resched();
	}
	kvfree(x->buckets);
	x->buckets = NULL;
	x->n_buckets = 0;
	x->n_names = 0;
	account_locked(x, -(ssize_t)x->bytes);
}

/* --- indexes --- */

static void put_index(struct dir_index *x)
{
	fsnotify_put_mark(&x->mark);
}

DEFINE_FREE(dir_index, struct dir_index *, if (_T) put_index(_T))

static struct dir_index *search_locked(struct inode *dir)
{
	struct dir_index *x;

	lockdep_assert_held(&indexes_lock);
	hash_for_each_possible(indexes, x, hash, (unsigned long)dir)
		if (x->dir == dir)
			return x;
	return NULL;
}

static struct dir_index *get_index(struct inode *dir)
{
	struct dir_index *x;

	spin_lock(&indexes_lock);
	x = search_locked(dir);
	if (x) {
		/* in the table, which has a reference */
		refcount_inc(&x->mark.refcnt);
		list_move(&x->lru, &indexes_lru);
	}
	spin_unlock(&indexes_lock);
	return x;
}

/* Also when fsnotify does so by itself: freeing_mark() takes it from the table. */
static void drop_index(struct dir_index *x)
{
	fsnotify_destroy_mark(&x->mark, group);
}

/* The one that was of use the longest time ago, but @but. */
static struct dir_index *get_oldest(const struct dir_index *but)
{
	struct dir_index *x, *oldest = NULL;

	spin_lock(&indexes_lock);
	list_for_each_entry_reverse(x, &indexes_lru, lru)
		if (x != but) {
			oldest = x;
			refcount_inc(&x->mark.refcnt);
			break;
		}
	spin_unlock(&indexes_lock);
	return oldest;
}

/* There is to be room for what @x will have. */
static void make_room(const struct dir_index *x)
{
	struct dir_index *oldest;

	while (atomic_long_read(&n_bytes) > max_bytes() / 2 &&
	       (oldest = get_oldest(x))) {
		drop_index(oldest);
		/* at once: its memory itself waits for a grace period */
		mutex_lock(&oldest->lock);
		oldest->broken = true;
		forget_names(oldest);
		mutex_unlock(&oldest->lock);
		put_index(oldest);
	}
}

int ksmbd_dir_index_find(struct inode *dir, const char *name, u32 len,
			 char *stored)
{
	struct dir_index *x __free(dir_index) = get_index(dir);
	int err = -EAGAIN;
	bool broken;

	if (!x)
		return -EAGAIN;
	mutex_lock(&x->lock);
	broken = x->broken;
	if (x->ready && !broken)
		err = find_locked(x, name, len, stored) ? 0 : -ENOENT;
	mutex_unlock(&x->lock);
	if (broken)
		drop_index(x);
	return err;
}

void ksmbd_dir_index_forget(struct inode *dir)
{
	struct dir_index *x __free(dir_index) = get_index(dir);

	if (x)
		drop_index(x);
}

/* --- building --- */

struct dir_reader {
	struct dir_context ctx;
	struct dir_index *index;
};

static bool read_name(struct dir_context *ctx, const char *name, int len,
		      loff_t pos, u64 ino, unsigned int type)
{
	struct dir_index *x = container_of(ctx, struct dir_reader, ctx)->index;

	if (len <= 0 || len > NAME_MAX)
		return true;
	mutex_lock(&x->lock);
	if (!x->broken)
		x->broken = !add_locked(x, name, len);
	mutex_unlock(&x->lock);
	return !x->broken;
}
COMPAT_ACTOR(read_name);

static int read_names(struct dir_index *x, const struct path *dir)
{
	struct dir_reader reader = {
		.ctx.actor	= read_name_actor,
		.index		= x,
	};
	struct file *filp;
	loff_t before;
	int err;

	filp = dentry_open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			   current_cred());
	if (IS_ERR(filp))
		return PTR_ERR(filp);
	do {
		before = reader.ctx.pos;
		err = iterate_dir(filp, &reader.ctx);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	} while (!err && !x->broken && reader.ctx.pos != before);
	compat_fput(filp);
	return err;
}

bool ksmbd_dir_is_private(const struct dentry *dir)
{
	const struct super_block *sb = dir->d_sb;

	return (sb->s_type->fs_flags & FS_REQUIRES_DEV ||
		sb->s_magic == TMPFS_MAGIC) &&
	       !(dir->d_flags & DCACHE_OP_REVALIDATE);
}

/* In the table, heard of changes, and without names; NULL: there is one, or no memory. */
static struct dir_index *new_index(struct inode *dir)
{
	struct dir_index *x = kzalloc(sizeof(*x), GFP_KERNEL);
	bool first;

	if (!x)
		return NULL;
	mutex_init(&x->lock);
	x->dir = dir;
	fsnotify_init_mark(&x->mark, group);	/* the caller's reference */
	x->mark.mask = EVENTS;
	spin_lock(&indexes_lock);
	first = !search_locked(dir);
	if (first) {
		refcount_inc(&x->mark.refcnt);
		hash_add(indexes, &x->hash, (unsigned long)dir);
		list_add(&x->lru, &indexes_lru);
	}
	spin_unlock(&indexes_lock);
	if (first)
		return x;
	put_index(x);
	return NULL;
}

static void leave_table(struct dir_index *x)
{
	bool left;

	spin_lock(&indexes_lock);
	left = hash_hashed(&x->hash);
	if (left) {
		hash_del(&x->hash);
		list_del(&x->lru);
	}
	spin_unlock(&indexes_lock);
	if (left)
		put_index(x);
}

void ksmbd_dir_index_build(const struct path *dir)
{
	struct dir_index *x __free(dir_index) = NULL;
	int err;

	if (!ksmbd_dir_is_private(dir->dentry))
		return;
	x = new_index(d_inode(dir->dentry));
	if (!x)
		return;
	make_room(x);
	/* from here on changes come in; then what is there already */
	err = compat_fsnotify_add_inode_mark(&x->mark, x->dir);
	if (err) {
		leave_table(x);
		return;
	}
	err = read_names(x, dir);
	mutex_lock(&x->lock);
	x->ready = !err && !x->broken;
	mutex_unlock(&x->lock);
	if (!x->ready)
		drop_index(x);
}

/* --- fsnotify --- */

static int handle_event(struct fsnotify_group *g, u32 mask, const void *data,
			int type, struct inode *dir, const struct qstr *name,
			u32 cookie, struct fsnotify_iter_info *iter)
{
	struct dir_index *x __free(dir_index) = NULL;

	if (!dir || !name)
		return 0;
	x = get_index(dir);
	if (!x)
		return 0;
	mutex_lock(&x->lock);
	if (x->broken)
		;
	else if (mask & (FS_CREATE | FS_MOVED_TO))
		x->broken = !add_locked(x, (const char *)name->name, name->len);
	else if (mask & (FS_DELETE | FS_MOVED_FROM))
		remove_locked(x, (const char *)name->name, name->len);
	mutex_unlock(&x->lock);
	return 0;
}

static void freeing_mark(struct fsnotify_mark *mark, struct fsnotify_group *g)
{
	leave_table(container_of(mark, struct dir_index, mark));
}

static void free_mark(struct fsnotify_mark *mark)
{
	struct dir_index *x = container_of(mark, struct dir_index, mark);

	forget_names(x);
	mutex_destroy(&x->lock);
	kfree(x);
}

static const struct fsnotify_ops ops = {
	.handle_event	= handle_event,
	.freeing_mark	= freeing_mark,
	.free_mark	= free_mark,
};

int ksmbd_dir_index_init(void)
{
	get_random_bytes(&key, sizeof(key));
	group = compat_fsnotify_alloc_group(&ops);
	return PTR_ERR_OR_ZERO(group);
}

void ksmbd_dir_index_exit(void)
{
	struct dir_index *x;

	while ((x = get_oldest(NULL))) {
		drop_index(x);
		put_index(x);
	}
	fsnotify_put_group(group);
	/* after it no mark is freed and no event handled by code of ours */
	fsnotify_wait_marks_destroyed();
	WARN_ON(atomic_long_read(&n_bytes));
}
