/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_LOCK_H
#define _KSMBD_LOCK_H

#include "fs/open.h"
#include "server/status.h"

/* The handle is closing: its byte-range locks go, waiters of others retry. */
void ksmbd_lock_release_open(struct ksmbd_open *open);
/* All that @from has locked, under file->spin; nothing works with either open. */
void ksmbd_lock_move_locked(struct ksmbd_open *to, struct ksmbd_open *from);
/* The @n-th lock of the handle, from 0: for administrators.  False: it has no more. */
bool ksmbd_lock_get(struct ksmbd_open *open, u32 n, struct ksmbd_admin_row *row);

#endif
