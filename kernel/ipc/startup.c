// SPDX-License-Identifier: GPL-2.0
/*
 * STARTING_UP: a daemon registers and, when it is the first, configures us.
 * Everything it says is checked before anything of it is applied.
 *
 * And the heartbeat: with an "ipc timeout" a daemon that is gone for that long
 * takes the server with it.
 */
#include "ipc/link.h"

#include <linux/fs.h>
#include <linux/if.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "wire/smb2.h"

#define MAX_INTERFACES	64
#define MIN_IO_SIZE	(64 << 10)
#define MAX_IO_SIZE	(8 << 20)
#define DEFAULT_IO_SIZE	(4 << 20)
#define DEFAULT_TRANS	(1 << 20)
#define DEFAULT_FILES	10000
#define DEFAULT_CREDITS	8192

struct ksmbd_settings ksmbd_settings;

static DEFINE_MUTEX(register_lock);	/* one startup at a time; taken first */
static DEFINE_MUTEX(settings_lock);	/* who writes ksmbd_settings; innermost */

static void beat(struct work_struct *work);
static DECLARE_DELAYED_WORK(heartbeat, beat);

static int refuse(const char *why)
{
	pr_err("ksmbd: startup refused: %s\n", why);
	return -EINVAL;
}

/* --- dialects --- */

/*
 * Names are Samba's.  "SMB2" and "SMB3" name a family: its lowest member as a
 * minimum, its highest as a maximum.  2.2.x were never released: what
 * is above 2.1 is 3.0 to us.
 */
static const struct dialect_name {
	const char *name;
	u16 as_min, as_max;
} dialect_names[] = {
	{ "SMB2_02", SMB2_DIALECT_0202, SMB2_DIALECT_0202 },
	{ "SMB2_10", SMB2_DIALECT_0210, SMB2_DIALECT_0210 },
	{ "SMB2_22", SMB2_DIALECT_0300, SMB2_DIALECT_0210 },
	{ "SMB2_24", SMB2_DIALECT_0300, SMB2_DIALECT_0210 },
	{ "SMB3_00", SMB2_DIALECT_0300, SMB2_DIALECT_0300 },
	{ "SMB3_02", SMB2_DIALECT_0302, SMB2_DIALECT_0302 },
	{ "SMB3_10", SMB2_DIALECT_0311, SMB2_DIALECT_0302 },
	{ "SMB3_11", SMB2_DIALECT_0311, SMB2_DIALECT_0311 },
	{ "SMB2",    SMB2_DIALECT_0202, SMB2_DIALECT_0210 },
	{ "SMB3",    SMB2_DIALECT_0300, SMB2_DIALECT_0311 },
	/* older than what is spoken here: as a maximum, nothing is left */
	{ "NT1",     SMB2_DIALECT_0202, 0 },
};

static const struct dialect_name *dialect_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(dialect_names); i++)
		if (!strcasecmp(name, dialect_names[i].name))
			return &dialect_names[i];
	pr_warn("ksmbd: unknown protocol \"%s\" is ignored\n", name);
	return NULL;
}

static int take_dialects(struct ksmbd_settings *s, const char *min,
			 const char *max)
{
	const struct dialect_name *d;

	s->min_dialect = SMB2_DIALECT_0202;
	s->max_dialect = SMB2_DIALECT_0311;
	if (*min) {
		d = dialect_of(min);
		if (d)
			s->min_dialect = d->as_min;
	}
	if (*max) {
		d = dialect_of(max);
		if (d)
			s->max_dialect = d->as_max;
	}
	if (s->min_dialect > s->max_dialect)
		return refuse("no protocol between server min and max protocol");
	return 0;
}

/* --- the rest of the message --- */

static int take_names(struct ksmbd_settings *s,
		      const struct ksmbd_startup_request *req)
{
	const char *netbios = ksmbd_ipc_string(req->netbios_name,
					       sizeof(req->netbios_name));
	const char *group = ksmbd_ipc_string(req->work_group,
					     sizeof(req->work_group));
	const char *server = ksmbd_ipc_string(req->server_string,
					      sizeof(req->server_string));
	const char *min = ksmbd_ipc_string(req->min_prot, sizeof(req->min_prot));
	const char *max = ksmbd_ipc_string(req->max_prot, sizeof(req->max_prot));

	if (!netbios || !group || !server || !min || !max)
		return refuse("a name without an end");
	if (!*netbios || !*group || !*server)
		return refuse("netbios name, workgroup and server string must not be empty");
	strscpy(s->netbios_name, netbios, sizeof(s->netbios_name));
	strscpy(s->work_group, group, sizeof(s->work_group));
	strscpy(s->server_string, server, sizeof(s->server_string));
	return take_dialects(s, min, max);
}

static u32 io_size(u32 configured, u32 preset)
{
	return configured ? clamp_t(u32, configured, MIN_IO_SIZE, MAX_IO_SIZE) :
			    preset;
}

static int take_numbers(struct ksmbd_settings *s,
			const struct ksmbd_startup_request *req)
{
	unsigned long files = get_max_files();

	if (req->signing < KSMBD_CONFIG_OPT_DISABLED ||
	    req->signing > KSMBD_CONFIG_OPT_MANDATORY)
		return refuse("unknown signing option");
	if (!req->tcp_port)
		return refuse("no TCP port");
	if (check_mul_overflow((unsigned long)req->deadtime, 60UL * HZ,
			       &s->deadtime) || s->deadtime > MAX_JIFFY_OFFSET)
		return refuse("deadtime is too long");

	s->flags = req->flags;
	s->signing = req->signing;
	s->tcp_port = req->tcp_port;
	s->ipc_timeout = (unsigned long)req->ipc_timeout * HZ;
	s->max_open_files = min_t(unsigned long, files,
				  req->file_max ?: DEFAULT_FILES);
	s->sizes_set = req->smb2_max_read || req->smb2_max_write ||
		       req->smb2_max_trans;
	s->max_read = io_size(req->smb2_max_read, DEFAULT_IO_SIZE);
	s->max_write = io_size(req->smb2_max_write, DEFAULT_IO_SIZE);
	s->max_trans = io_size(req->smb2_max_trans, DEFAULT_TRANS);
	s->max_credits = req->smb2_max_credits ?: DEFAULT_CREDITS;
	s->max_connections = req->max_connections;
	s->max_ip_connections = req->max_ip_connections;
	s->fake_fscaps = req->share_fake_fscaps;
	memcpy(s->sub_auth, req->sub_auth, sizeof(s->sub_auth));
	return 0;
}

static bool listed(const struct ksmbd_settings *s, const char *name)
{
	for (u16 i = 0; i < s->n_interfaces; i++)
		if (!strcmp(s->interfaces[i], name))
			return true;
	return false;
}

static int take_interfaces(struct ksmbd_settings *s, const char *list, u32 size)
{
	static_assert(sizeof(*s->interfaces) == IFNAMSIZ);

	if (!size)
		return 0;
	s->interfaces = kcalloc(MAX_INTERFACES, IFNAMSIZ, GFP_KERNEL);
	if (!s->interfaces)
		return -ENOMEM;
	while (size) {
		size_t len = strnlen(list, size);

		if (len == size || len >= IFNAMSIZ || !dev_valid_name(list))
			return refuse("bad interface name");
		if (!listed(s, list)) {
			if (s->n_interfaces == MAX_INTERFACES)
				return refuse("too many interfaces");
			strscpy(s->interfaces[s->n_interfaces++], list, IFNAMSIZ);
		}
		list += len + 1;
		size -= len + 1;
	}
	return 0;
}

/* 0, or -errno when any of it is wrong; @s->interfaces is to be freed then too. */
static int settings_from(struct ksmbd_settings *s,
			 const struct ksmbd_startup_request *req, u32 len)
{
	/* the attribute's policy saw to the fixed part */
	if (req->ifc_list_sz > len - sizeof(*req))
		return refuse("the interface list is longer than the message");
	get_random_bytes(s->server_guid, sizeof(s->server_guid));
	return take_names(s, req) ?: take_numbers(s, req) ?:
	       take_interfaces(s, (const char *)req->____payload,
			       req->ifc_list_sz);
}

static void settings_free_locked(void)
{
	lockdep_assert_held(&settings_lock);
	kfree(ksmbd_settings.interfaces);
	memset(&ksmbd_settings, 0, sizeof(ksmbd_settings));
}

void ksmbd_ipc_settings_free(void)
{
	mutex_lock(&settings_lock);
	settings_free_locked();
	mutex_unlock(&settings_lock);
}

/* --- heartbeat --- */

static int beat_once(u32 port)
{
	struct ksmbd_heartbeat hb = { };

	return port ? ksmbd_ipc_unicast(port, KSMBD_EVENT_HEARTBEAT_REQUEST,
					&hb, sizeof(hb)) : -ECONNREFUSED;
}

static void beat(struct work_struct *work)
{
	unsigned long timeout = READ_ONCE(ksmbd_settings.ipc_timeout);
	unsigned long idle = ksmbd_ipc_idle();

	if (!timeout || !ksmbd_ipc_configured())
		return;
	if (idle < timeout) {
		schedule_delayed_work(&heartbeat, timeout - idle);
		return;
	}
	/* a daemon that lives and does not read is not found out: as stock */
	if (beat_once(ksmbd_ipc_port()) == -ECONNREFUSED) {
		pr_err("ksmbd: mountd is gone for %lu s, the server resets\n",
		       idle / HZ);
		ksmbd_server_reset_async();
		return;
	}
	ksmbd_ipc_touch();
	schedule_delayed_work(&heartbeat, timeout);
}

void ksmbd_ipc_heartbeat_stop(void)
{
	cancel_delayed_work_sync(&heartbeat);
}

static void heartbeat_start(void)
{
	unsigned long timeout = READ_ONCE(ksmbd_settings.ipc_timeout);

	ksmbd_ipc_touch();
	if (timeout)
		mod_delayed_work(system_wq, &heartbeat, timeout);
}

/* --- registering --- */

/* Settings first, then the daemon: a connection finds both. */
static int configure(const void *data, u32 len, u32 port)
{
	struct ksmbd_settings *s = kzalloc(sizeof(*s), GFP_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	err = settings_from(s, data, len);
	if (err)
		goto out;
	mutex_lock(&settings_lock);
	if (ksmbd_ipc_idle_link()) {
		settings_free_locked();
		ksmbd_settings = *s;
		s->interfaces = NULL;		/* ksmbd_settings has them */
		if (!ksmbd_ipc_adopt(port, true)) {
			settings_free_locked();
			err = -EINVAL;
		}
	} else {			/* connections still go by the old ones */
		err = refuse("a reset is under way");
	}
	mutex_unlock(&settings_lock);
out:
	kfree(s->interfaces);
	kfree(s);
	return err;
}

static int first_startup(const void *data, u32 len, u32 port)
{
	int err = configure(data, len, port);

	if (err)
		return err;
	err = ksmbd_server_start();
	if (err) {
		pr_err("ksmbd: the server does not start: %d\n", err);
		ksmbd_ipc_settings_free();
		ksmbd_ipc_forget();
	}
	return err;
}

/* The server runs on under the settings it has. */
static int reconnect(u32 port)
{
	if (!ksmbd_ipc_adopt(port, false))
		return refuse("a reset is under way");
	pr_info("ksmbd: mountd reconnected; its configuration takes effect with the next start\n");
	return 0;
}

int ksmbd_ipc_startup(const void *data, u32 len, u32 port)
{
	u32 old;
	int err;

	mutex_lock(&register_lock);
	old = ksmbd_ipc_port();
	if (old && beat_once(old) != -ECONNREFUSED) {
		err = refuse("another mountd is running");
		goto out;
	}
	if (old)
		ksmbd_ipc_daemon_gone(old);
	err = ksmbd_ipc_configured() ? reconnect(port) :
				       first_startup(data, len, port);
	if (!err)
		heartbeat_start();
out:
	mutex_unlock(&register_lock);
	return err;
}
