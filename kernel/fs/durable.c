// SPDX-License-Identifier: GPL-2.0
#include "fs/durable_table.h"

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "debug.h"
#include "server/server.h"

/* What Windows gives, in milliseconds: version 1, 2 without a wish, 2 at most */
#define TIMEOUT_V1		(16 * 60 * 1000)
#define TIMEOUT_V2_DEFAULT	(60 * 1000)
#define TIMEOUT_V2_MAX		(300 * 1000)

static DEFINE_HASHTABLE(by_id, 8);
static DEFINE_HASHTABLE(by_guid, 8);
static LIST_HEAD(detached);
static u32 n_detached;
static bool accepting;
static DEFINE_SPINLOCK(durables_lock);
DECLARE_WAIT_QUEUE_HEAD(ksmbd_durable_idle);

static void scavenge(struct work_struct *work);
static DECLARE_DELAYED_WORK(scavenger, scavenge);

/* Clients choose it: hashed with a secret. */
static u64 guid_hash(const u8 create_guid[16])
{
	static siphash_key_t secret;
	u8 copy[16] __aligned(8);

	get_random_once(&secret, sizeof(secret));
	memcpy(copy, create_guid, sizeof(copy));
	return siphash(copy, sizeof(copy), &secret);
}

static bool is_guid(const struct ksmbd_durable *d, const u8 create_guid[16],
		    const u8 client_guid[16])
{
	return !memcmp(d->create_guid, create_guid, 16) &&
	       !memcmp(d->client_guid, client_guid, 16);
}

/* --- granting --- */

bool ksmbd_durable_oplock_allows(const struct ksmbd_create *c)
{
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		return c->lease.state & SMB2_LEASE_HANDLE;
	return c->oplock == SMB2_OPLOCK_LEVEL_BATCH;
}

/* A guest is nobody in particular, so nobody else could be kept out. */
static bool may_grant(const struct ksmbd_open *open, const struct ksmbd_create *c)
{
	return ksmbd_settings.flags & KSMBD_GLOBAL_FLAG_DURABLE_HANDLE &&
	       open->kind == OPEN_FILE && !open->session->guest &&
	       !open->session->anonymous && ksmbd_durable_oplock_allows(c);
}

static u32 timeout_of(const struct smb2_durable *asked)
{
	if (asked->version == 1)
		return TIMEOUT_V1;
	return min_t(u32, asked->timeout ?: TIMEOUT_V2_DEFAULT, TIMEOUT_V2_MAX);
}

/* The newest one of a guid takes the place of the one before: no chain of them grows. */
static void add_guid_locked(struct ksmbd_durable *d)
{
	u64 hash = guid_hash(d->create_guid);
	struct ksmbd_durable *old;

	lockdep_assert_held(&durables_lock);
	hash_for_each_possible(by_guid, old, by_guid, hash)
		if (is_guid(old, d->create_guid, d->client_guid)) {
			hash_del(&old->by_guid);
			break;
		}
	hash_add(by_guid, &d->by_guid, hash);
}

void ksmbd_durable_publish(struct ksmbd_open *open, struct ksmbd_durable *d)
{
	d->open = open;
	open->durable = d;
	spin_lock(&durables_lock);
	hash_add(by_id, &d->by_id, open->id.persistent);
	if (d->version == 2)
		add_guid_locked(d);
	spin_unlock(&durables_lock);
}

void ksmbd_durable_offer(struct ksmbd_request *rq, struct ksmbd_open *open,
			 struct ksmbd_create *c)
{
	const struct smb2_durable *asked = &c->durable;
	struct ksmbd_durable *d;

	c->durable_granted = false;
	if (!asked->version || asked->reconnect)
		return;
	if (!may_grant(open, c) && asked->version == 1)
		return;
	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)			/* a handle that is not durable is no failure */
		return;
	INIT_HLIST_NODE(&d->by_id);
	INIT_HLIST_NODE(&d->by_guid);
	INIT_LIST_HEAD(&d->link);
	d->version = asked->version;
	d->granted = may_grant(open, c);
	memcpy(d->create_guid, asked->create_guid, sizeof(d->create_guid));
	memcpy(d->client_guid, open->session->client_guid, sizeof(d->client_guid));
	d->action = c->action;
	d->timeout = timeout_of(asked);
	d->owner = rq->user;
	ksmbd_user_get(d->owner);
	ksmbd_durable_publish(open, d);
	c->durable_granted = d->granted;
	c->durable.timeout = d->timeout;
}

void ksmbd_durable_free(struct ksmbd_open *open)
{
	struct ksmbd_durable *d = open->durable;

	spin_lock(&durables_lock);
	WARN_ON_ONCE(!list_empty(&d->link));
	hash_del(&d->by_id);
	hash_del(&d->by_guid);
	spin_unlock(&durables_lock);
	ksmbd_user_put(d->owner);
	kfree(d);
}

/* --- detaching --- */

bool ksmbd_durable_has_detached_locked(const struct ksmbd_grant *g)
{
	const struct ksmbd_open *open;

	lockdep_assert_held(&g->file->spin);
	list_for_each_entry(open, &g->opens, grant_link)
		if (READ_ONCE(open->state) == OPEN_DETACHED)
			return true;
	return false;
}

bool ksmbd_durable_is_left_locked(const struct ksmbd_grant *g)
{
	const struct ksmbd_open *open;

	lockdep_assert_held(&g->file->spin);
	list_for_each_entry(open, &g->opens, grant_link)
		if (READ_ONCE(open->state) != OPEN_DETACHED)
			return false;
	return !list_empty(&g->opens);
}

/* 3.3.7.1; what is being broken is wanted by somebody, who is not kept waiting. */
bool ksmbd_durable_may_outlive_locked(const struct ksmbd_open *open)
{
	const struct ksmbd_grant *g = open->grant;

	lockdep_assert_held(&open->file->spin);
	return g && !g->breaking && g->state & SMB2_LEASE_HANDLE;
}

/* One user's do not keep those of all others from being kept. */
static bool has_room_locked(const struct ksmbd_user *owner)
{
	const struct ksmbd_durable *d;
	u32 n = 0;

	lockdep_assert_held(&durables_lock);
	if (n_detached >= KSMBD_MAX_DETACHED)
		return false;
	if (n_detached < KSMBD_USER_MAX_DETACHED)
		return true;
	list_for_each_entry(d, &detached, link)
		n += ksmbd_user_same(d->owner, owner);
	return n < KSMBD_USER_MAX_DETACHED;
}

static bool list_detached(struct ksmbd_durable *d)
{
	bool listed;

	spin_lock(&durables_lock);
	listed = accepting && has_room_locked(d->owner);
	if (listed) {
		d->deadline = jiffies + msecs_to_jiffies(d->timeout);
		list_add_tail(&d->link, &detached);
		n_detached++;
		mod_delayed_work(system_unbound_wq, &scavenger, 0);
	}
	spin_unlock(&durables_lock);
	return listed;
}

static void unlist(struct ksmbd_durable *d)
{
	spin_lock(&durables_lock);
	list_del_init(&d->link);
	n_detached--;
	spin_unlock(&durables_lock);
}

static void detach(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	bool done = false;

	if (!open->durable || !open->durable->granted)
		return;
	spin_lock(&file->spin);
	if (ksmbd_durable_may_outlive_locked(open)) {
		spin_lock(&open->spin);
		done = open->state == OPEN_LIVE && list_detached(open->durable);
		if (done)
			ksmbd_open_set_state_locked(open, OPEN_DETACHED);
		spin_unlock(&open->spin);
	}
	spin_unlock(&file->spin);
	ksmbd_debug(VFS, "a durable handle %s its session\n",
		    done ? "outlives" : "goes with");
	if (done)
		ksmbd_open_leave_session(open);
}

/* The session is DYING: its list only gets shorter. */
void ksmbd_durable_detach_all(struct ksmbd_session *s)
{
	struct ksmbd_open *open;

	spin_lock(&s->lock);
	for (u32 n = s->n_opens; n; n--) {
		open = list_first_entry_or_null(&s->opens, struct ksmbd_open,
						session_link);
		if (!open)
			break;
		list_move_tail(&open->session_link, &s->opens);
		/* on the list, so the table's reference is there */
		refcount_inc(&open->ref);
		spin_unlock(&s->lock);
		detach(open);
		ksmbd_open_put(open);
		cond_resched();
		spin_lock(&s->lock);
	}
	spin_unlock(&s->lock);
}

/* --- the end of detached ones --- */

bool ksmbd_durable_begin_end(struct ksmbd_open *open)
{
	bool ends;

	spin_lock(&open->spin);
	ends = open->state == OPEN_DETACHED;
	if (ends) {
		unlist(open->durable);
		ksmbd_open_set_state_locked(open, OPEN_DYING);
	}
	spin_unlock(&open->spin);
	wake_up_all(&ksmbd_durable_idle);
	return ends;
}

void ksmbd_durable_end(struct ksmbd_open *open)
{
	if (!ksmbd_durable_begin_end(open))
		return;
	ksmbd_debug(VFS, "a handle whose client did not come back is closed\n");
	ksmbd_open_leave_file(open);
	ksmbd_open_put(open);		/* the table's, which it kept */
}

/* The first one whose time is over, or any; referenced.  *@next: when to look again. */
static struct ksmbd_open *overdue(bool any, unsigned long *next)
{
	struct ksmbd_open *found = NULL;
	struct ksmbd_durable *d;

	spin_lock(&durables_lock);
	*next = jiffies + MAX_JIFFY_OFFSET;
	list_for_each_entry(d, &detached, link) {
		if (any || time_after_eq(jiffies, d->deadline)) {
			found = d->open;
			/* listed, so the table's reference is there */
			refcount_inc(&found->ref);
			break;
		}
		if (time_before(d->deadline, *next))
			*next = d->deadline;
	}
	spin_unlock(&durables_lock);
	return found;
}

static void scavenge(struct work_struct *work)
{
	struct ksmbd_open *open;
	unsigned long next, now;

	while ((open = overdue(false, &next))) {
		ksmbd_durable_end(open);
		ksmbd_open_put(open);
		cond_resched();
	}
	now = jiffies;
	spin_lock(&durables_lock);
	if (accepting && !list_empty(&detached))
		mod_delayed_work(system_unbound_wq, &scavenger,
				 time_after(next, now) ? next - now : 0);
	spin_unlock(&durables_lock);
}

void ksmbd_durable_end_of(struct ksmbd_grant *g)
{
	struct ksmbd_open *open, *found;

	for (;;) {
		found = NULL;
		spin_lock(&g->file->spin);
		list_for_each_entry(open, &g->opens, grant_link)
			if (READ_ONCE(open->state) == OPEN_DETACHED &&
			    refcount_inc_not_zero(&open->ref)) {
				found = open;
				break;
			}
		spin_unlock(&g->file->spin);
		if (!found)
			return;
		ksmbd_durable_end(found);
		ksmbd_open_put(found);
	}
}

void ksmbd_durable_start(void)
{
	spin_lock(&durables_lock);
	accepting = true;
	spin_unlock(&durables_lock);
}

void ksmbd_durable_stop(void)
{
	struct ksmbd_open *open;
	unsigned long next;

	spin_lock(&durables_lock);
	accepting = false;
	spin_unlock(&durables_lock);
	cancel_delayed_work_sync(&scavenger);
	while ((open = overdue(true, &next))) {
		ksmbd_durable_end(open);
		ksmbd_open_put(open);
		cond_resched();
	}
}

/* --- finding --- */

void ksmbd_durable_used(struct ksmbd_open *open)
{
	if (!READ_ONCE(open->durable->used))
		WRITE_ONCE(open->durable->used, true);
}

struct ksmbd_open *ksmbd_durable_find_guid(const u8 create_guid[16],
					   const u8 client_guid[16], bool replay)
{
	struct ksmbd_durable *d;
	struct ksmbd_open *found = NULL;

	spin_lock(&durables_lock);
	hash_for_each_possible(by_guid, d, by_guid, guid_hash(create_guid)) {
		enum ksmbd_open_state state = READ_ONCE(d->open->state);

		if (!is_guid(d, create_guid, client_guid) ||
		    (state != OPEN_LIVE && state != OPEN_DETACHED) ||
		    (replay && READ_ONCE(d->used)) ||
		    !refcount_inc_not_zero(&d->open->ref))
			continue;
		found = d->open;
		break;
	}
	spin_unlock(&durables_lock);
	return found;
}

/* Either version finds what the other made, which has no guid in version 1. */
static int may_claim_locked(const struct ksmbd_durable *d,
			    const struct smb2_durable *asked,
			    const struct ksmbd_user *user)
{
	lockdep_assert_held(&durables_lock);
	if (list_empty(&d->link) || d->claimed ||
	    (asked->version == 2 && memcmp(d->create_guid, asked->create_guid, 16)))
		return -ENOENT;
	return ksmbd_user_same(d->owner, user) ? 0 : -EACCES;
}

struct ksmbd_open *ksmbd_durable_claim(const struct smb2_durable *asked,
				       const struct ksmbd_user *user)
{
	u64 id = asked->file_id.persistent;
	struct ksmbd_open *found = NULL;
	struct ksmbd_durable *d;
	int err = -ENOENT;

	spin_lock(&durables_lock);
	hash_for_each_possible(by_id, d, by_id, id) {
		if (d->open->id.persistent != id)
			continue;
		err = may_claim_locked(d, asked, user);
		if (err == -ENOENT)	/* DYING: another has its id now */
			continue;
		if (!err) {
			/* listed, so the table's reference is there */
			refcount_inc(&d->open->ref);
			d->claimed = true;
			found = d->open;
		}
		break;
	}
	spin_unlock(&durables_lock);
	return found ?: ERR_PTR(err);
}

void ksmbd_durable_unclaim(struct ksmbd_open *open)
{
	spin_lock(&durables_lock);
	open->durable->claimed = false;
	spin_unlock(&durables_lock);
	ksmbd_open_put(open);
}
