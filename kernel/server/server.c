// SPDX-License-Identifier: GPL-2.0
#include "server/server.h"

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "auth/delay.h"
#include "ipc/ipc.h"
#include "server/connection.h"
#include "server/control.h"
#include "server/session.h"
#include "server/status.h"
#include "server/tree.h"
#include "transport/transport.h"

/* @server_lock: whoever changes the state; held through a whole reset. */
static DEFINE_MUTEX(server_lock);
static enum ksmbd_server_state state = SERVER_STARTUP;
static unsigned int last_port;
static unsigned long running_since;	/* jiffies; when RUNNING */

static void reset_work(struct work_struct *work)
{
	ksmbd_server_reset();
}

static DECLARE_WORK(resetter, reset_work);

enum ksmbd_server_state ksmbd_server_state(void)
{
	return READ_ONCE(state);
}

unsigned int ksmbd_server_port(void)
{
	return READ_ONCE(last_port);
}

int ksmbd_server_start(void)
{
	int err = -EINVAL;

	mutex_lock(&server_lock);
	if (state != SERVER_STARTUP)
		goto out;
	ksmbd_delay_allow();
	ksmbd_durable_start();
	/* whoever serves stays loaded: the way out is a reset, then rmmod */
	err = -ENODEV;
	if (!try_module_get(THIS_MODULE))
		goto out;
	err = ksmbd_tcp_start(&init_net);
	if (err) {
		module_put(THIS_MODULE);
		goto out;
	}
	WRITE_ONCE(last_port, ksmbd_settings.tcp_port);
	WRITE_ONCE(running_since, jiffies);
	WRITE_ONCE(state, SERVER_RUNNING);
out:
	mutex_unlock(&server_lock);
	return err;
}

/*
 * Nobody comes in, nobody waits for mountd or for a penalty, everybody leaves; what startup
 * gave goes last, because those who are leaving still go by it.
 */
static void stop_all_locked(void)
{
	lockdep_assert_held(&server_lock);
	ksmbd_tcp_stop();
	ksmbd_ipc_stop();
	ksmbd_delay_cancel();
	ksmbd_durable_stop();		/* what they keep would keep connections */
	ksmbd_conn_drain_all();
	ksmbd_ipc_reset();
}

void ksmbd_server_reset(void)
{
	mutex_lock(&server_lock);
	if (state == SERVER_RUNNING) {
		WRITE_ONCE(state, SERVER_RESET);
		pr_info("ksmbd: the server stops\n");
		stop_all_locked();
		WRITE_ONCE(state, SERVER_STARTUP);
		/* ksmbd_server_exit() waits for us, in sysfs or in the work item */
		module_put(THIS_MODULE);
	}
	mutex_unlock(&server_lock);
}

void ksmbd_server_reset_async(void)
{
	if (ksmbd_server_state() == SERVER_RUNNING)
		schedule_work(&resetter);
}

void ksmbd_server_status(struct ksmbd_admin_row *row)
{
	strscpy(row->name, THIS_MODULE->version ?: "?", sizeof(row->name));
	row->state = ksmbd_server_state();
	row->port = ksmbd_server_port();
	if (row->state == SERVER_RUNNING)
		row->age = div_u64(jiffies64_to_nsecs(jiffies - READ_ONCE(running_since)),
				   NSEC_PER_MSEC);
	row->connections = ksmbd_conn_count();
	row->sessions = ksmbd_session_count();
}

int ksmbd_server_init(void)
{
	return ksmbd_control_init();
}

/* No heartbeat runs after stop_all_locked(), so nothing schedules a reset. */
void ksmbd_server_exit(void)
{
	ksmbd_control_exit();
	mutex_lock(&server_lock);
	WRITE_ONCE(state, SERVER_SHUTDOWN);
	stop_all_locked();
	mutex_unlock(&server_lock);
	cancel_work_sync(&resetter);
}
