// SPDX-License-Identifier: GPL-2.0
/* /sys/class/ksmbd-control: the files that stock tools read and write. */
#include "server/control.h"

#include <linux/sysfs.h>
#include "compat/class.h"
#include "debug.h"
#include "ipc/ipc.h"
#include "server/server.h"

unsigned int ksmbd_debug_types;

#define STATS_VERSION	2

static ssize_t kill_server_store(KSMBD_CLASS_CONST struct class *class,
				 KSMBD_CLASS_CONST struct class_attribute *attr,
				 const char *buf, size_t len)
{
	/* anything else is taken and ignored: tools expect that */
	if (sysfs_streq(buf, "hard"))
		ksmbd_server_reset();
	return len;
}

static ssize_t stats_show(KSMBD_CLASS_CONST struct class *class,
			  KSMBD_CLASS_CONST struct class_attribute *attr,
			  char *buf)
{
	static const char * const states[] = {
		[SERVER_STARTUP]	= "startup",
		[SERVER_RUNNING]	= "running",
		[SERVER_RESET]		= "reset",
		[SERVER_SHUTDOWN]	= "shutdown",
	};
	unsigned long last = READ_ONCE(ksmbd_settings.ipc_timeout) ?
			     ksmbd_ipc_last_active() : 0;

	return sysfs_emit(buf, "%d %s %u %lu\n", STATS_VERSION,
			  states[ksmbd_server_state()], ksmbd_server_port(),
			  last);
}

static const struct {
	const char *name;
	unsigned int bit;
} components[] = {
	{ "smb",    KSMBD_DEBUG_SMB },
	{ "auth",   KSMBD_DEBUG_AUTH },
	{ "vfs",    KSMBD_DEBUG_VFS },
	{ "oplock", KSMBD_DEBUG_OPLOCK },
	{ "ipc",    KSMBD_DEBUG_IPC },
	{ "conn",   KSMBD_DEBUG_CONN },
	{ "rdma",   KSMBD_DEBUG_RDMA },
};

static ssize_t debug_show(KSMBD_CLASS_CONST struct class *class,
			  KSMBD_CLASS_CONST struct class_attribute *attr,
			  char *buf)
{
	unsigned int types = READ_ONCE(ksmbd_debug_types);
	int at = 0;

	for (size_t i = 0; i < ARRAY_SIZE(components); i++)
		at += sysfs_emit_at(buf, at,
				    types & components[i].bit ? "[%s] " : "%s ",
				    components[i].name);
	at += sysfs_emit_at(buf, at, "\n");
	return at;
}

static ssize_t debug_store(KSMBD_CLASS_CONST struct class *class,
			   KSMBD_CLASS_CONST struct class_attribute *attr,
			   const char *buf, size_t len)
{
	unsigned int types = READ_ONCE(ksmbd_debug_types);
	bool all = sysfs_streq(buf, "all");

	for (size_t i = 0; i < ARRAY_SIZE(components); i++)
		if (all || sysfs_streq(buf, components[i].name))
			types ^= components[i].bit;
	WRITE_ONCE(ksmbd_debug_types, types);
	return len;
}

static CLASS_ATTR_WO(kill_server);
static CLASS_ATTR_RO(stats);
static CLASS_ATTR_RW(debug);

static struct attribute *control_attrs[] = {
	&class_attr_kill_server.attr,
	&class_attr_stats.attr,
	&class_attr_debug.attr,
	NULL,
};
ATTRIBUTE_GROUPS(control);

static struct class control_class = {
	.name		= "ksmbd-control",
	KSMBD_CLASS_OWNER
	.class_groups	= control_groups,
};

int ksmbd_control_init(void)
{
	return class_register(&control_class);
}

void ksmbd_control_exit(void)
{
	class_unregister(&control_class);
}
