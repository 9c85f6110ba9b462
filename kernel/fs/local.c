// SPDX-License-Identifier: GPL-2.0
/*
 * One lease of the kernel's for all grants on a file, as strong as the strongest.
 *
 * It is a delegation, so that renaming, removing and changing attributes break it
 * as well, and the kernel leaves it to us who else has the file open.  The kernel
 * calls lm_*() under its own spinlock, which file->spin is taken inside of; what a
 * lease is set and given back by sleeps, and has file->lock.
 */
#include "fs/local.h"

#include <linux/cred.h>
#include <linux/moduleparam.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include "compat/lease.h"
#include "compat/vfs.h"
#include "debug.h"
#include "fs/oplock.h"

#define TRIES	4			/* against who writes to the inode just now */

static bool local_breaks = true;
module_param(local_breaks, bool, 0644);
MODULE_PARM_DESC(local_breaks, "local processes break oplocks and leases");

static struct workqueue_struct *queue;
static const struct cred *all_rights;	/* whoever the file belongs to */

/* --- what is ours --- */

static bool extra_writes(const struct ksmbd_local *l)
{
	return l->extra && l->filp->f_mode & FMODE_WRITE;
}

static bool extra_reads(const struct ksmbd_local *l)
{
	return l->extra && !(l->filp->f_mode & FMODE_WRITE);
}

static bool others_write(const struct ksmbd_file *file)
{
	const struct ksmbd_local *l = &file->local;

	return atomic_read(&file->inode->i_writecount) >
	       atomic_read(&l->n_writers) + extra_writes(l);
}

static bool others_read(const struct ksmbd_file *file)
{
	const struct ksmbd_local *l = &file->local;

	return atomic_read(&file->inode->i_readcount) >
	       atomic_read(&l->n_readers) + extra_reads(l);
}

/*
 * Has anybody else the file open, so that clients cannot have @what?  The lease is set
 * already: who comes later breaks it.  While one of ours comes or goes it cannot be
 * told; then it is asked again when that is over.
 */
static bool others_object(struct ksmbd_file *file, u8 what)
{
	struct ksmbd_local *l = &file->local;
	bool object;
	int before;

	WRITE_ONCE(l->doubt, true);
	smp_mb();			/* pairs with ksmbd_local_moved() */
	before = atomic_read(&l->n_moved);
	smp_rmb();
	if (atomic_read(&l->n_moving))
		return false;
	object = others_write(file) ||
		 (what == SMB2_LEASE_WRITE && others_read(file));
	smp_mb();
	if (atomic_read(&l->n_moving) || atomic_read(&l->n_moved) != before)
		return false;
	WRITE_ONCE(l->doubt, false);
	return object;
}

/* What the kernel has to know of what clients cache. */
static u8 needed_locked(const struct ksmbd_file *file)
{
	lockdep_assert_held(&file->spin);
	if (file->n_caching[ilog2(SMB2_LEASE_WRITE)])
		return SMB2_LEASE_WRITE;
	return file->n_caching[ilog2(SMB2_LEASE_READ)] ? SMB2_LEASE_READ : 0;
}

/* --- what the kernel calls, under its lock --- */

static struct ksmbd_file *file_of(const struct compat_lease *fl)
{
	return compat_lease_owner(fl);
}

static void queue_sync_locked(struct ksmbd_file *file)
{
	lockdep_assert_held(&file->spin);
	if (queue_work(queue, &file->local.sync))
		ksmbd_file_pin(file);
}

void ksmbd_local_move(struct ksmbd_file *file)
{
	atomic_inc(&file->local.n_moving);
	smp_mb__after_atomic();
}

void ksmbd_local_moved(struct ksmbd_file *file, fmode_t mode, int by)
{
	struct ksmbd_local *l = &file->local;

	if (mode & FMODE_WRITE)
		atomic_add(by, &l->n_writers);
	else if (mode & FMODE_READ)
		atomic_add(by, &l->n_readers);
	atomic_inc(&l->n_moved);
	smp_mb__before_atomic();
	atomic_dec(&l->n_moving);
	smp_mb__after_atomic();
	if (!READ_ONCE(l->doubt))
		return;
	spin_lock(&file->spin);
	queue_sync_locked(file);
	spin_unlock(&file->spin);
}

static void set_holds(struct ksmbd_file *file, u8 holds)
{
	spin_lock(&file->spin);
	file->local.holds = holds;
	spin_unlock(&file->spin);
}

static void lm_setup(struct compat_lease *fl, void **priv)
{
	struct ksmbd_file *file = file_of(fl);

	if (file->local.wanted == SMB2_LEASE_WRITE)
		compat_lease_make_exclusive(fl);
	set_holds(file, file->local.wanted);
}

/* Only writes are waited for: they would be lost.  True: the lease is over. */
static bool lm_break(struct compat_lease *fl)
{
	struct ksmbd_file *file = file_of(fl);
	const struct oplock_claim claim = {
		.take		= SMB2_LEASE_WRITE,
		.take_all	= compat_lease_must_go(fl),
	};
	bool over;

	spin_lock(&file->spin);
	over = !ksmbd_grant_claim_locked(file, &claim) && claim.take_all;
	if (over)
		file->local.holds = 0;
	queue_sync_locked(file);
	spin_unlock(&file->spin);
	return over;
}

/* Among clients the protocol's own oplocks and leases decide. */
static bool lm_breaker_owns_lease(struct compat_lease *fl)
{
	return ksmbd_user_is_current();
}

static const struct compat_lease_ops lease_ops = {
	.lm_setup		= lm_setup,
	.lm_break		= lm_break,
	.lm_change		= lease_modify,
	.lm_breaker_owns_lease	= lm_breaker_owns_lease,
	COMPAT_LEASE_OPS		/* others_object() is asked instead */
};

/* --- setting and giving back; under file->lock, as the kernel --- */

static int set_once(struct ksmbd_file *file)
{
	struct file *filp = file->local.filp;
	struct compat_lease *fl = compat_lease_new(filp, file, &lease_ops);
	int err;

	if (!fl)
		return -ENOMEM;
	err = vfs_setlease(filp, F_RDLCK, &fl, NULL);
	if (fl)
		compat_lease_free(fl);
	return err;
}

/* Some kernels don't wait for who has locked the inode; it may be a client's write. */
static int set_patiently(struct ksmbd_file *file)
{
	int err = set_once(file);

	for (int i = 1; err == -EAGAIN && i < TRIES; i++) {
		inode_lock(file->inode);
		inode_unlock(file->inode);
		err = set_once(file);
	}
	return err;
}

/* Perhaps there is none: the kernel ends a lease that it has waited for long enough. */
static void give_back(struct ksmbd_file *file)
{
	void *owner = file;

	if (!READ_ONCE(file->local.holds))
		return;
	vfs_setlease(file->local.filp, F_UNLCK, NULL, &owner);
	set_holds(file, 0);
}

/*
 * -EAGAIN: somebody has the file open in a way that excludes it; -EINVAL: the
 * filesystem has no leases.
 */
static int set(struct ksmbd_file *file, u8 what)
{
	int err;

	give_back(file);
	file->local.wanted = what;
	err = set_patiently(file);
	if (!err && others_object(file, what)) {
		give_back(file);
		return -EAGAIN;
	}
	return err;
}

/* A struct file to set it on: the open's, or one that reads where that is O_PATH. */
static int take_filp(struct ksmbd_open *open)
{
	struct ksmbd_local *l = &open->file->local;
	struct file *filp;

	if (l->filp)
		return 0;
	if (open->filp->f_mode & (FMODE_READ | FMODE_WRITE)) {
		l->filp = get_file(open->filp);
		return 0;
	}
	filp = dentry_open(&open->filp->f_path,
			   O_RDONLY | O_LARGEFILE | O_NONBLOCK | O_NOATIME,
			   current_cred());
	if (IS_ERR(filp))
		return PTR_ERR(filp);
	l->filp = filp;
	l->extra = true;
	return 0;
}

static void drop_filp(struct ksmbd_local *l)
{
	if (l->filp)
		compat_fput(l->filp);
	l->filp = NULL;
	l->extra = false;
	WRITE_ONCE(l->doubt, false);
}

static u8 allow(struct ksmbd_open *open, u8 want)
{
	struct ksmbd_file *file = open->file;
	int err = take_filp(open);

	if (err)
		return 0;
	if (want & SMB2_LEASE_WRITE && file->local.holds != SMB2_LEASE_WRITE) {
		err = set(file, SMB2_LEASE_WRITE);
		if (err == -EAGAIN)
			want &= ~SMB2_LEASE_WRITE;
	}
	if (!(want & SMB2_LEASE_WRITE) && !file->local.holds)
		err = set(file, SMB2_LEASE_READ);
	return !err || err == -EINVAL ? want : 0;
}

u8 ksmbd_local_allow(struct ksmbd_open *open, u8 want)
{
	const struct cred *saved;

	lockdep_assert_held(&open->file->lock);
	if (!READ_ONCE(local_breaks) || open->file->stream)
		return want;
	saved = override_creds(all_rights);
	want = allow(open, want);
	revert_creds(saved);
	return want;
}

/* What the kernel does not guard clients may not go on with. */
static void take_from_clients(struct ksmbd_file *file, u8 what)
{
	const struct oplock_claim claim = {
		.take		= SMB2_LEASE_WRITE,
		.take_all	= what == SMB2_LEASE_READ,
	};

	spin_lock(&file->spin);
	ksmbd_grant_claim_locked(file, &claim);
	spin_unlock(&file->spin);
}

void ksmbd_local_sync(struct ksmbd_file *file)
{
	const struct cred *saved;
	u8 needed, holds;
	bool breaking;
	int err;

	lockdep_assert_held(&file->lock);
	if (!file->local.filp)
		return;
	spin_lock(&file->spin);
	needed = needed_locked(file);
	holds = file->local.holds;
	breaking = file->n_breaking;
	spin_unlock(&file->spin);

	saved = override_creds(all_rights);
	if (holds > needed)
		give_back(file);
	if (holds && holds == needed && READ_ONCE(file->local.doubt) &&
	    others_object(file, holds)) {
		give_back(file);
		take_from_clients(file, holds);
	}
	/* one that was broken while it was set, or stands for less from now on */
	if (needed && holds != needed &&
	    !(needed == SMB2_LEASE_WRITE && breaking)) {
		err = set(file, needed);
		if (err && err != -EINVAL)
			take_from_clients(file, needed);
	}
	if (!needed)
		drop_filp(&file->local);
	revert_creds(saved);
}

void ksmbd_local_leave(struct ksmbd_open *open)
{
	struct ksmbd_local *l = &open->file->local;

	if (l->filp && l->filp == open->filp)
		l->extra = true;
	ksmbd_local_sync(open->file);
}

static void sync_work(struct work_struct *work)
{
	struct ksmbd_file *file = container_of(work, struct ksmbd_file, local.sync);

	ksmbd_file_lock(file);
	ksmbd_local_sync(file);
	ksmbd_file_unlock(file);
	ksmbd_file_unpin(file);
}

void ksmbd_local_less_locked(struct ksmbd_file *file)
{
	if (file->local.holds > needed_locked(file))
		queue_sync_locked(file);
}

void ksmbd_local_prepare(struct ksmbd_local *l)
{
	INIT_WORK(&l->sync, sync_work);
}

int ksmbd_local_init(void)
{
	all_rights = prepare_kernel_cred(&init_task);
	if (!all_rights)
		return -ENOMEM;
	queue = alloc_workqueue("ksmbd-local", WQ_UNBOUND, 0);
	if (queue)
		return 0;
	put_cred(all_rights);
	return -ENOMEM;
}

void ksmbd_local_exit(void)
{
	destroy_workqueue(queue);
	put_cred(all_rights);
}
