// SPDX-License-Identifier: GPL-2.0-only
/*
 * One planted bug for every checker of the rig: a gate that never closed is
 * not known to work.  Loading with bug=<name> commits the bug.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *bug = "none";
module_param(bug, charp, 0444);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

/* The compiler must not see through the bugs. */
static noinline void touch(volatile char *p)
{
	*p = 1;
}

static int commit_nothing(void)
{
	pr_info("rig_selftest: no bug\n");
	return 0;
}

static int commit_out_of_bounds(void)
{
	char *p = kmalloc(17, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	touch(p + 17);
	kfree(p);
	return 0;
}

static int commit_use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	return READ_ONCE(p[5]) ? 0 : 0;
}

static int commit_lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}

static int commit_naked_rcu(void)
{
	static int __rcu *pointer;

	return rcu_dereference(pointer) ? 0 : 0;
}

static int commit_leak(void)
{
	return kmalloc(1234, GFP_KERNEL) ? 0 : -ENOMEM;
}

static int commit_warning(void)
{
	WARN_ON(1);
	return 0;
}

static int commit_shift(void)
{
	static volatile unsigned int by = 40;

	touch((char *)&(int){ 1 << by });
	return 0;
}

static int commit_refcount(void)
{
	refcount_t ref = REFCOUNT_INIT(0);

	refcount_inc(&ref);
	return 0;
}

static void ring(struct timer_list *timer)
{
}

static int commit_live_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, ring, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
	return 0;
}

/* Needs preemption in the kernel: elsewhere nobody knows the context is atomic. */
static int commit_atomic_sleep(void)
{
	static DEFINE_SPINLOCK(lock);
	void *p;

	spin_lock(&lock);
	p = kmalloc(64, GFP_KERNEL);
	spin_unlock(&lock);
	kfree(p);
	return 0;
}

static int commit_list_corruption(void)
{
	LIST_HEAD(head);
	struct list_head node;

	list_add(&node, &head);
	list_add(&node, &head);
	return 0;
}

static long raced;
static DECLARE_COMPLETION(raced_out);

static int race(void *unused)
{
	for (int i = 0; i < 1000000; i++) {
		raced++;
		barrier();
	}
	kthread_complete_and_exit(&raced_out, 0);
}

/* Needs two processors and the kernel that looks for nothing else. */
static int commit_data_race(void)
{
	for (int n = 0; n < 2; n++) {
		struct task_struct *task = kthread_run(race, NULL, "race/%d", n);

		if (IS_ERR(task))
			return PTR_ERR(task);
	}
	for (int n = 0; n < 2; n++)
		wait_for_completion(&raced_out);
	return 0;
}

static int commit_null_pointer(void)
{
	touch((char *)16);
	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} bugs[] = {
	{ "none",		commit_nothing },
	{ "out_of_bounds",	commit_out_of_bounds },
	{ "use_after_free",	commit_use_after_free },
	{ "lock_inversion",	commit_lock_inversion },
	{ "naked_rcu",		commit_naked_rcu },
	{ "leak",		commit_leak },
	{ "warning",		commit_warning },
	{ "shift",		commit_shift },
	{ "refcount",		commit_refcount },
	{ "live_timer",		commit_live_timer },
	{ "atomic_sleep",	commit_atomic_sleep },
	{ "list_corruption",	commit_list_corruption },
	{ "data_race",		commit_data_race },
	{ "null_pointer",	commit_null_pointer },
};

static int __init rig_selftest_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++)
		if (!strcmp(bug, bugs[i].name))
			return bugs[i].commit();
	return -EINVAL;
}
module_init(rig_selftest_init);

static void __exit rig_selftest_exit(void)
{
}
module_exit(rig_selftest_exit);

MODULE_DESCRIPTION("Planted bugs that a debug rig must find");
MODULE_LICENSE("GPL");
