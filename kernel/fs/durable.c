// SPDX-License-Identifier: GPL-2.0
#include "fs/durable.h"

#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "debug.h"
#include "fs/lock.h"
#include "fs/oplock.h"
#include "fs/path.h"
#include "server/server.h"

/* What Windows gives, in milliseconds: version 1, 2 without a wish, 2 at most */
#define TIMEOUT_V1		(16 * 60 * 1000)
#define TIMEOUT_V2_DEFAULT	(60 * 1000)
#define TIMEOUT_V2_MAX		(300 * 1000)

/* until requests of the lost connection are done with the handle */
#define TAKE_OVER_PATIENCE	(5 * HZ)

/*
 * struct ksmbd_durable - what is known of an open that its client may ask for again
 *
 * Made before the open is published, freed with it; in the tables all the time,
 * where who looks takes a reference of the open, unless it has none left.
 *
 * Locks: durables_lock guards the tables, @link, @deadline and @claimed; the rest
 *	never changes.  It is innermost.
 */
struct ksmbd_durable {
	struct ksmbd_open *open;
	struct hlist_node by_id;	/* FileId.Persistent */
	struct hlist_node by_guid;	/* of version 2 */
	u8 version;
	bool granted;			/* else only a CreateGuid */
	bool used;			/* by its FileId: a CREATE is no replay of it */
	u8 create_guid[16];
	u8 client_guid[16];
	u32 action;			/* FILE_OPENED ..., for a replay */
	u32 timeout;			/* ms */
	struct ksmbd_user *owner;	/* reference */

	struct list_head link;		/* detached, or empty */
	unsigned long deadline;		/* jiffies */
	bool claimed;			/* somebody is reconnecting to it */
};

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

/* --- granting --- */

static bool oplock_allows(const struct ksmbd_create *c)
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
	       !open->session->anonymous && oplock_allows(c);
}

static u32 timeout_of(const struct smb2_durable *asked)
{
	if (asked->version == 1)
		return TIMEOUT_V1;
	return min_t(u32, asked->timeout ?: TIMEOUT_V2_DEFAULT, TIMEOUT_V2_MAX);
}

static void publish(struct ksmbd_open *open, struct ksmbd_durable *d)
{
	d->open = open;
	open->durable = d;
	spin_lock(&durables_lock);
	hash_add(by_id, &d->by_id, open->id.persistent);
	if (d->version == 2)
		hash_add(by_guid, &d->by_guid, guid_hash(d->create_guid));
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
	publish(open, d);
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
static bool may_outlive_locked(const struct ksmbd_open *open)
{
	const struct ksmbd_grant *g = open->grant;

	lockdep_assert_held(&open->file->spin);
	return g && !g->breaking && g->state & SMB2_LEASE_HANDLE;
}

static bool list_detached(struct ksmbd_durable *d)
{
	bool listed;

	spin_lock(&durables_lock);
	listed = accepting && n_detached < KSMBD_MAX_DETACHED;
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
	if (may_outlive_locked(open)) {
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

static bool begin_end(struct ksmbd_open *open)
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

/* The caller has a reference of its own. */
static void end(struct ksmbd_open *open)
{
	if (!begin_end(open))
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
	unsigned long next;

	while ((open = overdue(false, &next))) {
		end(open);
		ksmbd_open_put(open);
		cond_resched();
	}
	spin_lock(&durables_lock);
	if (accepting && !list_empty(&detached))
		mod_delayed_work(system_unbound_wq, &scavenger,
				 time_after(next, jiffies) ? next - jiffies : 0);
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
		end(found);
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
		end(open);
		ksmbd_open_put(open);
		cond_resched();
	}
}

/* --- replay --- */

void ksmbd_durable_used(struct ksmbd_open *open)
{
	if (!READ_ONCE(open->durable->used))
		WRITE_ONCE(open->durable->used, true);
}

static struct ksmbd_open *find_guid(const u8 create_guid[16],
				    const u8 client_guid[16], bool replay)
{
	struct ksmbd_durable *d;
	struct ksmbd_open *found = NULL;

	spin_lock(&durables_lock);
	hash_for_each_possible(by_guid, d, by_guid, guid_hash(create_guid)) {
		enum ksmbd_open_state state = READ_ONCE(d->open->state);

		if (memcmp(d->create_guid, create_guid, 16) ||
		    memcmp(d->client_guid, client_guid, 16) ||
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

/* The oplock or lease that @open has now. */
static void tell_oplock(struct ksmbd_open *open, struct ksmbd_create *c)
{
	struct ksmbd_grant *g;

	spin_lock(&open->file->spin);
	g = open->grant;
	if (g && g->is_lease) {
		c->oplock = SMB2_OPLOCK_LEVEL_LEASE;
		ksmbd_lease_describe_locked(g, &c->lease);
	} else {
		c->oplock = ksmbd_oplock_level_of(g ? g->state : 0);
	}
	spin_unlock(&open->file->spin);
}

static bool same_lease(struct ksmbd_open *open, const struct ksmbd_create *c)
{
	const struct ksmbd_grant *g;
	bool same;

	spin_lock(&open->file->spin);
	g = open->grant;
	same = !g || g->is_lease == (c->oplock == SMB2_OPLOCK_LEVEL_LEASE);
	if (same && g && g->is_lease)
		same = !memcmp(g->key, c->lease.key, sizeof(g->key));
	spin_unlock(&open->file->spin);
	return same;
}

/* Another CREATE of this guid, which is still waiting. */
static bool is_same_create(const struct ksmbd_request *other, const void *what)
{
	const struct ksmbd_request *rq = what;
	struct smb2_durable a, b;

	if (other == rq || other->code != SMB2_CREATE ||
	    !(other->req.create.contexts & CREATE_CTX_DH2Q))
		return false;
	wire_get_durable(&other->req.create, CREATE_CTX_DH2Q, &a);
	wire_get_durable(&rq->req.create, CREATE_CTX_DH2Q, &b);
	return !memcmp(a.create_guid, b.create_guid, sizeof(a.create_guid));
}

static ntstatus_t check_replay(const struct ksmbd_request *rq,
			       struct ksmbd_open *open,
			       const struct ksmbd_create *c)
{
	if (!(rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION) ||
	    open->session != rq->session || open->tree != rq->tree)
		return STATUS_DUPLICATE_OBJECTID;
	return same_lease(open, c) ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

bool ksmbd_durable_replay(struct ksmbd_request *rq, struct ksmbd_create *c,
			  ntstatus_t *status)
{
	bool replay = rq->hdr.flags & SMB2_FLAGS_REPLAY_OPERATION;
	struct ksmbd_open *open;

	if (c->durable.version != 2 || c->durable.reconnect)
		return false;
	/* in this order: what waited is in the table before it is done */
	if (replay && ksmbd_session_any_async(rq->session, is_same_create, rq)) {
		*status = STATUS_FILE_NOT_AVAILABLE;
		return true;
	}
	open = find_guid(c->durable.create_guid, rq->session->client_guid,
			 replay);
	if (!open)
		return false;
	*status = check_replay(rq, open, c);
	if (*status != STATUS_SUCCESS) {
		ksmbd_open_put(open);
		return true;
	}
	c->action = open->durable->action;
	c->maximal_access = open->granted_access;
	/* of an oplock Windows says what it is asked for now, and changes nothing */
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		tell_oplock(open, c);
	c->durable_granted = open->durable->granted && oplock_allows(c);
	c->durable.timeout = open->durable->timeout;
	if (rq->open)
		ksmbd_open_put(rq->open);
	rq->open = open;
	return true;
}

/* --- coming back --- */

/* The detached one of @id, referenced and claimed for the caller; or NULL. */
static struct ksmbd_open *claim(u64 id)
{
	struct ksmbd_durable *d;
	struct ksmbd_open *found = NULL;

	spin_lock(&durables_lock);
	hash_for_each_possible(by_id, d, by_id, id) {
		if (d->open->id.persistent != id || list_empty(&d->link) ||
		    d->claimed)
			continue;
		/* listed, so the table's reference is there */
		refcount_inc(&d->open->ref);
		d->claimed = true;
		found = d->open;
		break;
	}
	spin_unlock(&durables_lock);
	return found;
}

static void unclaim(struct ksmbd_open *open)
{
	spin_lock(&durables_lock);
	open->durable->claimed = false;
	spin_unlock(&durables_lock);
	ksmbd_open_put(open);
}

/* 3.3.5.9.7: only who has a lease says the file's name again. */
static ntstatus_t check_name(struct ksmbd_request *rq, struct ksmbd_open *open,
			     const struct ksmbd_create *c)
{
	struct ksmbd_path *p;
	bool same;
	int err;

	if (c->oplock != SMB2_OPLOCK_LEVEL_LEASE)
		return STATUS_SUCCESS;
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ksmbd_path_resolve(rq->tree, c->name, c->posix_case, p);
	same = !err && d_inode(p->entry.dentry) == file_inode(open->filp);
	if (!err || err == -ENOENT)
		ksmbd_path_put(p);
	kfree(p);
	return same ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* What says that it is another handle than the client thinks, or NULL. */
static const char *mismatch(struct ksmbd_request *rq, struct ksmbd_open *open,
			    const struct ksmbd_create *c)
{
	const struct ksmbd_durable *d = open->durable;

	if (c->durable.persistent)
		return "flag";
	/* either version finds what the other made, which has no guid in version 1 */
	if (c->durable.version == 2 &&
	    memcmp(d->create_guid, c->durable.create_guid, 16))
		return "CreateGuid";
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE &&
	    memcmp(d->client_guid, rq->session->client_guid, 16))
		return "ClientGuid";
	if (!same_lease(open, c))
		return "lease";
	return path_equal(&open->tree->share->root, &rq->tree->share->root) ?
	       NULL : "share";
}

static ntstatus_t check_claim(struct ksmbd_request *rq, struct ksmbd_open *open,
			      const struct ksmbd_create *c)
{
	const struct ksmbd_durable *d = open->durable;
	const char *wrong = mismatch(rq, open, c);

	if (wrong) {
		ksmbd_debug(VFS, "a handle is not given back: another %s\n", wrong);
		return STATUS_OBJECT_NAME_NOT_FOUND;
	}
	if (!ksmbd_user_same(d->owner, rq->user))
		return STATUS_ACCESS_DENIED;
	if (open->tree->writable && !rq->tree->writable)
		return STATUS_ACCESS_DENIED;
	return check_name(rq, open, c);
}

/* What a client finds again, but for what is under file->spin. */
static void copy(struct ksmbd_open *to, struct ksmbd_open *from)
{
	to->id.persistent = from->id.persistent;
	to->granted_access = from->granted_access;
	to->share_access = from->share_access;
	to->options = from->options;
	to->filp = get_file(from->filp);
	to->file = from->file;
	refcount_inc(&to->file->ref);
	to->delete_on_close = from->delete_on_close;
	to->position = from->position;
	to->mode = from->mode;
	to->write_time_set = from->write_time_set;
	to->wrote = from->wrote;
	to->write_time = from->write_time;
}

static void move_grant_locked(struct ksmbd_open *to, struct ksmbd_open *from)
{
	struct ksmbd_grant *g = from->grant;

	lockdep_assert_held(&from->file->spin);
	to->grant = g;
	from->grant = NULL;
	list_replace_init(&from->grant_link, &to->grant_link);
	if (!g->is_lease)	/* not under this FileId, until it is answered */
		g->known = false;
}

/* Nobody else but the table and us works with @from. */
static bool is_idle(struct ksmbd_open *from)
{
	return READ_ONCE(from->state) != OPEN_DETACHED ||
	       refcount_read(&from->ref) <= 2;
}

/*
 * All in one section of file->spin, so that a break meets one of the two; @from
 * is still DETACHED and not being broken, or its client is too late.
 */
static bool move(struct ksmbd_open *to, struct ksmbd_open *from)
{
	struct ksmbd_file *file = from->file;
	bool ok;

	ksmbd_file_lock(file);
	spin_lock(&file->spin);
	ok = may_outlive_locked(from) && begin_end(from);
	if (ok) {
		move_grant_locked(to, from);
		ksmbd_lock_move_locked(to, from);
	}
	spin_unlock(&file->spin);
	if (ok)
		ksmbd_file_replace(to, from);
	ksmbd_file_unlock(file);
	return ok;
}

static struct ksmbd_durable *renew(const struct ksmbd_durable *old,
				   struct ksmbd_open *open, struct ksmbd_user *user)
{
	struct ksmbd_durable *d = kmemdup(old, sizeof(*old), GFP_KERNEL);

	if (!d)
		return NULL;
	INIT_HLIST_NODE(&d->by_id);
	INIT_HLIST_NODE(&d->by_guid);
	INIT_LIST_HEAD(&d->link);
	d->claimed = false;
	d->action = FILE_OPENED;
	memcpy(d->client_guid, open->session->client_guid, sizeof(d->client_guid));
	d->owner = user;
	ksmbd_user_get(user);
	return d;
}

static ntstatus_t take_over(struct ksmbd_request *rq, struct ksmbd_open *from)
{
	struct ksmbd_open *to = ksmbd_open_new(rq, from->kind);
	struct ksmbd_durable *d;
	int err;

	if (IS_ERR(to))
		return ntstatus_from_errno(PTR_ERR(to));
	if (wait_event_killable_timeout(ksmbd_durable_idle, is_idle(from),
					TAKE_OVER_PATIENCE) <= 0) {
		ksmbd_open_put(to);
		return STATUS_FILE_NOT_AVAILABLE;
	}
	copy(to, from);
	d = renew(from->durable, to, rq->user);
	if (!d || !move(to, from)) {
		ksmbd_open_put(to);
		if (d) {
			ksmbd_user_put(d->owner);
			kfree(d);
			return STATUS_OBJECT_NAME_NOT_FOUND;
		}
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	publish(to, d);
	ksmbd_open_put(from);			/* the table's, which it kept */
	err = ksmbd_open_publish(to);
	if (err) {
		/* the client is gone once more, and what it had with it */
		ksmbd_open_abandon(to);
		return STATUS_NETWORK_NAME_DELETED;
	}
	if (rq->open)
		ksmbd_open_put(rq->open);
	rq->open = to;
	rq->answered = ksmbd_oplock_answered;
	return STATUS_SUCCESS;
}

ntstatus_t ksmbd_durable_reconnect(struct ksmbd_request *rq,
				   struct ksmbd_create *c)
{
	struct ksmbd_open *from = claim(c->durable.file_id.persistent);
	ntstatus_t status;

	if (!from)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	status = check_claim(rq, from, c);
	if (status == STATUS_SUCCESS)
		status = take_over(rq, from);
	unclaim(from);
	if (status != STATUS_SUCCESS)
		return status;
	c->action = FILE_OPENED;
	c->maximal_access = rq->open->granted_access;
	tell_oplock(rq->open, c);
	return STATUS_SUCCESS;
}
