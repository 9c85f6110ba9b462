/* SPDX-License-Identifier: GPL-2.0 */
/* AES-GCM and AES-CCM over messages in pieces, in place. */
#ifndef _KSMBD_AEAD_H
#define _KSMBD_AEAD_H

#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_AEAD_TAG_SIZE	16
#define KSMBD_GMAC_NONCE_SIZE	12

struct ksmbd_aead;

/* A GCM that only authenticates, [RFC 4543]'s AES-128-GMAC.  ERR_PTR on failure. */
struct ksmbd_aead *ksmbd_gmac_new(const u8 key[16]);
void ksmbd_aead_free(struct ksmbd_aead *a);	/* NULL is fine */

/*
 * The pieces may lie in memory of kmalloc() and vmalloc() and on the stack, not
 * in a module's.  Sleeps; may run in many threads at once.  0 or -errno (memory).
 */
int ksmbd_gmac(struct ksmbd_aead *a, const u8 nonce[KSMBD_GMAC_NONCE_SIZE],
	       const struct kvec *iov, unsigned int n,
	       u8 mac[KSMBD_AEAD_TAG_SIZE]);

#endif
