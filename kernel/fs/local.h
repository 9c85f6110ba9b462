/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes of this machine, and NFS, beside clients that cache: leases of the
 * kernel's own (fcntl(2), F_SETLEASE) stand for what clients were granted.
 *
 * Who opens a file that a client may have written to waits until it has written it;
 * who opens it to write, truncates, renames or removes it takes all caching from
 * clients.  What a process has open to write, no client caches; what it has open to
 * read, no client keeps writes to.  Where a filesystem has no leases (those of
 * other machines) nothing is known, and clients are granted what they ask for.
 */
#ifndef _KSMBD_LOCAL_H
#define _KSMBD_LOCAL_H

#include "fs/open.h"

void ksmbd_local_prepare(struct ksmbd_local *l);
/*
 * Around the opening or closing of a struct file of ours: @by says how many more (or
 * fewer) of @mode there are, so that they are not taken for a process's.
 */
void ksmbd_local_move(struct ksmbd_file *file);
void ksmbd_local_moved(struct ksmbd_file *file, fmode_t mode, int by);

/*
 * What of @want (SMB2_LEASE_*) processes of this machine let @open have; they
 * are watched from now on.  What is granted in the end may be less: ksmbd_local_sync().
 * Under ksmbd_file_lock(), as the next two.
 */
u8 ksmbd_local_allow(struct ksmbd_open *open, u8 want);
/* As strong a lease as clients' grants need, and no stronger. */
void ksmbd_local_sync(struct ksmbd_file *file);
/* @open closes, and has lost its grant. */
void ksmbd_local_leave(struct ksmbd_open *open);
/* Clients have less than before; file->spin is held. */
void ksmbd_local_less_locked(struct ksmbd_file *file);

int ksmbd_local_init(void);
void ksmbd_local_exit(void);		/* after the last open */

#endif
