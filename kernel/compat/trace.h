/* SPDX-License-Identifier: GPL-2.0 */
/* __assign_str() lost its second argument in 6.10. */
#ifndef _KSMBD_COMPAT_TRACE_H
#define _KSMBD_COMPAT_TRACE_H

#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define ksmbd_assign_str(dst, src)	__assign_str(dst)
#else
#define ksmbd_assign_str(dst, src)	__assign_str(dst, src)
#endif

#endif
