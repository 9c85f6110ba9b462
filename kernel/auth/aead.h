/* SPDX-License-Identifier: GPL-2.0 */
/* AES-GCM and AES-CCM over messages in pieces, in place. */
#ifndef _KSMBD_AEAD_H
#define _KSMBD_AEAD_H

#include <linux/types.h>
#include <linux/uio.h>

#define KSMBD_AEAD_TAG_SIZE	16
#define KSMBD_GCM_NONCE_SIZE	12
#define KSMBD_CCM_NONCE_SIZE	11

struct ksmbd_aead;

/* @key_len is 16 or 32.  ERR_PTR on failure. */
struct ksmbd_aead *ksmbd_gcm_new(const u8 *key, u32 key_len);
struct ksmbd_aead *ksmbd_ccm_new(const u8 *key, u32 key_len);
void ksmbd_aead_free(struct ksmbd_aead *a);	/* NULL is fine; wipes the key */

/*
 * The pieces lie where auth/sg.h says.  All of these sleep, and may run in many
 * threads at once.
 *
 * Encrypts the pieces in place.  0 or -errno (memory).
 */
int ksmbd_aead_encrypt(struct ksmbd_aead *a, const u8 *nonce,
		       const struct kvec *aad, const struct kvec *iov,
		       unsigned int n, u8 tag[KSMBD_AEAD_TAG_SIZE]);
/* -EBADMSG: not what was encrypted; the message is garbage then. */
int ksmbd_aead_decrypt(struct ksmbd_aead *a, const u8 *nonce,
		       const struct kvec *aad, const struct kvec *iov,
		       unsigned int n, const u8 tag[KSMBD_AEAD_TAG_SIZE]);
/* Of a message that is all associated data, whose pieces are only read: the tag. */
int ksmbd_aead_mac(struct ksmbd_aead *a, const u8 *nonce, const struct kvec *iov,
		   unsigned int n, u8 mac[KSMBD_AEAD_TAG_SIZE]);

#endif
