/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leases of the kernel's own, which had the type of a lock before 6.9.  Where
 * COMPAT_LM_OPEN_CONFLICT is defined (Kbuild looks) the kernel calls lm_open_conflict()
 * of every lease instead of passing over who else has open what a delegation is for.
 */
#ifndef _KSMBD_COMPAT_LEASE_H
#define _KSMBD_COMPAT_LEASE_H

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#define compat_lease		file_lease
#define compat_lease_ops	lease_manager_operations
#define compat_lease_alloc()	locks_alloc_lease()
#define compat_lease_free(fl)	locks_free_lease(fl)
#define compat_lease_core(fl)	(&(fl)->c)
#define compat_lease_field(x)	flc_##x
#else
#define compat_lease		file_lock
#define compat_lease_ops	lock_manager_operations
#define compat_lease_alloc()	locks_alloc_lock()
#define compat_lease_free(fl)	locks_free_lock(fl)
#define compat_lease_core(fl)	(fl)
#define compat_lease_field(x)	fl_##x
#endif

#ifdef COMPAT_LM_OPEN_CONFLICT
static inline int compat_lease_no_conflict(struct file *filp, int type)
{
	return 0;
}
#define COMPAT_LEASE_OPS	.lm_open_conflict = compat_lease_no_conflict,
#else
#define COMPAT_LEASE_OPS
#endif

/* A delegation to read of @filp to @owner. */
static inline struct compat_lease *
compat_lease_new(struct file *filp, void *owner,
		 const struct compat_lease_ops *ops)
{
	struct compat_lease *fl = compat_lease_alloc();

	if (!fl)
		return NULL;
	fl->fl_lmops = ops;
	compat_lease_core(fl)->compat_lease_field(flags) = FL_DELEG;
	compat_lease_core(fl)->compat_lease_field(type) = F_RDLCK;
	compat_lease_core(fl)->compat_lease_field(owner) = owner;
	compat_lease_core(fl)->compat_lease_field(pid) = current->tgid;
	compat_lease_core(fl)->compat_lease_field(file) = filp;
	return fl;
}

static inline void *compat_lease_owner(const struct compat_lease *fl)
{
	return compat_lease_core(fl)->compat_lease_field(owner);
}

/* For lm_setup(): nobody else may open the file, not to read either. */
static inline void compat_lease_make_exclusive(struct compat_lease *fl)
{
	compat_lease_core(fl)->compat_lease_field(type) = F_WRLCK;
}

/* For lm_break(): is it to go altogether, or may its holder still read? */
static inline bool compat_lease_must_go(const struct compat_lease *fl)
{
	return compat_lease_core(fl)->compat_lease_field(flags) & FL_UNLOCK_PENDING;
}

#endif
