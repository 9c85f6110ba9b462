// SPDX-License-Identifier: GPL-2.0
/* Opens and byte-range locks as rows: the table of opens in the order of its ids. */
#include "fs/status.h"

#include <linux/dcache.h>
#include <linux/limits.h>
#include <linux/string.h>
#include "fs/lock.h"
#include "fs/open.h"
#include "server/server.h"

void ksmbd_status_server(struct ksmbd_admin_row *row)
{
	ksmbd_server_status(row);
	row->opens = ksmbd_open_count();
}

/* The name now, on the host.  What has none any more says so as d_path() does. */
static void put_path(struct ksmbd_open *open, char *path)
{
	const char *name;

	if (!open->filp)
		return;
	name = d_path(&open->filp->f_path, path, PATH_MAX);
	if (IS_ERR(name))
		strscpy(path, "?", PATH_MAX);
	else
		memmove(path, name, strlen(name) + 1);	/* it stands at the end */
}

static void put_open(struct ksmbd_open *open, struct ksmbd_admin_row *row)
{
	ksmbd_status_owner(open->session, row);
	ksmbd_status_share(open->tree, row);
	row->id = open->id.volatile_id;
	row->serial = open->id.persistent;
	row->session = open->session->id;
	put_path(open, row->path);
}

bool ksmbd_status_open(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row)
{
	unsigned long id = c->first;
	struct ksmbd_open *open = ksmbd_open_after(&id);

	if (!open)
		return false;
	c->first = id;
	put_open(open, row);
	row->access = open->granted_access;
	row->share_access = open->share_access;
	row->options = open->options;
	row->locks = READ_ONCE(open->n_byte_locks);
	if (open->kind == OPEN_PIPE)
		row->flags |= KSMBD_ADMIN_F_PIPE;
	if (open->kind == OPEN_DIRECTORY)
		row->flags |= KSMBD_ADMIN_F_DIRECTORY;
	if (READ_ONCE(open->delete_on_close))
		row->flags |= KSMBD_ADMIN_F_DELETE_ON_CLOSE;
	ksmbd_open_put(open);
	return true;
}

/* @c: the open, and how many of its locks were told of. */
bool ksmbd_status_lock(struct ksmbd_admin_cursor *c, struct ksmbd_admin_row *row)
{
	unsigned long id = c->first ? c->first - 1 : 0;
	struct ksmbd_open *open;

	while ((open = ksmbd_open_after(&id))) {
		if (id != c->first)
			c->second = 0;
		c->first = id;
		if (ksmbd_lock_get(open, c->second, row)) {
			c->second++;
			put_open(open, row);
			ksmbd_open_put(open);
			return true;
		}
		ksmbd_open_put(open);
	}
	return false;
}

int ksmbd_status_close_open(u64 id, u64 serial)
{
	unsigned long at = id - 1;
	struct ksmbd_open *open;
	int err = -ENOENT;

	if (!id || id > U32_MAX)
		return err;
	open = ksmbd_open_after(&at);
	if (!open)
		return err;
	/* the id may be another's by now, the serial number never */
	if (at == id && open->id.persistent == serial && ksmbd_open_close(open))
		err = 0;
	ksmbd_open_put(open);
	return err;
}
