/* SPDX-License-Identifier: GPL-2.0 */
/* genl_family.resv_start_op: what follows it is checked strictly, since 6.1. */
#ifndef _KSMBD_COMPAT_GENETLINK_H
#define _KSMBD_COMPAT_GENETLINK_H

#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define COMPAT_GENL_RESV_START(op)	.resv_start_op = (op),
#else
#define COMPAT_GENL_RESV_START(op)
#endif

#endif
