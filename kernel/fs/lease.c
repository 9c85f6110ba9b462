// SPDX-License-Identifier: GPL-2.0
/*
 * The lease table, [MS-SMB2] 3.3.1.11: by the client's guid and its key.
 *
 * Clients choose both, so they are hashed with a secret.
 */
#include "fs/oplock.h"

#include <linux/hashtable.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>

static DEFINE_HASHTABLE(leases, 10);
static DEFINE_SPINLOCK(leases_lock);	/* innermost */

u64 ksmbd_lease_id(const u8 client_guid[16], const u8 key[16])
{
	static siphash_key_t secret;
	u8 both[32] __aligned(8);

	get_random_once(&secret, sizeof(secret));
	memcpy(both, client_guid, 16);
	memcpy(both + 16, key, 16);
	return siphash(both, sizeof(both), &secret) ?: 1;
}

static struct ksmbd_grant *find_locked(u64 id, const u8 client_guid[16],
				       const u8 key[16])
{
	struct ksmbd_grant *g;

	lockdep_assert_held(&leases_lock);
	hash_for_each_possible(leases, g, hash, id)
		if (!memcmp(g->client_guid, client_guid, 16) &&
		    !memcmp(g->key, key, 16))
			return g;
	return NULL;
}

struct ksmbd_grant *ksmbd_lease_find(const u8 client_guid[16], const u8 key[16])
{
	u64 id = ksmbd_lease_id(client_guid, key);
	struct ksmbd_grant *g;

	spin_lock(&leases_lock);
	g = find_locked(id, client_guid, key);
	if (g)		/* in the table, so the file's reference is there */
		refcount_inc(&g->ref);
	spin_unlock(&leases_lock);
	return g;
}

bool ksmbd_lease_elsewhere(const u8 client_guid[16], const u8 key[16],
			   const struct ksmbd_file *file)
{
	u64 id = ksmbd_lease_id(client_guid, key);
	const struct ksmbd_grant *g;
	bool elsewhere;

	spin_lock(&leases_lock);
	g = find_locked(id, client_guid, key);
	elsewhere = g && g->file != file;
	spin_unlock(&leases_lock);
	return elsewhere;
}

int ksmbd_lease_add(struct ksmbd_grant *g)
{
	int err = 0;

	spin_lock(&leases_lock);
	if (find_locked(g->id, g->client_guid, g->key))
		err = -EEXIST;
	else
		hash_add(leases, &g->hash, g->id);
	spin_unlock(&leases_lock);
	return err;
}

void ksmbd_lease_remove(struct ksmbd_grant *g)
{
	spin_lock(&leases_lock);
	hash_del(&g->hash);
	spin_unlock(&leases_lock);
}

ntstatus_t ksmbd_lease_acknowledge(const u8 client_guid[16], const u8 key[16],
				   u32 state)
{
	struct ksmbd_grant *g = ksmbd_lease_find(client_guid, key);
	ntstatus_t status = STATUS_SUCCESS;

	if (!g)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	spin_lock(&g->file->spin);
	if (!g->breaking)
		status = STATUS_UNSUCCESSFUL;
	else if (state & ~(u32)g->break_to)
		status = STATUS_REQUEST_NOT_ACCEPTED;
	else
		ksmbd_grant_settle_locked(g, state);
	spin_unlock(&g->file->spin);
	ksmbd_grant_put(g);
	return status;
}
