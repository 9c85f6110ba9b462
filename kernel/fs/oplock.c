// SPDX-License-Identifier: GPL-2.0
/*
 * Grants and their breaks.  What is found out and decided is under file->spin;
 * what is sent, and what comes too late, is the business of a work item.
 *
 * A break may be decided before the client knows that it has anything, because its
 * CREATE is still being answered.  Clients ignore a break of a handle they don't
 * know, and would go on caching: it is kept until the answer is on its way.
 */
#include "fs/oplock.h"

#include <linux/slab.h>
#include "debug.h"
#include "fs/dir_lease.h"
#include "fs/durable.h"
#include "fs/local.h"
#include "server/server.h"

static struct workqueue_struct *break_queue;

#define STAT_ACCESS							\
	(FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | ACCESS_SYNCHRONIZE)

bool ksmbd_oplock_is_stat(u32 access)
{
	return !(access & ~STAT_ACCESS);
}

/* --- references --- */

void ksmbd_grant_put(struct ksmbd_grant *g)
{
	if (!refcount_dec_and_test(&g->ref))
		return;
	ksmbd_file_unpin(g->file);
	kfree(g);
}

static void get_and_queue(struct ksmbd_grant *g, bool queued)
{
	if (queued)
		refcount_inc(&g->ref);
}

/* --- state --- */

static bool counts_as_oplock(const struct ksmbd_grant *g)
{
	return !g->is_lease && g->state;
}

/* The file's counts say in one look whether a grant can be in the way. */
static void set_state_locked(struct ksmbd_grant *g, u8 state)
{
	struct ksmbd_file *file = g->file;

	lockdep_assert_held(&file->spin);
	file->n_oplocks -= counts_as_oplock(g);
	for (u32 i = 0; i < ARRAY_SIZE(file->n_caching); i++)
		file->n_caching[i] += !!(state & BIT(i)) - !!(g->state & BIT(i));
	g->state = state;
	file->n_oplocks += counts_as_oplock(g);
}

static void set_breaking_locked(struct ksmbd_grant *g, bool breaking)
{
	lockdep_assert_held(&g->file->spin);
	g->file->n_breaking += breaking - g->breaking;
	g->breaking = breaking;
}

static u32 n_caching(const struct ksmbd_file *file, u8 bit)
{
	return file->n_caching[ilog2(bit)];
}

/* --- breaking --- */

/*
 * What was not sent yet becomes one notice with what comes now: only breaks that
 * nobody acknowledges can meet here.
 */
static void notify_locked(struct ksmbd_grant *g, u8 to, bool ack)
{
	if (!g->notice.pending)
		g->notice.from = g->state;
	g->notice.pending = true;
	g->notice.to = to;
	g->notice.ack = ack;
	g->notice.epoch = g->epoch;
	if (g->known)
		get_and_queue(g, queue_work(break_queue, &g->notify));
}

static void start_timeout_locked(struct ksmbd_grant *g)
{
	g->deadline = jiffies + KSMBD_BREAK_TIMEOUT;
	get_and_queue(g, queue_delayed_work(break_queue, &g->timeout,
					    KSMBD_BREAK_TIMEOUT));
}

/* Towards @required.  What a client may have written or opened takes its word. */
static void start_break_locked(struct ksmbd_grant *g, u8 to)
{
	bool ack = g->state & (SMB2_LEASE_WRITE | SMB2_LEASE_HANDLE);

	g->epoch++;
	notify_locked(g, to, ack);
	if (!ack) {
		set_state_locked(g, to);
		return;
	}
	g->break_to = to;
	set_breaking_locked(g, true);
	start_timeout_locked(g);
}

static void break_locked(struct ksmbd_grant *g, u8 to)
{
	if (!g->is_lease)	/* there is no level for what is in between */
		to &= SMB2_LEASE_READ;
	if (g->breaking) {
		g->required &= to;
		return;
	}
	if (!(g->state & ~to))
		return;
	g->required = to;
	start_break_locked(g, g->state & to);
}

static bool claim_one_locked(struct ksmbd_grant *g, const struct oplock_claim *c)
{
	bool waits = g->state & c->take ||
		     (c->waited && c->take_all && g->breaking);

	if (c->take_all)
		break_locked(g, 0);
	else if (g->state & c->take)
		break_locked(g, g->state & ~c->take);
	return waits;
}

bool ksmbd_grant_claim_locked(struct ksmbd_file *file,
			      const struct oplock_claim *c)
{
	struct ksmbd_grant *g;
	bool wait = false;

	lockdep_assert_held(&file->spin);
	/* of ten thousand that only read, none is looked at */
	if (!c->take_all && !file->n_breaking && !n_caching(file, c->take))
		return false;
	list_for_each_entry(g, &file->grants, link)
		if (g != c->own && !(c->spare_leases && g->is_lease))
			wait |= claim_one_locked(g, c);
	return wait;
}

void ksmbd_oplock_break_read(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	struct ksmbd_grant *g;

	if (!file || !READ_ONCE(file->n_grants))
		return;
	spin_lock(&file->spin);
	list_for_each_entry(g, &file->grants, link) {
		/* level II is broken by its own handle too: [MS-FSA] 2.1.4.12 */
		if (g == open->grant &&
		    (g->is_lease || g->state & SMB2_LEASE_WRITE))
			continue;
		break_locked(g, 0);
	}
	spin_unlock(&file->spin);
}

void ksmbd_grants_break_but(struct ksmbd_file *file, u64 id)
{
	struct ksmbd_grant *g;

	spin_lock(&file->spin);
	list_for_each_entry(g, &file->grants, link)
		if (!id || g->id != id)
			break_locked(g, 0);
	spin_unlock(&file->spin);
}

/* --- the end of a break --- */

/*
 * Are there handles of clients that are gone, which nothing protects any more, or
 * which somebody waits for?
 */
static bool holds_nobody_locked(const struct ksmbd_grant *g)
{
	if (!ksmbd_durable_has_detached_locked(g))
		return false;
	return !(g->state & SMB2_LEASE_HANDLE) ||
	       (g->breaking && ksmbd_durable_is_left_locked(g));
}

void ksmbd_grant_settle_locked(struct ksmbd_grant *g, u8 state)
{
	set_breaking_locked(g, false);
	if (cancel_delayed_work(&g->timeout))
		refcount_dec(&g->ref);		/* the caller has one */
	set_state_locked(g, state);
	if (holds_nobody_locked(g))
		get_and_queue(g, queue_work(break_queue, &g->notify));
	/* what was asked for meanwhile: handles first, as Windows does it */
	if (g->state & ~g->required & SMB2_LEASE_HANDLE)
		start_break_locked(g, g->state & (g->required | SMB2_LEASE_READ));
	else if (g->state & ~g->required)
		start_break_locked(g, g->state & g->required);
	ksmbd_local_less_locked(g->file);
	ksmbd_break_waiters_wake(g->file);
}

static void timed_out(struct work_struct *work)
{
	struct ksmbd_grant *g = container_of(to_delayed_work(work),
					     struct ksmbd_grant, timeout);

	spin_lock(&g->file->spin);
	/* 3.3.6.1; unless it was acknowledged, and broken anew, meanwhile */
	if (g->breaking && time_after_eq(jiffies, g->deadline)) {
		ksmbd_debug(OPLOCK, "a break was not acknowledged in time\n");
		ksmbd_grant_settle_locked(g, 0);
	}
	spin_unlock(&g->file->spin);
	ksmbd_grant_put(g);
}

u8 ksmbd_oplock_level_of(u8 state)
{
	switch (state) {
	case SMB2_LEASE_ALL:
		return SMB2_OPLOCK_LEVEL_BATCH;
	case SMB2_LEASE_READ | SMB2_LEASE_WRITE:
		return SMB2_OPLOCK_LEVEL_EXCLUSIVE;
	case SMB2_LEASE_READ:
		return SMB2_OPLOCK_LEVEL_II;
	default:
		return SMB2_OPLOCK_LEVEL_NONE;
	}
}

ntstatus_t ksmbd_oplock_acknowledge(struct ksmbd_open *open, u8 level)
{
	struct ksmbd_file *file = open->file;
	ntstatus_t status = STATUS_SUCCESS;
	struct ksmbd_grant *g;
	u8 keeps = 0;

	if (!file)
		return STATUS_INVALID_DEVICE_STATE;
	spin_lock(&file->spin);
	g = open->grant;
	if (!g || g->is_lease || !g->breaking) {
		status = STATUS_INVALID_OPLOCK_PROTOCOL;
		goto unlock;
	}
	if (level == SMB2_OPLOCK_LEVEL_LEASE)
		status = STATUS_INVALID_PARAMETER;
	else if (level == SMB2_OPLOCK_LEVEL_II)
		keeps = SMB2_LEASE_READ;
	else if (level != SMB2_OPLOCK_LEVEL_NONE)
		status = STATUS_INVALID_OPLOCK_PROTOCOL;
	if (keeps & ~g->break_to) {
		keeps = 0;
		status = STATUS_INVALID_OPLOCK_PROTOCOL;
	}
	/* what is no proper answer ends the oplock as well */
	ksmbd_grant_settle_locked(g, keeps);
unlock:
	spin_unlock(&file->spin);
	return status;
}

/* --- telling the client --- */

/* A handle whose connection is alive; else one whose session may have others. */
static struct ksmbd_open *any_open_locked(struct ksmbd_grant *g)
{
	struct ksmbd_open *open, *second = NULL;

	list_for_each_entry(open, &g->opens, grant_link) {
		if (READ_ONCE(open->state) == OPEN_DETACHED)
			continue;
		if (READ_ONCE(open->conn->state) != CONN_DYING)
			return open;
		second = second ?: open;
	}
	return second;
}

/* All referenced. */
static bool whom_to_tell(struct ksmbd_grant *g, struct ksmbd_conn **conn,
			 struct ksmbd_session **session,
			 struct smb2_file_id *id)
{
	struct ksmbd_open *open;

	lockdep_assert_held(&g->file->spin);
	open = any_open_locked(g);
	if (!open)
		return false;
	*conn = open->conn;
	ksmbd_conn_get(*conn);
	*session = open->session;
	ksmbd_session_get(*session);
	*id = open->id;
	return true;
}

static void describe(const struct ksmbd_grant *g, struct smb2_break *b)
{
	b->lease = g->is_lease;
	b->oplock_level = ksmbd_oplock_level_of(g->notice.to);
	b->new_epoch = g->version == 2 ? g->notice.epoch : 0;
	b->flags = g->notice.ack ? SMB2_BREAK_FLAG_ACK_REQUIRED : 0;
	memcpy(b->lease_key, g->key, sizeof(b->lease_key));
	b->current_state = g->notice.from;
	b->new_state = g->notice.to;
}

static void notify(struct work_struct *work)
{
	struct ksmbd_grant *g = container_of(work, struct ksmbd_grant, notify);
	struct smb2_break b = { };
	struct ksmbd_session *s;
	struct ksmbd_conn *conn;
	bool tell, ends;

	spin_lock(&g->file->spin);
	ends = holds_nobody_locked(g);
	tell = g->notice.pending;
	if (tell) {
		describe(g, &b);
		g->notice.pending = false;
		tell = whom_to_tell(g, &conn, &s, &b.file_id);
	}
	spin_unlock(&g->file->spin);
	if (tell) {
		ksmbd_debug(OPLOCK, "break from %u to %u\n", b.current_state,
			    b.new_state);
		ksmbd_send_break(conn, s, &b);
		ksmbd_session_put(s);
		ksmbd_conn_put(conn);
	}
	if (ends)
		ksmbd_durable_end_of(g);
	ksmbd_grant_put(g);
}

void ksmbd_oplock_answered(struct ksmbd_request *rq)
{
	struct ksmbd_open *open = rq->open;
	struct ksmbd_grant *g;

	if (!open || !open->file)
		return;
	spin_lock(&open->file->spin);
	g = open->grant;
	if (g) {
		g->known = true;
		if (g->notice.pending)
			get_and_queue(g, queue_work(break_queue, &g->notify));
	}
	spin_unlock(&open->file->spin);
}

/* --- granting --- */

static struct ksmbd_grant *grant_new(struct ksmbd_open *open)
{
	struct ksmbd_grant *g = kzalloc(sizeof(*g), GFP_KERNEL);

	if (!g)
		return NULL;
	refcount_set(&g->ref, 1);		/* the file's list */
	g->file = open->file;
	ksmbd_file_pin(g->file);
	INIT_HLIST_NODE(&g->hash);
	INIT_LIST_HEAD(&g->opens);
	INIT_LIST_HEAD(&g->link);
	INIT_WORK(&g->notify, notify);
	INIT_DELAYED_WORK(&g->timeout, timed_out);
	return g;
}

static void attach_locked(struct ksmbd_grant *g, struct ksmbd_open *open)
{
	lockdep_assert_held(&g->file->spin);
	if (list_empty(&g->link)) {
		list_add_tail(&g->link, &g->file->grants);
		WRITE_ONCE(g->file->n_grants, g->file->n_grants + 1);
	}
	refcount_inc(&g->ref);
	list_add_tail(&open->grant_link, &g->opens);
	g->n_real += !ksmbd_oplock_is_stat(open->granted_access);
	open->grant = g;
}

/* How many but @own cache this. */
static u32 n_others_locked(const struct ksmbd_file *file, u8 bit,
			   const struct ksmbd_grant *own)
{
	return n_caching(file, bit) - (own && own->state & bit);
}

/* What may be had of @want beside what others have; @own is not among those. */
static u8 possible_locked(const struct ksmbd_file *file, u8 want, bool lease,
			  const struct ksmbd_grant *own)
{
	lockdep_assert_held(&file->spin);
	if (file->n_byte_locks)
		want &= ~SMB2_LEASE_READ;
	/* who only reads attributes, and so has not broken it, gets none beside it */
	if (n_others_locked(file, SMB2_LEASE_WRITE, own))
		return 0;
	if (file->n_real > (own ? own->n_real : 0) ||
	    n_others_locked(file, SMB2_LEASE_READ, own))
		want &= ~SMB2_LEASE_WRITE;
	if (lease && file->n_oplocks)
		want &= ~SMB2_LEASE_HANDLE;
	if (!lease && n_caching(file, SMB2_LEASE_HANDLE))
		return 0;
	return want & SMB2_LEASE_READ ? want : 0;
}

static u8 state_of(u8 level)
{
	switch (level) {
	case SMB2_OPLOCK_LEVEL_BATCH:
		return SMB2_LEASE_ALL;
	case SMB2_OPLOCK_LEVEL_EXCLUSIVE:
		return SMB2_LEASE_READ | SMB2_LEASE_WRITE;
	case SMB2_OPLOCK_LEVEL_II:
		return SMB2_LEASE_READ;
	default:
		return 0;
	}
}

/* What processes of this machine leave of it, which are listened to from now on. */
static u8 locally_allowed(struct ksmbd_open *open, u8 want)
{
	if (open->kind == OPEN_DIRECTORY)
		return ksmbd_dir_lease_watch(open) ? want : 0;
	return ksmbd_local_allow(open, want);
}

/* The same, asked before anything is made; local processes have their say. */
static u8 allowed(struct ksmbd_open *open, u8 want, bool lease,
		  const struct ksmbd_grant *own)
{
	struct ksmbd_file *file = open->file;

	spin_lock(&file->spin);
	want = possible_locked(file, want, lease, own);
	spin_unlock(&file->spin);
	return want ? locally_allowed(open, want) : 0;
}

static void grant_oplock(struct ksmbd_open *open, struct ksmbd_create *c)
{
	u8 want = allowed(open, state_of(c->oplock), false, NULL);
	struct ksmbd_grant *g;

	c->oplock = SMB2_OPLOCK_LEVEL_NONE;
	g = want ? grant_new(open) : NULL;
	if (!g)
		return;
	spin_lock(&g->file->spin);
	want = possible_locked(g->file, want, false, NULL);
	if (want & SMB2_LEASE_HANDLE && !(want & SMB2_LEASE_WRITE))
		want &= ~SMB2_LEASE_HANDLE;
	if (want) {
		attach_locked(g, open);
		set_state_locked(g, want);
		c->oplock = ksmbd_oplock_level_of(want);
	}
	spin_unlock(&open->file->spin);
	if (!want)
		ksmbd_grant_put(g);
}

/* A new one, in the table; NULL: no memory, or the key is taken. */
static struct ksmbd_grant *lease_new(struct ksmbd_open *open,
				     const struct smb2_lease *asked)
{
	struct ksmbd_grant *g = grant_new(open);

	if (!g)
		return NULL;
	g->is_lease = true;
	g->version = asked->version;
	g->epoch = asked->epoch;
	memcpy(g->client_guid, open->session->client_guid, sizeof(g->client_guid));
	memcpy(g->key, asked->key, sizeof(g->key));
	g->id = ksmbd_lease_id(g->client_guid, g->key);
	g->has_parent = asked->version == 2 &&
			asked->flags & SMB2_LEASE_FLAG_PARENT_KEY_SET;
	if (g->has_parent)
		memcpy(g->parent_key, asked->parent_key, sizeof(g->parent_key));
	if (ksmbd_lease_add(g)) {
		ksmbd_grant_put(g);
		return NULL;
	}
	return g;
}

void ksmbd_lease_describe_locked(const struct ksmbd_grant *g,
				 struct smb2_lease *lease)
{
	lockdep_assert_held(&g->file->spin);
	lease->state = g->state;
	lease->flags = g->breaking ? SMB2_LEASE_FLAG_BREAK_IN_PROGRESS : 0;
	lease->version = g->version;
	lease->epoch = g->epoch;
	memset(lease->parent_key, 0, sizeof(lease->parent_key));
	if (g->has_parent) {
		lease->flags |= SMB2_LEASE_FLAG_PARENT_KEY_SET;
		memcpy(lease->parent_key, g->parent_key, sizeof(g->parent_key));
	}
}

/* 3.3.5.9.8: what is held is never less afterwards, and a break is not undone. */
static void grant_lease(struct ksmbd_open *open, struct ksmbd_create *c)
{
	struct ksmbd_file *file = open->file;
	struct smb2_lease *lease = &c->lease;
	struct ksmbd_grant *g = ksmbd_lease_find(open->session->client_guid,
						 lease->key);
	bool fresh = !g;
	u8 want;

	want = allowed(open, lease->state & SMB2_LEASE_ALL, true, g);
	if (!g)
		g = lease_new(open, lease);
	if (!g || g->file != file) {
		c->oplock = SMB2_OPLOCK_LEVEL_NONE;
		if (g)
			ksmbd_grant_put(g);
		return;
	}
	spin_lock(&file->spin);
	want = possible_locked(file, want, true, g);
	/* an upgrade is had as it was asked for, or not at all */
	if (!g->breaking && want != g->state && !(g->state & ~want) &&
	    (fresh || want == lease->state)) {
		set_state_locked(g, want);
		g->epoch++;
	} else if (fresh) {
		g->epoch++;
	}
	attach_locked(g, open);
	ksmbd_lease_describe_locked(g, lease);
	spin_unlock(&file->spin);
	if (!fresh)
		ksmbd_grant_put(g);
}

/* 3.3.5.9.8, .11: a directory has leases of version 2 only, and none to write. */
static bool may_ask(const struct ksmbd_open *open, struct ksmbd_create *c)
{
	if (!(open->tree->share->flags & KSMBD_SHARE_FLAG_OPLOCKS))
		return false;
	if (open->kind == OPEN_FILE)
		return true;
	c->lease.state &= ~SMB2_LEASE_WRITE;
	return c->oplock == SMB2_OPLOCK_LEVEL_LEASE && c->lease.version == 2 &&
	       open->conn->capabilities & SMB2_GLOBAL_CAP_DIRECTORY_LEASING;
}

/* Local processes are listened to as long as clients cache anything, and no longer. */
static void sync_locally(struct ksmbd_file *file)
{
	ksmbd_local_sync(file);
	ksmbd_dir_lease_sync(file);
}

void ksmbd_oplock_grant(struct ksmbd_open *open, struct ksmbd_create *c)
{
	lockdep_assert_held(&open->file->lock);
	if (!may_ask(open, c))
		c->oplock = SMB2_OPLOCK_LEVEL_NONE;
	if (c->oplock == SMB2_OPLOCK_LEVEL_LEASE)
		grant_lease(open, c);
	else
		grant_oplock(open, c);
	sync_locally(open->file);
}

void ksmbd_oplock_release(struct ksmbd_open *open)
{
	struct ksmbd_file *file = open->file;
	bool last = false, timer = false;
	struct ksmbd_grant *g;

	/* so that no open of the same lease joins it just now */
	lockdep_assert_held(&file->lock);
	spin_lock(&file->spin);
	g = open->grant;
	if (g) {
		open->grant = NULL;
		list_del_init(&open->grant_link);
		g->n_real -= !ksmbd_oplock_is_stat(open->granted_access);
		last = list_empty(&g->opens);
	}
	if (last) {
		set_breaking_locked(g, false);
		set_state_locked(g, 0);
		timer = cancel_delayed_work(&g->timeout);
		list_del_init(&g->link);
		WRITE_ONCE(file->n_grants, file->n_grants - 1);
		if (g->is_lease)
			ksmbd_lease_remove(g);
		ksmbd_break_waiters_wake(file);
	}
	spin_unlock(&file->spin);
	ksmbd_local_leave(open);
	ksmbd_dir_lease_sync(file);
	if (timer)
		ksmbd_grant_put(g);
	if (last)
		ksmbd_grant_put(g);		/* the file's */
	if (g)
		ksmbd_grant_put(g);		/* the open's */
}

int ksmbd_oplock_init(void)
{
	break_queue = alloc_workqueue("ksmbd-oplock", WQ_UNBOUND, 0);
	return break_queue ? 0 : -ENOMEM;
}

void ksmbd_oplock_exit(void)
{
	destroy_workqueue(break_queue);
}
