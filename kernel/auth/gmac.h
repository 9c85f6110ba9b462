/* SPDX-License-Identifier: GPL-2.0 */
/* AES-128-GMAC, RFC 4543: [MS-SMB2] 3.1.4.1 signs with it. */
#ifndef _KSMBD_GMAC_H
#define _KSMBD_GMAC_H

#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_GMAC_SIZE		16
#define KSMBD_GMAC_NONCE_SIZE	12

struct ksmbd_gmac;

struct ksmbd_gmac *ksmbd_gmac_new(const u8 key[16]);	/* or ERR_PTR */
void ksmbd_gmac_free(struct ksmbd_gmac *g);		/* NULL is fine */

/*
 * The pieces are only read, and lie where auth/sg.h says.  Sleeps; may run in many
 * threads at once.  0 or -errno (memory).
 */
int ksmbd_gmac(struct ksmbd_gmac *g, const u8 nonce[KSMBD_GMAC_NONCE_SIZE],
	       const struct kvec *iov, unsigned int n, u8 mac[KSMBD_GMAC_SIZE]);

#endif
