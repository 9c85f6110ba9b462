// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's AEADs take one scatterlist: associated data, text, tag.  A
 * message lies in a few pieces, large ones in vmalloc() memory whose pages are
 * anywhere; each run makes the list for them, so that nothing is copied and
 * nothing has to be contiguous.
 */
#include "auth/aead.h"

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "compat/crypto.h"

#define IV_SIZE		16
#define FEW		12	/* entries that come with the run */

struct ksmbd_aead {
	struct crypto_aead *tfm;
};

/* One message on its way; never on the stack, as the cipher may look at it by page. */
struct aead_run {
	struct scatterlist *sg;		/* @few or kvmalloc()ed */
	struct scatterlist few[FEW];
	u8 iv[IV_SIZE];
	u8 tag[KSMBD_AEAD_TAG_SIZE];
	struct aead_request req CRYPTO_MINALIGN_ATTR;	/* and its context */
};

static unsigned int entries_of(const struct kvec *iov, unsigned int n)
{
	unsigned int count = 0;

	for (; n; n--, iov++) {
		if (!iov->iov_len)
			continue;
		count += !is_vmalloc_addr(iov->iov_base) ? 1 :
			 DIV_ROUND_UP(offset_in_page(iov->iov_base) +
				      iov->iov_len, PAGE_SIZE);
	}
	return count;
}

static struct scatterlist *put_piece(struct scatterlist *sg, const u8 *p,
				     size_t len)
{
	if (len && !is_vmalloc_addr(p)) {
		sg_set_buf(sg, p, len);
		return sg + 1;
	}
	while (len) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(p));

		sg_set_page(sg++, vmalloc_to_page(p), part, offset_in_page(p));
		p += part;
		len -= part;
	}
	return sg;
}

static struct aead_run *run_new(struct ksmbd_aead *a, unsigned int entries)
{
	struct aead_run *run = kmalloc(sizeof(*run) + crypto_aead_reqsize(a->tfm),
				       GFP_KERNEL);

	if (!run)
		return NULL;
	run->sg = run->few;
	if (entries > FEW)
		run->sg = kvmalloc_array(entries, sizeof(*run->sg), GFP_KERNEL);
	if (!run->sg) {
		kfree(run);
		return NULL;
	}
	sg_init_table(run->sg, entries);
	return run;
}

static void run_free(struct ksmbd_aead *a, struct aead_run *run)
{
	if (run->sg != run->few)
		kvfree(run->sg);
	/* key stream may be left in the request's context */
	memzero_explicit(run, sizeof(*run) + crypto_aead_reqsize(a->tfm));
	kfree(run);
}

static size_t length_of(const struct kvec *iov, unsigned int n)
{
	size_t len = 0;

	for (; n; n--, iov++)
		len += iov->iov_len;
	return len;
}

int ksmbd_gmac(struct ksmbd_aead *a, const u8 nonce[KSMBD_GMAC_NONCE_SIZE],
	       const struct kvec *iov, unsigned int n,
	       u8 mac[KSMBD_AEAD_TAG_SIZE])
{
	struct aead_run *run = run_new(a, entries_of(iov, n) + 1);
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist *sg;
	int err;

	if (!run)
		return -ENOMEM;
	sg = run->sg;
	for (unsigned int i = 0; i < n; i++)
		sg = put_piece(sg, iov[i].iov_base, iov[i].iov_len);
	put_piece(sg, run->tag, sizeof(run->tag));
	memcpy(run->iv, nonce, KSMBD_GMAC_NONCE_SIZE);

	aead_request_set_tfm(&run->req, a->tfm);
	aead_request_set_callback(&run->req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(&run->req, length_of(iov, n));
	aead_request_set_crypt(&run->req, run->sg, run->sg, 0, run->iv);
	err = crypto_wait_req(crypto_aead_encrypt(&run->req), &wait);
	if (!err)
		memcpy(mac, run->tag, sizeof(run->tag));
	run_free(a, run);
	return err;
}

/*
 * As with CBC (auth/cmac.c) the fast implementations carry CRYPTO_ALG_ASYNC and
 * answer at once in process context; accelerators behind a driver stay out.
 */
struct ksmbd_aead *ksmbd_gmac_new(const u8 key[16])
{
	struct ksmbd_aead *a = kzalloc(sizeof(*a), GFP_KERNEL);
	int err;

	if (!a)
		return ERR_PTR(-ENOMEM);
	a->tfm = compat_alloc_gmac(CRYPTO_ALG_KERN_DRIVER_ONLY);
	if (IS_ERR(a->tfm)) {
		err = PTR_ERR(a->tfm);
		a->tfm = NULL;
		goto free;
	}
	err = crypto_aead_setkey(a->tfm, key, 16) ?:
	      crypto_aead_setauthsize(a->tfm, KSMBD_AEAD_TAG_SIZE);
	if (!err)
		return a;
free:
	ksmbd_aead_free(a);
	return ERR_PTR(err);
}

void ksmbd_aead_free(struct ksmbd_aead *a)
{
	if (!a)
		return;
	crypto_free_aead(a->tfm);
	kfree(a);
}
