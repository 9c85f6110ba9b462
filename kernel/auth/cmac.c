// SPDX-License-Identifier: GPL-2.0
/*
 * CMAC is the last block of CBC encryption with a zero IV, once the last block
 * of the message is masked.  The kernel's cmac(aes) encrypts block by block
 * through the single-block cipher, which on x86 saves and restores the FPU for
 * every 16 bytes; cbc(aes) pays that once a page.
 *
 * The message is copied through a buffer and encrypted there in place, which spares
 * us scatterlists over memory of every kind and the cipher walk's bounce buffers for
 * pieces that are not aligned to blocks.  A long piece that begins with a block, as the
 * data of a READ do, is encrypted from where it lies; the buffer takes what comes out.
 */
#include "auth/cmac.h"

#include <crypto/algapi.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat/crypto.h"

#define BLOCK		16
#define CHUNK		16384	/* a whole number of blocks */

struct ksmbd_cmac {
	struct crypto_skcipher *tfm;
	u8 k1[BLOCK], k2[BLOCK];
};

/* One message on its way.  @buf fills up to @cap and is then encrypted. */
struct cmac_run {
	struct ksmbd_cmac *cmac;
	struct skcipher_request *req;
	u8 iv[BLOCK];
	u32 used, cap;
	u8 buf[];
};

/* Encrypts @len bytes at @p into the buffer; @iv becomes the last block of them. */
static int run_encrypt(struct cmac_run *run, const u8 *p, u32 len)
{
	struct scatterlist from, to;
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_one(&from, p, len);
	sg_init_one(&to, run->buf, len);
	skcipher_request_set_callback(run->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				      CRYPTO_TFM_REQ_MAY_SLEEP,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(run->req, &from, &to, len, run->iv);
	return crypto_wait_req(crypto_skcipher_encrypt(run->req), &wait);
}

/* Makes room by encrypting; at least one byte of the message is yet to come. */
static int run_flush(struct cmac_run *run)
{
	u32 used = run->used;

	run->used = 0;
	return used ? run_encrypt(run, run->buf, used) : 0;
}

/* What one entry of a scatterlist can name: memory whose pages follow each other. */
static bool is_in_one(const u8 *p)
{
	return virt_addr_valid(p) && !is_vmalloc_addr(p);
}

static int run_add(struct cmac_run *run, const u8 *p, size_t len)
{
	int err;

	while (len > run->cap && run->used % BLOCK == 0 && is_in_one(p)) {
		err = run_flush(run) ?: run_encrypt(run, p, run->cap);
		if (err)
			return err;
		p += run->cap;
		len -= run->cap;
	}
	while (len) {
		u32 part;

		if (run->used == run->cap) {
			err = run_flush(run);
			if (err)
				return err;
		}
		part = min_t(size_t, len, run->cap - run->used);
		memcpy(run->buf + run->used, p, part);
		run->used += part;
		p += part;
		len -= part;
	}
	return 0;
}

/* RFC 4493 2.4: a whole last block is masked with K1, a padded one with K2. */
static int run_final(struct cmac_run *run)
{
	u32 rest = run->used % BLOCK, end = run->used;
	const u8 *mask = run->cmac->k1;

	if (rest || !run->used) {
		run->buf[end++] = 0x80;
		memset(run->buf + end, 0, BLOCK - 1 - rest);
		end = run->used + BLOCK - rest;
		mask = run->cmac->k2;
	}
	crypto_xor(run->buf + end - BLOCK, mask, BLOCK);
	return run_encrypt(run, run->buf, end);
}

static struct cmac_run *run_new(struct ksmbd_cmac *c, size_t len)
{
	u32 cap = min_t(size_t, max_t(size_t, round_up(len, BLOCK), BLOCK), CHUNK);
	struct cmac_run *run = kmalloc(struct_size(run, buf, cap), GFP_KERNEL);

	if (!run)
		return NULL;
	run->req = skcipher_request_alloc(c->tfm, GFP_KERNEL);
	if (!run->req) {
		kfree(run);
		return NULL;
	}
	run->cmac = c;
	run->cap = cap;
	run->used = 0;
	memset(run->iv, 0, sizeof(run->iv));
	return run;
}

static void run_free(struct cmac_run *run)
{
	skcipher_request_free(run->req);	/* wipes */
	kfree_sensitive(run);
}

int ksmbd_cmac(struct ksmbd_cmac *c, const struct kvec *iov, unsigned int n,
	       u8 mac[KSMBD_CMAC_SIZE])
{
	struct cmac_run *run;
	size_t len = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++)
		len += iov[i].iov_len;
	run = run_new(c, len);
	if (!run)
		return -ENOMEM;
	for (i = 0; !err && i < n; i++)
		err = run_add(run, iov[i].iov_base, iov[i].iov_len);
	if (!err)
		err = run_final(run);
	if (!err)
		memcpy(mac, run->iv, KSMBD_CMAC_SIZE);
	run_free(run);
	return err;
}

/* Doubling in GF(2^128), RFC 4493 2.3, without a branch on key bits. */
static void gf_double(u8 out[BLOCK], const u8 in[BLOCK])
{
	u8 carry = in[0] >> 7;
	int i;

	for (i = 0; i < BLOCK - 1; i++)
		out[i] = in[i] << 1 | in[i + 1] >> 7;
	out[BLOCK - 1] = in[BLOCK - 1] << 1 ^ (0x87 & -carry);
}

/* K1 and K2 come from the encrypted zero block. */
static int make_subkeys(struct ksmbd_cmac *c)
{
	struct cmac_run *run = run_new(c, BLOCK);
	int err;

	if (!run)
		return -ENOMEM;
	memset(run->buf, 0, BLOCK);
	err = run_encrypt(run, run->buf, BLOCK);
	if (!err) {
		gf_double(c->k1, run->iv);
		gf_double(c->k2, c->k1);
	}
	run_free(run);
	return err;
}

struct ksmbd_cmac *ksmbd_cmac_new(const u8 key[16])
{
	struct ksmbd_cmac *c = kzalloc(sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->tfm = crypto_alloc_skcipher("cbc(aes)", 0, KSMBD_CRYPTO_MASK);
	if (IS_ERR(c->tfm)) {
		err = PTR_ERR(c->tfm);
		c->tfm = NULL;
		goto free;
	}
	err = crypto_skcipher_setkey(c->tfm, key, 16);
	if (!err)
		err = make_subkeys(c);
	if (!err)
		return c;
free:
	ksmbd_cmac_free(c);
	return ERR_PTR(err);
}

void ksmbd_cmac_free(struct ksmbd_cmac *c)
{
	if (!c)
		return;
	crypto_free_skcipher(c->tfm);
	kfree_sensitive(c);
}
