/* SPDX-License-Identifier: GPL-2.0 */
/* ksmbd_debug(): messages of the components switched on in sysfs. */
#ifndef _KSMBD_DEBUG_H
#define _KSMBD_DEBUG_H

#include <linux/printk.h>

/* Components of the debug file, each a bit: smb auth vfs oplock ipc conn rdma */
#define KSMBD_DEBUG_SMB		0x01
#define KSMBD_DEBUG_AUTH	0x02
#define KSMBD_DEBUG_VFS		0x04
#define KSMBD_DEBUG_OPLOCK	0x08
#define KSMBD_DEBUG_IPC		0x10
#define KSMBD_DEBUG_CONN	0x20
#define KSMBD_DEBUG_RDMA	0x40

extern unsigned int ksmbd_debug_types;	/* KSMBD_DEBUG_*; server/control.c */

#define ksmbd_debug(type, fmt, ...)					\
do {									\
	if (unlikely(ksmbd_debug_types & KSMBD_DEBUG_##type))		\
		pr_info("ksmbd: " fmt, ##__VA_ARGS__);			\
} while (0)

#endif
