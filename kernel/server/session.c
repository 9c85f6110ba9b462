// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions.  A request finds its session through its own connection's list
 * and in no other way, so that a SessionId means nothing elsewhere.
 */
#include "server/session.h"

#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "debug.h"
#include "server/connection.h"
#include "server/request.h"
#include "server/tree.h"

#define NO_SESSION	(~0ULL)

/* @table_lock guards the table; innermost. */
static DEFINE_HASHTABLE(table, 10);
static DEFINE_SPINLOCK(table_lock);
static atomic_t n_sessions = ATOMIC_INIT(0);

/* --- references --- */

static void session_free(struct ksmbd_session *s)
{
	WARN_ON_ONCE(!xa_empty(&s->trees) || !list_empty(&s->channels) ||
		     !list_empty(&s->logons) || !list_empty(&s->opens));
	ksmbd_cipher_free(s->encrypt);
	ksmbd_cipher_free(s->decrypt);
	ksmbd_user_put(s->user);
	ksmbd_user_put(s->owner);
	xa_destroy(&s->trees);
	mutex_destroy(&s->setup);
	memzero_explicit(s->session_key, sizeof(s->session_key));
	memzero_explicit(s->signing_key, sizeof(s->signing_key));
	kfree_rcu(s, rcu);
	atomic_dec(&n_sessions);
}

void ksmbd_session_put(struct ksmbd_session *s)
{
	if (refcount_dec_and_test(&s->ref))
		session_free(s);
}

/* --- the connection's list --- */

static struct ksmbd_session_link *link_of_locked(struct ksmbd_conn *conn,
						 const struct ksmbd_session *s)
{
	struct ksmbd_session_link *l;

	lockdep_assert_held(&conn->lock);
	list_for_each_entry(l, &conn->sessions, link)
		if (l->session == s)
			return l;
	return NULL;
}

static void link_drop(struct ksmbd_session_link *l)
{
	ksmbd_session_put(l->session);
	kfree(l);
}

void ksmbd_session_unlink(struct ksmbd_conn *conn, struct ksmbd_session *s)
{
	struct ksmbd_session_link *l;

	spin_lock(&conn->lock);
	l = link_of_locked(conn, s);
	if (l) {
		list_del(&l->link);
		conn->n_sessions--;
	}
	spin_unlock(&conn->lock);
	if (l)
		link_drop(l);
}

int ksmbd_session_link(struct ksmbd_conn *conn, struct ksmbd_session *s)
{
	struct ksmbd_session_link *l = kmalloc(sizeof(*l), GFP_KERNEL);
	bool there = false;
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->session = s;
	spin_lock(&conn->lock);
	if (conn->state == CONN_DYING) {
		err = -ENOTCONN;
	} else if (link_of_locked(conn, s)) {
		there = true;
	} else if (conn->n_sessions >= KSMBD_CONN_MAX_SESSIONS) {
		err = -EUSERS;
	} else {
		ksmbd_session_get(s);
		list_add(&l->link, &conn->sessions);
		conn->n_sessions++;
	}
	spin_unlock(&conn->lock);
	if (err || there)
		kfree(l);
	return err;
}

/* --- look-up --- */

enum ksmbd_session_state ksmbd_session_get_state(struct ksmbd_session *s)
{
	enum ksmbd_session_state state;

	spin_lock(&s->lock);
	state = s->state;
	spin_unlock(&s->lock);
	return state;
}

struct ksmbd_session *ksmbd_session_find(struct ksmbd_conn *conn, u64 id)
{
	struct ksmbd_session *found = NULL;
	struct ksmbd_session_link *l;

	spin_lock(&conn->lock);
	list_for_each_entry(l, &conn->sessions, link)
		if (l->session->id == id) {
			found = l->session;
			ksmbd_session_get(found);	/* the link has one */
			break;
		}
	spin_unlock(&conn->lock);
	if (found && ksmbd_session_get_state(found) == SESSION_DYING) {
		ksmbd_session_put(found);
		found = NULL;
	}
	return found;
}

static struct ksmbd_session *table_find_locked(u64 id)
{
	struct ksmbd_session *s;

	lockdep_assert_held(&table_lock);
	hash_for_each_possible(table, s, hash, id)
		if (s->id == id)
			return s;
	return NULL;
}

struct ksmbd_session *ksmbd_session_lookup(u64 id)
{
	struct ksmbd_session *s;

	spin_lock(&table_lock);
	s = table_find_locked(id);
	if (s)
		ksmbd_session_get(s);			/* the table has one */
	spin_unlock(&table_lock);
	return s;
}

struct ksmbd_session *ksmbd_session_find_global(u64 id)
{
	struct ksmbd_session *s = ksmbd_session_lookup(id);

	if (s && ksmbd_session_get_state(s) != SESSION_VALID) {
		ksmbd_session_put(s);
		s = NULL;
	}
	return s;
}

struct ksmbd_session *ksmbd_session_after(u64 id)
{
	struct ksmbd_session *s, *found = NULL;
	int bucket;

	spin_lock(&table_lock);
	hash_for_each(table, bucket, s, hash)
		if (s->id > id && (!found || s->id < found->id) &&
		    READ_ONCE(s->state) == SESSION_VALID)
			found = s;
	if (found)
		ksmbd_session_get(found);		/* the table has one */
	spin_unlock(&table_lock);
	return found;
}

static struct ksmbd_user *user_ref(struct ksmbd_session *s,
				   struct ksmbd_user *const *whom)
{
	struct ksmbd_user *user;

	spin_lock(&s->lock);
	user = *whom;
	if (user)
		ksmbd_user_get(user);
	spin_unlock(&s->lock);
	return user;
}

struct ksmbd_user *ksmbd_session_user(struct ksmbd_session *s)
{
	return user_ref(s, &s->user);
}

struct ksmbd_user *ksmbd_session_owner(struct ksmbd_session *s)
{
	return user_ref(s, &s->owner);
}

unsigned int ksmbd_session_count(void)
{
	return atomic_read(&n_sessions);
}

/* --- birth --- */

/*
 * One that is in setup for too long, or NULL; counts those that are not.
 * Referenced for the caller.
 */
static struct ksmbd_session *stale_setup(struct ksmbd_conn *conn,
					 unsigned int *in_setup)
{
	struct ksmbd_session *stale = NULL;
	struct ksmbd_session_link *l;

	*in_setup = 0;
	spin_lock(&conn->lock);
	list_for_each_entry(l, &conn->sessions, link) {
		if (READ_ONCE(l->session->state) != SESSION_SETUP)
			continue;
		if (time_after(jiffies, l->session->born + KSMBD_SETUP_TIMEOUT)) {
			stale = l->session;
			ksmbd_session_get(stale);
			break;
		}
		++*in_setup;
	}
	spin_unlock(&conn->lock);
	return stale;
}

static bool may_set_up(struct ksmbd_conn *conn)
{
	struct ksmbd_session *stale;
	unsigned int in_setup;

	while ((stale = stale_setup(conn, &in_setup))) {
		ksmbd_session_close(stale);
		ksmbd_session_put(stale);
	}
	return in_setup < KSMBD_CONN_MAX_IN_SETUP;
}

/* A random id that is nobody's; not guessable from another. */
static void publish(struct ksmbd_session *s)
{
	for (;;) {
		u64 id = get_random_u64();

		if (!id || id == NO_SESSION)
			continue;
		spin_lock(&table_lock);
		if (!table_find_locked(id)) {
			s->id = id;
			ksmbd_session_get(s);
			hash_add(table, &s->hash, id);
			spin_unlock(&table_lock);
			return;
		}
		spin_unlock(&table_lock);
	}
}

static struct ksmbd_session *session_new(struct ksmbd_conn *conn)
{
	struct ksmbd_session *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	atomic_inc(&n_sessions);
	refcount_set(&s->ref, 1);		/* the caller's */
	INIT_HLIST_NODE(&s->hash);
	s->dialect = conn->dialect;
	memcpy(s->client_guid, conn->client_guid, sizeof(s->client_guid));
	s->born = jiffies;
	mutex_init(&s->setup);
	init_completion(&s->closed);
	xa_init_flags(&s->trees, XA_FLAGS_ALLOC1);
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->channels);
	INIT_LIST_HEAD(&s->logons);
	INIT_LIST_HEAD(&s->opens);
	s->state = SESSION_SETUP;
	return s;
}

struct ksmbd_session *ksmbd_session_create(struct ksmbd_conn *conn,
					   struct ksmbd_logon **lg)
{
	struct ksmbd_session *s;
	int err;

	if (!may_set_up(conn))
		return ERR_PTR(-EUSERS);
	s = session_new(conn);
	if (!s)
		return ERR_PTR(-ENOMEM);
	publish(s);
	*lg = ksmbd_logon_get(s, conn, false);
	err = PTR_ERR_OR_ZERO(*lg) ?: ksmbd_logon_begin(s, *lg);
	if (err) {
		ksmbd_session_close(s);
		if (!IS_ERR(*lg))
			ksmbd_logon_put(*lg);
		ksmbd_session_put(s);
		return ERR_PTR(err);
	}
	return s;
}

/* --- death --- */

static void drop_channel(struct ksmbd_session *s, struct ksmbd_channel *ch)
{
	ksmbd_request_tear_down_all(ch->conn, s, NULL);
	ksmbd_session_unlink(ch->conn, s);
	ksmbd_channel_put(ch);
}

/* Those of @conn, or all.  Off the list: whoever runs a leg sees that it is over. */
static void end_logons(struct ksmbd_session *s, const struct ksmbd_conn *conn)
{
	struct ksmbd_logon *lg;

	for (;;) {
		spin_lock(&s->lock);
		list_for_each_entry(lg, &s->logons, link)
			if (!conn || lg->conn == conn)
				break;
		if (list_entry_is_head(lg, &s->logons, link))
			lg = NULL;
		else
			list_del_init(&lg->link);
		spin_unlock(&s->lock);
		if (!lg)
			return;
		ksmbd_session_unlink(lg->conn, s);
		ksmbd_logon_put(lg);		/* the list's */
	}
}

static void close_trees(struct ksmbd_session *s)
{
	struct ksmbd_tree *tree;
	unsigned long id;

	xa_for_each(&s->trees, id, tree) {
		/* whoever ends it drops the table's reference: take our own */
		tree = ksmbd_tree_find(s, id);
		if (!tree)
			continue;
		ksmbd_tree_close(tree);
		ksmbd_tree_put(tree);
	}
}

/*
 * @state is the gate: what adds a tree or an open looks at it under @lock when
 * it publishes, so that after this everything that was added is found here.
 */
static bool close_session(struct ksmbd_session *s, bool keep_durable)
{
	struct ksmbd_channel *ch, *next;
	struct ksmbd_user *user, *owner;
	LIST_HEAD(channels);

	spin_lock(&s->lock);
	if (s->state == SESSION_DYING) {
		spin_unlock(&s->lock);
		return false;
	}
	WRITE_ONCE(s->state, SESSION_DYING);
	list_splice_init(&s->channels, &channels);
	user = s->user;
	owner = s->owner;
	s->user = s->owner = NULL;
	spin_unlock(&s->lock);

	/* Waiting requests first: what they wait for may never come. */
	list_for_each_entry(ch, &channels, link)
		ksmbd_request_tear_down_all(ch->conn, s, NULL);
	if (keep_durable)
		ksmbd_durable_detach_all(s);
	close_trees(s);
	ksmbd_open_close_all(s, NULL);

	list_for_each_entry_safe(ch, next, &channels, link)
		drop_channel(s, ch);
	end_logons(s, NULL);
	ksmbd_user_put(user);
	ksmbd_user_put(owner);

	/* Until here who replaces it finds it, and can wait. */
	spin_lock(&table_lock);
	hash_del(&s->hash);
	spin_unlock(&table_lock);
	complete_all(&s->closed);
	ksmbd_session_put(s);			/* the table's */
	return true;
}

bool ksmbd_session_close(struct ksmbd_session *s)
{
	return close_session(s, false);
}

bool ksmbd_session_leave(struct ksmbd_session *s)
{
	return close_session(s, true);
}

void ksmbd_session_leave_sync(struct ksmbd_session *s)
{
	if (!ksmbd_session_leave(s))
		wait_for_completion_killable_timeout(&s->closed,
						     KSMBD_SESSION_CLOSING);
}

/* Its channels now, each referenced, in @seen; how many. */
static unsigned int channels_of(struct ksmbd_session *s,
				struct ksmbd_channel *seen[KSMBD_SESSION_MAX_CHANNELS])
{
	struct ksmbd_channel *ch;
	unsigned int n = 0;

	spin_lock(&s->lock);
	list_for_each_entry(ch, &s->channels, link) {
		if (WARN_ON_ONCE(n == KSMBD_SESSION_MAX_CHANNELS))
			break;
		refcount_inc(&ch->ref);
		seen[n++] = ch;
	}
	spin_unlock(&s->lock);
	return n;
}

bool ksmbd_session_any_async(struct ksmbd_session *s, ksmbd_request_match *match,
			     const void *what)
{
	struct ksmbd_channel *seen[KSMBD_SESSION_MAX_CHANNELS];
	unsigned int n = channels_of(s, seen);
	bool any = false;

	while (n--) {
		any = any || ksmbd_request_any_async(seen[n]->conn, match, what);
		ksmbd_channel_put(seen[n]);
	}
	return any;
}

/*
 * One channel at a time, because what is torn down is found under the lock of
 * a connection, which is not taken under ours.  Channels that come or go
 * meanwhile do no harm: requests of a new one see the tree DYING, and those of
 * one that goes are torn down with it.
 */
void ksmbd_session_tear_down(struct ksmbd_session *s,
			     const struct ksmbd_tree *tree)
{
	struct ksmbd_channel *seen[KSMBD_SESSION_MAX_CHANNELS];
	unsigned int n = channels_of(s, seen);

	while (n--) {
		ksmbd_request_tear_down_all(seen[n]->conn, s, tree);
		ksmbd_channel_put(seen[n]);
	}
}

static struct ksmbd_session_link *pop_link(struct ksmbd_conn *conn)
{
	struct ksmbd_session_link *l;

	spin_lock(&conn->lock);
	l = list_first_entry_or_null(&conn->sessions, struct ksmbd_session_link,
				     link);
	if (l) {
		list_del(&l->link);
		conn->n_sessions--;
	}
	spin_unlock(&conn->lock);
	return l;
}

/* Takes the connection out of the session.  True: it has no other. */
static bool leave(struct ksmbd_session *s, struct ksmbd_conn *conn)
{
	struct ksmbd_channel *ch, *next;
	LIST_HEAD(channels);
	bool alone;

	end_logons(s, conn);
	spin_lock(&s->lock);
	list_for_each_entry_safe(ch, next, &s->channels, link)
		if (ch->conn == conn)
			list_move(&ch->link, &channels);
	alone = list_empty(&s->channels) &&
		(s->state != SESSION_SETUP || list_empty(&s->logons));
	spin_unlock(&s->lock);

	list_for_each_entry_safe(ch, next, &channels, link)
		ksmbd_channel_put(ch);
	return alone;
}

void ksmbd_session_conn_lost(struct ksmbd_conn *conn)
{
	struct ksmbd_session_link *l;

	while ((l = pop_link(conn))) {
		if (leave(l->session, conn))
			ksmbd_session_leave(l->session);
		link_drop(l);
	}
}

int ksmbd_session_init(void)
{
	return 0;
}

void ksmbd_session_exit(void)
{
	WARN_ON(ksmbd_session_count());
	rcu_barrier();		/* trees and users are freed by callbacks */
}
