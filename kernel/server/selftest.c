// SPDX-License-Identifier: GPL-2.0
/* Credits and the wait of a request, run at load where the kernel has KUnit. */
#include <kunit/test.h>
#include <linux/slab.h>
#include "server/connection.h"
#include "server/credits.h"
#include "server/request.h"
#include "server/session.h"

/* --- credits --- */

static struct ksmbd_credits *window(struct kunit *test, u32 max)
{
	struct ksmbd_credits *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	ksmbd_credits_init(c, max);
	return c;
}

static void a_message_id_is_good_once(struct kunit *test)
{
	struct ksmbd_credits *c = window(test, 512);

	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 1, 1));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 0, 1));
	KUNIT_EXPECT_EQ(test, 8, ksmbd_credits_grant(c, 8, 1));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 5, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 6, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 4, 2));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 1, 4));
	KUNIT_EXPECT_EQ(test, 7, c->low);
	KUNIT_EXPECT_EQ(test, 0, c->n_used);
	ksmbd_credits_destroy(c);
}

static void ids_beyond_the_window_are_refused(struct kunit *test)
{
	struct ksmbd_credits *c = window(test, 512);

	KUNIT_EXPECT_EQ(test, 3, ksmbd_credits_grant(c, 3, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 3, 2));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, 4, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, ~0ULL, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, ksmbd_credits_consume(c, ~0ULL - 1, 65535));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 3, 1));
	ksmbd_credits_destroy(c);
}

static void a_client_keeps_a_credit_and_never_gets_more_than_the_maximum(struct kunit *test)
{
	struct ksmbd_credits *c = window(test, KSMBD_CREDITS_UNPROVEN);

	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 0, 1));
	KUNIT_EXPECT_EQ(test, 1, ksmbd_credits_grant(c, 0, 1));
	KUNIT_EXPECT_EQ(test, KSMBD_CREDITS_UNPROVEN - 1,
			ksmbd_credits_grant(c, 65535, 1));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_grant(c, 65535, 1));
	ksmbd_credits_raise(c, 8192);
	KUNIT_EXPECT_EQ(test, 8192 - KSMBD_CREDITS_UNPROVEN,
			ksmbd_credits_grant(c, 65535, 1));
	ksmbd_credits_destroy(c);
}

/* One id held back, all others used over and over: the map must not wrap. */
static void a_withheld_id_stops_the_window(struct kunit *test)
{
	struct ksmbd_credits *c = window(test, 8192);
	u64 id = 1;

	ksmbd_credits_grant(c, 100, 1);
	while (id < c->high) {
		KUNIT_ASSERT_EQ(test, 0, ksmbd_credits_consume(c, id++, 1));
		ksmbd_credits_grant(c, 1, 1);
	}
	KUNIT_EXPECT_EQ(test, KSMBD_CREDITS_MAX, c->high - c->low);
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, 0, 1));
	KUNIT_EXPECT_EQ(test, c->high, c->low);
	KUNIT_EXPECT_EQ(test, 1, ksmbd_credits_grant(c, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, ksmbd_credits_consume(c, c->low, 1));
	ksmbd_credits_destroy(c);
}

/* --- the wait of a request --- */

struct wait_test {
	struct ksmbd_conn conn;
	struct ksmbd_session session;
	struct ksmbd_message msg;
	struct ksmbd_request *rq;
};

static int wait_init(struct kunit *test)
{
	struct wait_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	refcount_set(&t->conn.ref, 2);
	spin_lock_init(&t->conn.lock);
	init_waitqueue_head(&t->conn.idle);
	INIT_LIST_HEAD(&t->conn.messages);
	INIT_LIST_HEAD(&t->conn.backlog);
	xa_init_flags(&t->conn.async, XA_FLAGS_ALLOC1);
	t->msg.conn = &t->conn;
	list_add(&t->msg.link, &t->conn.messages);
	t->session.state = SESSION_VALID;
	t->rq = ksmbd_request_new(&t->msg);
	KUNIT_ASSERT_NOT_NULL(test, t->rq);
	t->rq->hdr.message_id = 7;
	t->rq->hdr.session_id = 99;
	return 0;
}

static void wait_exit(struct kunit *test)
{
	struct wait_test *t = test->priv;

	t->rq->session = NULL;		/* it has no reference */
	ksmbd_request_free(t->rq);
	KUNIT_EXPECT_NULL(test, t->msg.rq);
	KUNIT_EXPECT_TRUE(test, xa_empty(&t->conn.async));
	KUNIT_EXPECT_EQ(test, 0, t->conn.n_async);
	KUNIT_EXPECT_EQ(test, 2, refcount_read(&t->conn.ref));
	xa_destroy(&t->conn.async);
}

static void a_wake_before_the_handler_returned_is_kept(struct kunit *test)
{
	struct wait_test *t = test->priv;

	KUNIT_EXPECT_TRUE(test, ksmbd_request_park(t->rq));
	ksmbd_request_wake(t->rq);
	ksmbd_request_wake(t->rq);
	KUNIT_EXPECT_FALSE(test, ksmbd_request_suspend(t->rq));
	/* a late one does not count for the next wait */
	ksmbd_request_wake(t->rq);
	KUNIT_EXPECT_TRUE(test, ksmbd_request_park(t->rq));
	KUNIT_EXPECT_EQ(test, RQ_ANNOUNCED, t->rq->wait_state);
	KUNIT_EXPECT_TRUE(test, ksmbd_request_suspend(t->rq));
	KUNIT_EXPECT_EQ(test, RQ_PARKED, t->rq->wait_state);
}

static struct smb2_header cancel_of(u64 message_id, u64 session_id)
{
	return (struct smb2_header) {
		.message_id = message_id, .session_id = session_id,
	};
}

static void a_cancel_before_the_wait_is_remembered(struct kunit *test)
{
	struct wait_test *t = test->priv;
	struct smb2_header other = cancel_of(7, 98), hdr = cancel_of(7, 99);

	ksmbd_request_cancel_by_id(&t->conn, &other);
	KUNIT_EXPECT_TRUE(test, ksmbd_request_park(t->rq));
	ksmbd_request_wake(t->rq);
	KUNIT_EXPECT_FALSE(test, ksmbd_request_suspend(t->rq));
	ksmbd_request_cancel_by_id(&t->conn, &hdr);
	KUNIT_EXPECT_FALSE(test, t->rq->cancelled);
	KUNIT_EXPECT_FALSE(test, ksmbd_request_park(t->rq));
	KUNIT_EXPECT_TRUE(test, t->rq->cancelled);
}

static void a_cancel_by_async_id_has_to_name_the_session(struct kunit *test)
{
	struct wait_test *t = test->priv;
	struct smb2_header hdr = cancel_of(0, 98);

	KUNIT_ASSERT_EQ(test, 0, ksmbd_request_make_async(t->rq));
	KUNIT_EXPECT_NE(test, 0, t->rq->async_id);
	KUNIT_EXPECT_TRUE(test, ksmbd_request_park(t->rq));
	hdr.flags = SMB2_FLAGS_ASYNC_COMMAND;
	hdr.async_id = t->rq->async_id;
	ksmbd_request_cancel_by_id(&t->conn, &hdr);
	KUNIT_EXPECT_FALSE(test, t->rq->cancelled);
	hdr.session_id = 99;
	ksmbd_request_cancel_by_id(&t->conn, &hdr);
	KUNIT_EXPECT_TRUE(test, t->rq->cancelled);
	KUNIT_EXPECT_FALSE(test, ksmbd_request_suspend(t->rq));
}

static void what_ends_tears_down_those_that_wait_on_it(struct kunit *test)
{
	struct wait_test *t = test->priv;
	struct ksmbd_session *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, other);
	t->rq->session = &t->session;
	ksmbd_request_tear_down_all(&t->conn, &t->session, NULL);
	KUNIT_EXPECT_FALSE(test, t->rq->torn_down);	/* it runs: LOGOFF itself */
	KUNIT_EXPECT_TRUE(test, ksmbd_request_park(t->rq));
	ksmbd_request_tear_down_all(&t->conn, other, NULL);
	KUNIT_EXPECT_FALSE(test, t->rq->torn_down);
	ksmbd_request_tear_down_all(&t->conn, &t->session, NULL);
	KUNIT_EXPECT_TRUE(test, t->rq->torn_down);
	KUNIT_EXPECT_FALSE(test, ksmbd_request_suspend(t->rq));
}

static void nothing_waits_on_what_has_ended(struct kunit *test)
{
	struct wait_test *t = test->priv;

	t->rq->session = &t->session;
	t->session.state = SESSION_DYING;
	KUNIT_EXPECT_FALSE(test, ksmbd_request_park(t->rq));
	KUNIT_EXPECT_TRUE(test, t->rq->torn_down);
}

static void too_many_waiting_requests_are_refused(struct kunit *test)
{
	struct wait_test *t = test->priv;

	t->conn.n_async = KSMBD_CONN_MAX_ASYNC;
	KUNIT_EXPECT_EQ(test, -ENOSPC, ksmbd_request_make_async(t->rq));
	KUNIT_EXPECT_EQ(test, 0, t->rq->async_id);
	t->conn.n_async = 0;
}

static struct kunit_case credit_cases[] = {
	KUNIT_CASE(a_message_id_is_good_once),
	KUNIT_CASE(ids_beyond_the_window_are_refused),
	KUNIT_CASE(a_client_keeps_a_credit_and_never_gets_more_than_the_maximum),
	KUNIT_CASE(a_withheld_id_stops_the_window),
	{ }
};

static struct kunit_suite credit_suite = {
	.name = "ksmbd-credits",
	.test_cases = credit_cases,
};

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(a_wake_before_the_handler_returned_is_kept),
	KUNIT_CASE(a_cancel_before_the_wait_is_remembered),
	KUNIT_CASE(a_cancel_by_async_id_has_to_name_the_session),
	KUNIT_CASE(what_ends_tears_down_those_that_wait_on_it),
	KUNIT_CASE(nothing_waits_on_what_has_ended),
	KUNIT_CASE(too_many_waiting_requests_are_refused),
	{ }
};

static int wait_suite_init(struct kunit_suite *suite)
{
	return ksmbd_request_init();
}

static void wait_suite_exit(struct kunit_suite *suite)
{
	ksmbd_request_exit();
}

static struct kunit_suite wait_suite = {
	.name = "ksmbd-wait",
	.suite_init = wait_suite_init,
	.suite_exit = wait_suite_exit,
	.init = wait_init,
	.exit = wait_exit,
	.test_cases = wait_cases,
};

kunit_test_suites(&credit_suite, &wait_suite);
