/* SPDX-License-Identifier: GPL-2.0 */
/* ksmbd_debug(): messages of the components switched on in sysfs. */
#ifndef _KSMBD_DEBUG_H
#define _KSMBD_DEBUG_H

#include <linux/printk.h>

extern unsigned int ksmbd_debug_types;	/* KSMBD_DEBUG_* of server/server.h */

#define ksmbd_debug(type, fmt, ...)					\
do {									\
	if (unlikely(ksmbd_debug_types & KSMBD_DEBUG_##type))		\
		pr_info("ksmbd: " fmt, ##__VA_ARGS__);			\
} while (0)

#endif
