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
		     !list_empty(&s->opens));
	ksmbd_auth_free(s->auth);
	ksmbd_cipher_free(s->encrypt);
	ksmbd_cipher_free(s->decrypt);
	ksmbd_user_put(s->user);
	xa_destroy(&s->trees);
	mutex_destroy(&s->setup);
	memzero_explicit(s->session_key, sizeof(s->session_key));
	memzero_explicit(s->preauth_hash, sizeof(s->preauth_hash));
	kfree_rcu(s, rcu);
	atomic_dec(&n_sessions);
}

void ksmbd_session_put(struct ksmbd_session *s)
{
	if (refcount_dec_and_test(&s->ref))
		session_free(s);
}

void ksmbd_channel_put(struct ksmbd_channel *ch)
{
	if (!refcount_dec_and_test(&ch->ref))
		return;
	ksmbd_sign_key_free(ch->signing_key);
	ksmbd_conn_put(ch->conn);
	kfree_rcu(ch, rcu);
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

static void unlink_from(struct ksmbd_conn *conn, const struct ksmbd_session *s)
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

static int link_to(struct ksmbd_conn *conn, struct ksmbd_session *s)
{
	struct ksmbd_session_link *l = kmalloc(sizeof(*l), GFP_KERNEL);
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->session = s;
	spin_lock(&conn->lock);
	if (conn->state == CONN_DYING) {
		err = -ENOTCONN;
	} else if (conn->n_sessions >= KSMBD_CONN_MAX_SESSIONS) {
		err = -EUSERS;
	} else {
		ksmbd_session_get(s);
		list_add(&l->link, &conn->sessions);
		conn->n_sessions++;
	}
	spin_unlock(&conn->lock);
	if (err)
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

struct ksmbd_session *ksmbd_session_find_global(u64 id)
{
	struct ksmbd_session *s;

	spin_lock(&table_lock);
	s = table_find_locked(id);
	if (s)
		ksmbd_session_get(s);			/* the table has one */
	spin_unlock(&table_lock);
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

struct ksmbd_user *ksmbd_session_user(struct ksmbd_session *s)
{
	struct ksmbd_user *user;

	spin_lock(&s->lock);
	user = s->user;
	if (user)
		ksmbd_user_get(user);
	spin_unlock(&s->lock);
	return user;
}

struct ksmbd_channel *ksmbd_channel_find(struct ksmbd_session *s,
					 struct ksmbd_conn *conn)
{
	struct ksmbd_channel *ch, *found = NULL;

	spin_lock(&s->lock);
	list_for_each_entry(ch, &s->channels, link)
		if (ch->conn == conn) {
			refcount_inc(&ch->ref);
			found = ch;
			break;
		}
	spin_unlock(&s->lock);
	return found;
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

struct ksmbd_session *ksmbd_session_create(struct ksmbd_conn *conn)
{
	struct ksmbd_session *s;
	int err;

	if (!may_set_up(conn))
		return ERR_PTR(-EUSERS);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	atomic_inc(&n_sessions);
	refcount_set(&s->ref, 1);		/* the caller's */
	INIT_HLIST_NODE(&s->hash);
	s->dialect = conn->dialect;
	memcpy(s->client_guid, conn->client_guid, sizeof(s->client_guid));
	s->born = jiffies;
	mutex_init(&s->setup);
	xa_init_flags(&s->trees, XA_FLAGS_ALLOC1);
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->channels);
	INIT_LIST_HEAD(&s->opens);
	s->state = SESSION_SETUP;
	ksmbd_conn_get(conn);
	s->origin = conn;

	publish(s);
	err = link_to(conn, s);
	if (err) {
		ksmbd_session_close(s);
		ksmbd_session_put(s);
		return ERR_PTR(err);
	}
	return s;
}

/* --- authentication --- */

static struct ksmbd_channel *channel_new(struct ksmbd_session *s,
					 struct ksmbd_conn *conn,
					 struct wire_span session_key, bool sign)
{
	struct ksmbd_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);
	u8 key[16];
	int err = 0;

	if (!ch)
		return ERR_PTR(-ENOMEM);
	if (sign) {
		err = ksmbd_derive_key(s->dialect, KSMBD_KEY_SIGNING,
				       session_key, s->preauth_hash, key,
				       sizeof(key));
		if (!err) {
			ch->signing_key = ksmbd_sign_key_new(conn->signing_algorithm,
							     key);
			if (IS_ERR(ch->signing_key))
				err = PTR_ERR(ch->signing_key);
		}
		memzero_explicit(key, sizeof(key));
		if (err) {
			kfree(ch);
			return ERR_PTR(err);
		}
	}
	refcount_set(&ch->ref, 1);		/* the session's */
	ksmbd_conn_get(conn);
	ch->conn = conn;
	return ch;
}

/* What the proof of a session gives it; emptied of what is handed over. */
struct keys {
	struct ksmbd_channel *ch;
	struct ksmbd_cipher *encrypt, *decrypt;
};

static void keys_free(struct keys *k)
{
	if (k->ch)
		ksmbd_channel_put(k->ch);
	ksmbd_cipher_free(k->encrypt);
	ksmbd_cipher_free(k->decrypt);
}

static struct ksmbd_cipher *cipher_new(struct ksmbd_session *s, u16 cipher,
				       enum ksmbd_key_purpose purpose,
				       struct wire_span session_key)
{
	struct ksmbd_cipher *c;
	u8 key[32];
	int err;

	err = ksmbd_derive_key(s->dialect, purpose, session_key,
			       s->preauth_hash, key,
			       ksmbd_cipher_key_size(cipher));
	c = err ? ERR_PTR(err) : ksmbd_cipher_new(cipher, key);
	memzero_explicit(key, sizeof(key));
	return c;
}

/* 3.1.4.2: the keys of 256 bits come from the whole session key. */
static int ciphers_new(struct ksmbd_session *s, u16 cipher, struct keys *k,
		       const struct ksmbd_auth_result *result)
{
	struct wire_span key = { result->session_key, 16 };
	struct ksmbd_cipher *c;

	if (ksmbd_cipher_key_size(cipher) > 16)
		key.len = max_t(u32, 16, result->session_key_len);
	c = cipher_new(s, cipher, KSMBD_KEY_SERVER_IN, key);
	if (IS_ERR(c))
		return PTR_ERR(c);
	k->decrypt = c;
	c = cipher_new(s, cipher, KSMBD_KEY_SERVER_OUT, key);
	if (IS_ERR(c))
		return PTR_ERR(c);
	k->encrypt = c;
	return 0;
}

static int keys_new(struct ksmbd_session *s, struct ksmbd_conn *conn,
		    const struct ksmbd_auth_result *result, struct keys *k)
{
	const struct wire_span key = { result->session_key, 16 };
	bool keyless = result->guest || result->anonymous;
	struct ksmbd_channel *ch;

	*k = (struct keys) { };
	ch = channel_new(s, conn, key, !keyless);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	k->ch = ch;
	return conn->cipher && !keyless ?
	       ciphers_new(s, conn->cipher, k, result) : 0;
}

/* SETUP to VALID with everything that comes with it, or nothing at all. */
static bool become_valid(struct ksmbd_session *s, struct keys *keys,
			 struct ksmbd_user *user,
			 const struct ksmbd_auth_result *result,
			 struct ksmbd_conn **origin)
{
	bool ok;

	spin_lock(&s->lock);
	ok = s->state == SESSION_SETUP;
	if (ok) {
		s->guest = result->guest;
		s->anonymous = result->anonymous;
		memcpy(s->session_key, result->session_key,
		       sizeof(s->session_key));
		s->user = user;
		s->encrypt = keys->encrypt;
		s->decrypt = keys->decrypt;
		list_add(&keys->ch->link, &s->channels);
		*keys = (struct keys) { };
		*origin = s->origin;
		s->origin = NULL;
		WRITE_ONCE(s->state, SESSION_VALID);
	}
	spin_unlock(&s->lock);
	return ok;
}

int ksmbd_session_validate(struct ksmbd_session *s, struct ksmbd_conn *conn,
			   struct ksmbd_user *user,
			   const struct ksmbd_auth_result *result)
{
	struct ksmbd_conn *origin = NULL;
	struct keys keys;
	int err;

	lockdep_assert_held(&s->setup);
	err = keys_new(s, conn, result, &keys);
	if (!err && !become_valid(s, &keys, user, result, &origin))
		err = -ENOENT;
	if (err) {
		keys_free(&keys);
		ksmbd_user_put(user);
		return err;
	}
	ksmbd_conn_authenticated(conn);
	if (origin)
		ksmbd_conn_put(origin);
	return 0;
}

int ksmbd_session_reauthenticate(struct ksmbd_session *s,
				 struct ksmbd_user *user)
{
	struct ksmbd_user *drop = user;
	int err = -EACCES;

	spin_lock(&s->lock);
	if (s->state != SESSION_VALID || !s->user) {
		err = -ENOENT;
	} else if (ksmbd_user_same(s->user, user)) {
		drop = s->user;
		s->user = user;
		err = 0;
	}
	spin_unlock(&s->lock);
	ksmbd_user_put(drop);
	return err;
}

/* --- death --- */

static void drop_channel(struct ksmbd_session *s, struct ksmbd_channel *ch)
{
	ksmbd_request_tear_down_all(ch->conn, s, NULL);
	unlink_from(ch->conn, s);
	ksmbd_channel_put(ch);
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
bool ksmbd_session_close(struct ksmbd_session *s)
{
	struct ksmbd_channel *ch, *next;
	struct ksmbd_conn *origin;
	struct ksmbd_user *user;
	LIST_HEAD(channels);

	spin_lock(&s->lock);
	if (s->state == SESSION_DYING) {
		spin_unlock(&s->lock);
		return false;
	}
	WRITE_ONCE(s->state, SESSION_DYING);
	list_splice_init(&s->channels, &channels);
	origin = s->origin;
	s->origin = NULL;
	user = s->user;
	s->user = NULL;
	spin_unlock(&s->lock);

	spin_lock(&table_lock);
	hash_del(&s->hash);
	spin_unlock(&table_lock);

	/* Waiting requests first: what they wait for may never come. */
	list_for_each_entry(ch, &channels, link)
		ksmbd_request_tear_down_all(ch->conn, s, NULL);
	close_trees(s);
	ksmbd_open_close_all(s, NULL);

	list_for_each_entry_safe(ch, next, &channels, link)
		drop_channel(s, ch);
	if (origin) {
		unlink_from(origin, s);
		ksmbd_conn_put(origin);
	}
	ksmbd_user_put(user);
	ksmbd_session_put(s);			/* the table's */
	return true;
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
	struct ksmbd_channel *ch, *seen[KSMBD_SESSION_MAX_CHANNELS];
	unsigned int n = 0;

	spin_lock(&s->lock);
	list_for_each_entry(ch, &s->channels, link) {
		if (WARN_ON_ONCE(n == ARRAY_SIZE(seen)))
			break;
		refcount_inc(&ch->ref);
		seen[n++] = ch;
	}
	spin_unlock(&s->lock);
	while (n) {
		ch = seen[--n];
		ksmbd_request_tear_down_all(ch->conn, s, tree);
		ksmbd_channel_put(ch);
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
	bool was_origin, alone;
	LIST_HEAD(gone);

	spin_lock(&s->lock);
	list_for_each_entry_safe(ch, next, &s->channels, link)
		if (ch->conn == conn)
			list_move(&ch->link, &gone);
	was_origin = s->origin == conn;
	if (was_origin)
		s->origin = NULL;
	alone = list_empty(&s->channels) && !s->origin;
	spin_unlock(&s->lock);

	list_for_each_entry_safe(ch, next, &gone, link)
		ksmbd_channel_put(ch);
	if (was_origin)
		ksmbd_conn_put(conn);
	return alone;
}

void ksmbd_session_conn_lost(struct ksmbd_conn *conn)
{
	struct ksmbd_session_link *l;

	while ((l = pop_link(conn))) {
		if (leave(l->session, conn))
			ksmbd_session_close(l->session);
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
