/* SPDX-License-Identifier: GPL-2.0 */
/* kthread_complete_and_exit(): so named since 5.17. */
#ifndef _KSMBD_COMPAT_KTHREAD_H
#define _KSMBD_COMPAT_KTHREAD_H

#include <linux/kthread.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 17, 0)
#define kthread_complete_and_exit(c, code) complete_and_exit(c, code)
#endif

#endif
