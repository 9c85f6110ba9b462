// SPDX-License-Identifier: GPL-2.0
/* The kernel's AEADs take one scatterlist: associated data, text, tag. */
#include "auth/aead.h"

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "auth/hash.h"
#include "auth/sg.h"
#include "compat/crypto.h"

#define IV_SIZE		16

struct ksmbd_aead {
	struct crypto_aead *tfm;
	bool ccm;
};

/* One message on its way; from kmalloc(), because scatterlists name parts of it. */
struct aead_run {
	struct ksmbd_sg list;
	u8 iv[IV_SIZE];
	u8 tag[KSMBD_AEAD_TAG_SIZE];
	struct aead_request req CRYPTO_MINALIGN_ATTR;	/* and its context */
};

static struct aead_run *run_new(struct ksmbd_aead *a, unsigned int entries)
{
	struct aead_run *run = kmalloc(sizeof(*run) + crypto_aead_reqsize(a->tfm),
				       GFP_KERNEL);

	if (run && ksmbd_sg_begin(&run->list, entries)) {
		kfree(run);
		run = NULL;
	}
	return run;
}

static void run_free(struct ksmbd_aead *a, struct aead_run *run)
{
	ksmbd_sg_end(&run->list);
	/* key stream may be left in the request's context */
	memzero_explicit(run, sizeof(*run) + crypto_aead_reqsize(a->tfm));
	kfree(run);
}

/* RFC 3610 2.3: CCM's counter block starts with the size of its counter, less one. */
static void set_iv(const struct ksmbd_aead *a, u8 iv[IV_SIZE], const u8 *nonce)
{
	memset(iv, 0, IV_SIZE);
	if (a->ccm) {
		iv[0] = IV_SIZE - 1 - KSMBD_CCM_NONCE_SIZE - 1;
		memcpy(iv + 1, nonce, KSMBD_CCM_NONCE_SIZE);
	} else {
		memcpy(iv, nonce, KSMBD_GCM_NONCE_SIZE);
	}
}

/* @tag goes in when it decrypts and comes out when it encrypts. */
static int run(struct ksmbd_aead *a, bool encrypt, const u8 *nonce,
	       const struct kvec *aad, unsigned int n_aad,
	       const struct kvec *text, unsigned int n_text, u8 *tag)
{
	struct aead_run *run = run_new(a, ksmbd_sg_entries(aad, n_aad) +
				       ksmbd_sg_entries(text, n_text) + 1);
	size_t aad_len, text_len;
	DECLARE_CRYPTO_WAIT(wait);
	struct kvec tag_piece;
	int err;

	if (!run)
		return -ENOMEM;
	tag_piece = (struct kvec)KSMBD_PIECE(run->tag, sizeof(run->tag));
	aad_len = ksmbd_sg_add(&run->list, aad, n_aad);
	text_len = ksmbd_sg_add(&run->list, text, n_text);
	ksmbd_sg_add(&run->list, &tag_piece, 1);
	set_iv(a, run->iv, nonce);

	aead_request_set_tfm(&run->req, a->tfm);
	aead_request_set_callback(&run->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(&run->req, aad_len);
	if (encrypt) {
		aead_request_set_crypt(&run->req, run->list.sg, run->list.sg,
				       text_len, run->iv);
		err = crypto_wait_req(crypto_aead_encrypt(&run->req), &wait);
		if (!err)
			memcpy(tag, run->tag, sizeof(run->tag));
	} else {
		memcpy(run->tag, tag, sizeof(run->tag));
		aead_request_set_crypt(&run->req, run->list.sg, run->list.sg,
				       text_len + sizeof(run->tag), run->iv);
		err = crypto_wait_req(crypto_aead_decrypt(&run->req), &wait);
	}
	run_free(a, run);
	return err;
}

int ksmbd_aead_encrypt(struct ksmbd_aead *a, const u8 *nonce,
		       const struct kvec *aad, const struct kvec *iov,
		       unsigned int n, u8 tag[KSMBD_AEAD_TAG_SIZE])
{
	return run(a, true, nonce, aad, 1, iov, n, tag);
}

int ksmbd_aead_decrypt(struct ksmbd_aead *a, const u8 *nonce,
		       const struct kvec *aad, const struct kvec *iov,
		       unsigned int n, const u8 tag[KSMBD_AEAD_TAG_SIZE])
{
	return run(a, false, nonce, aad, 1, iov, n, (u8 *)tag);
}

int ksmbd_aead_mac(struct ksmbd_aead *a, const u8 *nonce, const struct kvec *iov,
		   unsigned int n, u8 mac[KSMBD_AEAD_TAG_SIZE])
{
	return run(a, true, nonce, iov, n, NULL, 0, mac);
}

static struct ksmbd_aead *aead_new(struct crypto_aead *tfm, bool ccm,
				   const u8 *key, u32 key_len)
{
	struct ksmbd_aead *a;
	int err;

	if (IS_ERR(tfm))
		return ERR_CAST(tfm);
	err = crypto_aead_setkey(tfm, key, key_len) ?:
	      crypto_aead_setauthsize(tfm, KSMBD_AEAD_TAG_SIZE);
	if (err)
		goto free;
	err = -ENOMEM;
	a = kmalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		goto free;
	a->tfm = tfm;
	a->ccm = ccm;
	return a;
free:
	crypto_free_aead(tfm);
	return ERR_PTR(err);
}

struct ksmbd_aead *ksmbd_gcm_new(const u8 *key, u32 key_len)
{
	return aead_new(crypto_alloc_aead("gcm(aes)", 0, KSMBD_CRYPTO_MASK), false,
			key, key_len);
}

struct ksmbd_aead *ksmbd_ccm_new(const u8 *key, u32 key_len)
{
	return aead_new(crypto_alloc_aead("ccm(aes)", 0, KSMBD_CRYPTO_MASK), true,
			key, key_len);
}

void ksmbd_aead_free(struct ksmbd_aead *a)
{
	if (!a)
		return;
	crypto_free_aead(a->tfm);
	kfree(a);
}
