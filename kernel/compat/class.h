/* SPDX-License-Identifier: GPL-2.0 */
/* struct class: without an owner, and const in its attributes, since 6.4. */
#ifndef _KSMBD_COMPAT_CLASS_H
#define _KSMBD_COMPAT_CLASS_H

#include <linux/device.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define KSMBD_CLASS_OWNER
#define KSMBD_CLASS_CONST const
#else
#define KSMBD_CLASS_OWNER	.owner = THIS_MODULE,
#define KSMBD_CLASS_CONST
#endif

#endif
