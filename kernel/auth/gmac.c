// SPDX-License-Identifier: GPL-2.0
/*
 * GMAC is AES-GCM of associated data and nothing else.  Where gcm(aes) copies
 * associated data into one allocation first (see compat/crypto.h), which fails for
 * large messages, the tag is made of GCM's two parts: GHASH of the message and its
 * length, encrypted with the counter block of the nonce.
 *
 * Instantiating the kernel's template over just these two would be less code, but
 * the instance calls itself gcm(aes) with the priority of the fast implementation,
 * and being younger takes its place for everybody on the machine.
 */
#include "auth/gmac.h"

#include <crypto/algapi.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "auth/aead.h"
#include "auth/hash.h"
#include "auth/sg.h"
#include "compat/crypto.h"
#include "compat/unaligned.h"

#define BLOCK	16

/**
 * struct ksmbd_gmac - a key, set up once
 * @gcm: when it takes associated data as it lies; otherwise NULL
 * @ghash: then, with the next, its two parts
 * @ctr: AES in counter mode
 */
struct ksmbd_gmac {
	struct ksmbd_aead *gcm;
	struct crypto_ahash *ghash;
	struct crypto_skcipher *ctr;
};

/*
 * One message on its way; from kmalloc(), because scatterlists name parts of it.
 * The two requests are made one after the other.
 */
struct gmac_run {
	struct ksmbd_sg message;
	struct scatterlist sg;
	u8 iv[BLOCK];
	u8 tag[BLOCK];
	u8 end[2 * BLOCK];		/* of what is hashed */
	union {
		struct ahash_request ghash;
		struct skcipher_request ctr;
	} req CRYPTO_MINALIGN_ATTR;	/* and its context */
};

static size_t run_size(const struct ksmbd_gmac *g)
{
	return sizeof(struct gmac_run) + max(crypto_ahash_reqsize(g->ghash),
					     crypto_skcipher_reqsize(g->ctr));
}

/* Encrypts the block in @run->tag with the one in @run->iv, in counter mode. */
static int encrypt_tag(struct ksmbd_gmac *g, struct gmac_run *run)
{
	struct skcipher_request *req = &run->req.ctr;
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_one(&run->sg, run->tag, BLOCK);
	skcipher_request_set_tfm(req, g->ctr);
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				      CRYPTO_TFM_REQ_MAY_SLEEP,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, &run->sg, &run->sg, BLOCK, run->iv);
	return crypto_wait_req(crypto_skcipher_encrypt(req), &wait);
}

/* Zeros up to a whole block, then the length of the message in bits and of no text. */
static struct kvec end_of(struct gmac_run *run, size_t len)
{
	size_t padding = ALIGN(len, BLOCK) - len;

	memset(run->end, 0, sizeof(run->end));
	put_unaligned_be64((u64)len * 8, run->end + padding);
	return (struct kvec)KSMBD_PIECE(run->end, padding + BLOCK);
}

static size_t length_of(const struct kvec *iov, unsigned int n)
{
	size_t len = 0;

	for (; n; n--, iov++)
		len += iov->iov_len;
	return len;
}

static int hash_message(struct ksmbd_gmac *g, struct gmac_run *run,
			const struct kvec *iov, unsigned int n)
{
	struct ahash_request *req = &run->req.ghash;
	struct kvec end = end_of(run, length_of(iov, n));
	DECLARE_CRYPTO_WAIT(wait);
	size_t len;
	int err;

	err = ksmbd_sg_begin(&run->message, ksmbd_sg_entries(iov, n) + 1);
	if (err)
		return err;
	len = ksmbd_sg_add(&run->message, iov, n) +
	      ksmbd_sg_add(&run->message, &end, 1);
	ahash_request_set_tfm(req, g->ghash);
	ahash_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				   CRYPTO_TFM_REQ_MAY_SLEEP,
				   crypto_req_done, &wait);
	ahash_request_set_crypt(req, run->message.sg, run->tag, len);
	err = crypto_wait_req(crypto_ahash_digest(req), &wait);
	ksmbd_sg_end(&run->message);
	return err;
}

static int by_parts(struct ksmbd_gmac *g, const u8 *nonce, const struct kvec *iov,
		    unsigned int n, u8 mac[KSMBD_GMAC_SIZE])
{
	struct gmac_run *run = kmalloc(run_size(g), GFP_KERNEL);
	int err;

	if (!run)
		return -ENOMEM;
	err = hash_message(g, run, iov, n);
	if (!err) {
		memcpy(run->iv, nonce, KSMBD_GMAC_NONCE_SIZE);
		put_unaligned_be32(1, run->iv + KSMBD_GMAC_NONCE_SIZE);
		err = encrypt_tag(g, run);
	}
	if (!err)
		memcpy(mac, run->tag, KSMBD_GMAC_SIZE);
	/* GHASH before it is encrypted gives its key away */
	memzero_explicit(run, run_size(g));
	kfree(run);
	return err;
}

int ksmbd_gmac(struct ksmbd_gmac *g, const u8 nonce[KSMBD_GMAC_NONCE_SIZE],
	       const struct kvec *iov, unsigned int n, u8 mac[KSMBD_GMAC_SIZE])
{
	if (g->gcm)
		return ksmbd_aead_mac(g->gcm, nonce, iov, n, mac);
	return by_parts(g, nonce, iov, n, mac);
}

/* GHASH's key is the encrypted zero block. */
static int set_hash_key(struct ksmbd_gmac *g)
{
	struct gmac_run *run = kzalloc(run_size(g), GFP_KERNEL);
	int err;

	if (!run)
		return -ENOMEM;
	err = encrypt_tag(g, run) ?:
	      crypto_ahash_setkey(g->ghash, run->tag, BLOCK);
	memzero_explicit(run, run_size(g));
	kfree(run);
	return err;
}

static int set_up_parts(struct ksmbd_gmac *g, const u8 key[16])
{
	struct crypto_skcipher *ctr;
	struct crypto_ahash *ghash;
	int err;

	ctr = crypto_alloc_skcipher("ctr(aes)", 0, KSMBD_CRYPTO_MASK);
	if (IS_ERR(ctr))
		return PTR_ERR(ctr);
	g->ctr = ctr;
	ghash = crypto_alloc_ahash("ghash", 0, KSMBD_CRYPTO_MASK);
	if (IS_ERR(ghash))
		return PTR_ERR(ghash);
	g->ghash = ghash;
	err = crypto_skcipher_setkey(ctr, key, 16);
	return err ?: set_hash_key(g);
}

static int set_up_gcm(struct ksmbd_gmac *g, const u8 key[16])
{
	struct ksmbd_aead *gcm = ksmbd_gcm_new(key, 16);

	if (IS_ERR(gcm))
		return PTR_ERR(gcm);
	g->gcm = gcm;
	return 0;
}

struct ksmbd_gmac *ksmbd_gmac_new(const u8 key[16])
{
	struct ksmbd_gmac *g = kzalloc(sizeof(*g), GFP_KERNEL);
	int err;

	if (!g)
		return ERR_PTR(-ENOMEM);
	err = COMPAT_GCM_COPIES_AAD ? set_up_parts(g, key) : set_up_gcm(g, key);
	if (!err)
		return g;
	ksmbd_gmac_free(g);
	return ERR_PTR(err);
}

void ksmbd_gmac_free(struct ksmbd_gmac *g)
{
	if (!g)
		return;
	ksmbd_aead_free(g->gcm);
	if (g->ghash)
		crypto_free_ahash(g->ghash);
	if (g->ctr)
		crypto_free_skcipher(g->ctr);
	kfree(g);
}
