/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_LOCK_H
#define _KSMBD_LOCK_H

#include "fs/open.h"

/* The handle is closing: its byte-range locks go, waiters of others retry. */
void ksmbd_lock_release_open(struct ksmbd_open *open);

#endif
