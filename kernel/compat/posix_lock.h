/* SPDX-License-Identifier: GPL-2.0 */
/* POSIX locks as they changed between the kernels we support. */
#ifndef _KSMBD_COMPAT_POSIX_LOCK_H
#define _KSMBD_COMPAT_POSIX_LOCK_H

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#include <linux/filelock.h>
#endif

/* A lock of @filp itself, as F_OFD_SETLK makes it; @ops: it waits. */
static inline void compat_posix_lock_init(struct file_lock *fl,
					  struct file *filp, int type,
					  loff_t start, loff_t end,
					  const struct lock_manager_operations *ops)
{
	locks_init_lock(fl);
	fl->fl_start = start;
	fl->fl_end = end;
	fl->fl_lmops = ops;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
	fl->c.flc_owner = filp;
	fl->c.flc_pid = current->tgid;
	fl->c.flc_file = filp;
	fl->c.flc_flags = FL_POSIX | FL_OFDLCK | (ops ? FL_SLEEP : 0);
	fl->c.flc_type = type;
#else
	fl->fl_owner = filp;
	fl->fl_pid = current->tgid;
	fl->fl_file = filp;
	fl->fl_flags = FL_POSIX | FL_OFDLCK | (ops ? FL_SLEEP : 0);
	fl->fl_type = type;
#endif
}

#endif
