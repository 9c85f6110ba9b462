/* SPDX-License-Identifier: GPL-2.0 */
/* AES-128-CMAC, RFC 4493, at the speed of the bulk CBC cipher. */
#ifndef _KSMBD_CMAC_H
#define _KSMBD_CMAC_H

#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_CMAC_SIZE	16

struct ksmbd_cmac;

struct ksmbd_cmac *ksmbd_cmac_new(const u8 key[16]);	/* or ERR_PTR */
void ksmbd_cmac_free(struct ksmbd_cmac *c);

/*
 * The pieces may lie in any kernel memory and be of any length, also none.
 * Sleeps; may run in many threads at once.  0 or -errno (memory).
 */
int ksmbd_cmac(struct ksmbd_cmac *c, const struct kvec *iov, unsigned int n,
	       u8 mac[KSMBD_CMAC_SIZE]);

#endif
