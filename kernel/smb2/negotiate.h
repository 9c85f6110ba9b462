/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_NEGOTIATE_H
#define _KSMBD_NEGOTIATE_H

#include <linux/types.h>

/* The best dialect of ours among @offered, or 0.  [MS-SMB2] 3.3.5.4 */
u16 smb2_choose_dialect(const u16 *offered, u16 n);

#endif
