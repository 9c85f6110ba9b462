// SPDX-License-Identifier: GPL-2.0
/*
 * How a connection comes to a session: the exchange of SESSION_SETUP, and what
 * its proof gives, keys and a channel.  [MS-SMB2] 3.3.5.5
 */
#include "server/channel.h"

#include <linux/err.h>
#include <linux/slab.h>
#include "server/connection.h"
#include "server/session.h"

/* --- channels --- */

void ksmbd_channel_put(struct ksmbd_channel *ch)
{
	if (!refcount_dec_and_test(&ch->ref))
		return;
	ksmbd_sign_key_free(ch->signing_key);
	ksmbd_conn_put(ch->conn);
	kfree_rcu(ch, rcu);
}

static struct ksmbd_channel *find_locked(struct ksmbd_session *s,
					 const struct ksmbd_conn *conn)
{
	struct ksmbd_channel *ch;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(ch, &s->channels, link)
		if (ch->conn == conn)
			return ch;
	return NULL;
}

struct ksmbd_channel *ksmbd_channel_find(struct ksmbd_session *s,
					 struct ksmbd_conn *conn)
{
	struct ksmbd_channel *ch;

	spin_lock(&s->lock);
	ch = find_locked(s, conn);
	if (ch)
		refcount_inc(&ch->ref);		/* the list has one */
	spin_unlock(&s->lock);
	return ch;
}

/* DYING is for good, and a loss that nobody has noticed yet cannot be seen. */
static bool alive(const struct ksmbd_channel *ch)
{
	return READ_ONCE(ch->conn->state) != CONN_DYING;
}

struct ksmbd_channel *ksmbd_channel_alive(struct ksmbd_session *s,
					  struct ksmbd_conn *first)
{
	struct ksmbd_channel *ch, *found;

	spin_lock(&s->lock);
	found = find_locked(s, first);
	if (found && !alive(found))
		found = NULL;
	list_for_each_entry(ch, &s->channels, link) {
		if (found)
			break;
		if (alive(ch))
			found = ch;
	}
	if (found)
		refcount_inc(&found->ref);	/* the list has one */
	spin_unlock(&s->lock);
	return found;
}

static struct ksmbd_channel *channel_new(struct ksmbd_conn *conn, const u8 *key)
{
	struct ksmbd_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);

	if (!ch)
		return ERR_PTR(-ENOMEM);
	if (key) {
		ch->signing_key = ksmbd_sign_key_new(conn->signing_algorithm,
						     key);
		if (IS_ERR(ch->signing_key)) {
			int err = PTR_ERR(ch->signing_key);

			kfree(ch);
			return ERR_PTR(err);
		}
	}
	refcount_set(&ch->ref, 1);		/* the session's */
	ksmbd_conn_get(conn);
	ch->conn = conn;
	return ch;
}

/* --- log-ons --- */

static struct ksmbd_logon *logon_of_locked(struct ksmbd_session *s,
					   const struct ksmbd_conn *conn)
{
	struct ksmbd_logon *lg;

	lockdep_assert_held(&s->lock);
	list_for_each_entry(lg, &s->logons, link)
		if (lg->conn == conn)
			return lg;
	return NULL;
}

struct ksmbd_logon *ksmbd_logon_get(struct ksmbd_session *s,
				    struct ksmbd_conn *conn, bool binding)
{
	struct ksmbd_logon *lg;

	spin_lock(&s->lock);
	lg = logon_of_locked(s, conn);
	if (lg)
		refcount_inc(&lg->ref);		/* the list has one */
	spin_unlock(&s->lock);
	if (lg)
		return lg;

	lg = kzalloc(sizeof(*lg), GFP_KERNEL);
	if (!lg)
		return ERR_PTR(-ENOMEM);
	if (binding) {
		lg->signing_key = ksmbd_sign_key_new(s->signing_algorithm,
						     s->signing_key);
		if (IS_ERR(lg->signing_key)) {
			kfree(lg);
			return ERR_PTR(-ENOMEM);
		}
	}
	refcount_set(&lg->ref, 1);		/* the caller's */
	INIT_LIST_HEAD(&lg->link);
	ksmbd_conn_get(conn);
	lg->conn = conn;
	return lg;
}

void ksmbd_logon_put(struct ksmbd_logon *lg)
{
	if (!lg || !refcount_dec_and_test(&lg->ref))
		return;
	ksmbd_sign_key_free(lg->signing_key);
	ksmbd_auth_free(lg->auth);
	ksmbd_conn_put(lg->conn);
	kfree_sensitive(lg);
}

static bool full_locked(struct ksmbd_session *s)
{
	struct list_head *pos;
	unsigned int n = 0;

	lockdep_assert_held(&s->lock);
	list_for_each(pos, &s->channels)
		n++;
	list_for_each(pos, &s->logons)
		n++;
	return n >= KSMBD_SESSION_MAX_CHANNELS;
}

static int begin_locked(struct ksmbd_session *s, struct ksmbd_logon *lg)
{
	lockdep_assert_held(&s->lock);
	if (s->state == SESSION_DYING)
		return -ENOENT;
	if (!list_empty(&lg->link))
		return 0;
	if (logon_of_locked(s, lg->conn))
		return -EBUSY;
	if (!find_locked(s, lg->conn) && full_locked(s))
		return -EUSERS;
	refcount_inc(&lg->ref);
	list_add_tail(&lg->link, &s->logons);
	return 0;
}

int ksmbd_logon_begin(struct ksmbd_session *s, struct ksmbd_logon *lg)
{
	int err;

	spin_lock(&s->lock);
	err = begin_locked(s, lg);
	spin_unlock(&s->lock);
	return err ?: ksmbd_session_link(lg->conn, s);
}

void ksmbd_logon_end(struct ksmbd_session *s, struct ksmbd_logon *lg)
{
	bool was, channel;

	spin_lock(&s->lock);
	was = !list_empty(&lg->link);
	list_del_init(&lg->link);
	channel = find_locked(s, lg->conn);
	spin_unlock(&s->lock);
	if (!was)
		return;
	if (!channel)
		ksmbd_session_unlink(lg->conn, s);
	ksmbd_logon_put(lg);			/* the list's */
}

/* --- proofs --- */

/* What the proof of a session gives it; emptied of what is handed over. */
struct keys {
	struct ksmbd_channel *ch;
	struct ksmbd_cipher *encrypt, *decrypt;
	u8 signing_key[16];
};

static void keys_free(struct keys *k)
{
	if (k->ch)
		ksmbd_channel_put(k->ch);
	ksmbd_cipher_free(k->encrypt);
	ksmbd_cipher_free(k->decrypt);
	memzero_explicit(k, sizeof(*k));
}

static struct ksmbd_cipher *cipher_new(const struct ksmbd_logon *lg,
				       enum ksmbd_key_purpose purpose,
				       struct wire_span session_key)
{
	u16 cipher = lg->conn->cipher;
	struct ksmbd_cipher *c;
	u8 key[32];
	int err;

	err = ksmbd_derive_key(lg->conn->dialect, purpose, session_key,
			       lg->preauth_hash, key,
			       ksmbd_cipher_key_size(cipher));
	c = err ? ERR_PTR(err) : ksmbd_cipher_new(cipher, key);
	memzero_explicit(key, sizeof(key));
	return c;
}

/* 3.1.4.2: the keys of 256 bits come from the whole session key. */
static int ciphers_new(const struct ksmbd_logon *lg, struct keys *k,
		       const struct ksmbd_auth_result *result)
{
	struct wire_span key = { result->session_key, 16 };
	struct ksmbd_cipher *c;

	if (ksmbd_cipher_key_size(lg->conn->cipher) > 16)
		key.len = max_t(u32, 16, result->session_key_len);
	c = cipher_new(lg, KSMBD_KEY_SERVER_IN, key);
	if (IS_ERR(c))
		return PTR_ERR(c);
	k->decrypt = c;
	c = cipher_new(lg, KSMBD_KEY_SERVER_OUT, key);
	if (IS_ERR(c))
		return PTR_ERR(c);
	k->encrypt = c;
	return 0;
}

/* A channel, and with @ciphers what a whole session needs. */
static int keys_new(const struct ksmbd_logon *lg,
		    const struct ksmbd_auth_result *result, bool ciphers,
		    struct keys *k)
{
	const struct wire_span key = { result->session_key, 16 };
	bool keyless = result->guest || result->anonymous;
	struct ksmbd_conn *conn = lg->conn;
	struct ksmbd_channel *ch;
	int err = 0;

	*k = (struct keys) { };
	if (!keyless)
		err = ksmbd_derive_key(conn->dialect, KSMBD_KEY_SIGNING, key,
				       lg->preauth_hash, k->signing_key,
				       sizeof(k->signing_key));
	if (err)
		return err;
	ch = channel_new(conn, keyless ? NULL : k->signing_key);
	if (IS_ERR(ch))
		return PTR_ERR(ch);
	k->ch = ch;
	return ciphers && conn->cipher && !keyless ?
	       ciphers_new(lg, k, result) : 0;
}

/* SETUP to VALID with everything that comes with it, or nothing at all. */
static bool become_valid(struct ksmbd_session *s, struct ksmbd_logon *lg,
			 struct keys *keys, struct ksmbd_user *user,
			 const struct ksmbd_auth_result *result)
{
	bool ok;

	spin_lock(&s->lock);
	ok = s->state == SESSION_SETUP && !list_empty(&lg->link);
	if (ok) {
		s->guest = result->guest;
		s->anonymous = result->anonymous;
		memcpy(s->session_key, result->session_key,
		       sizeof(s->session_key));
		memcpy(s->signing_key, keys->signing_key,
		       sizeof(s->signing_key));
		s->signing_algorithm = lg->conn->signing_algorithm;
		s->cipher = lg->conn->cipher;
		s->user = user;
		s->owner = user;
		ksmbd_user_get(user);
		s->encrypt = keys->encrypt;
		s->decrypt = keys->decrypt;
		list_add(&keys->ch->link, &s->channels);
		keys->ch = NULL;
		keys->encrypt = keys->decrypt = NULL;
		WRITE_ONCE(s->state, SESSION_VALID);
	}
	spin_unlock(&s->lock);
	return ok;
}

int ksmbd_session_validate(struct ksmbd_session *s, struct ksmbd_logon *lg,
			   struct ksmbd_user *user,
			   const struct ksmbd_auth_result *result)
{
	struct keys keys;
	int err;

	lockdep_assert_held(&s->setup);
	err = keys_new(lg, result, true, &keys);
	if (!err && !become_valid(s, lg, &keys, user, result))
		err = -ENOENT;
	keys_free(&keys);
	if (err)
		ksmbd_user_put(user);
	else
		ksmbd_conn_authenticated(lg->conn);
	return err;
}

int ksmbd_session_reauthenticate(struct ksmbd_session *s,
				 struct ksmbd_user *user, bool anonymous)
{
	struct ksmbd_user *drop = user;
	int err = -EACCES;

	spin_lock(&s->lock);
	if (s->state != SESSION_VALID) {
		err = -ENOENT;
	} else if (anonymous || ksmbd_user_same(s->owner, user)) {
		drop = s->user;
		s->user = user;
		err = 0;
	}
	spin_unlock(&s->lock);
	ksmbd_user_put(drop);
	return err;
}

/* The lost connection took its log-on off the list: then there is no channel. */
static int add_channel(struct ksmbd_session *s, struct ksmbd_logon *lg,
		       struct keys *keys, const struct ksmbd_user *user)
{
	int err = 0;

	spin_lock(&s->lock);
	if (s->state != SESSION_VALID || list_empty(&lg->link))
		err = -ENOENT;
	else if (!ksmbd_user_same(s->owner, user))
		err = -EACCES;
	if (!err) {
		list_add_tail(&keys->ch->link, &s->channels);
		keys->ch = NULL;
	}
	spin_unlock(&s->lock);
	return err;
}

int ksmbd_session_bind(struct ksmbd_session *s, struct ksmbd_logon *lg,
		       struct ksmbd_user *user,
		       const struct ksmbd_auth_result *result)
{
	struct keys keys;
	int err;

	lockdep_assert_held(&s->setup);
	err = keys_new(lg, result, false, &keys) ?:
	      add_channel(s, lg, &keys, user);
	keys_free(&keys);
	ksmbd_user_put(user);
	if (!err)
		ksmbd_conn_authenticated(lg->conn);
	return err;
}
