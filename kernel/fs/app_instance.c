// SPDX-License-Identifier: GPL-2.0
#include "fs/app_instance.h"

#include <linux/string.h>
#include "debug.h"
#include "fs/access.h"
#include "fs/durable.h"
#include "fs/open.h"

static bool is_instance(const struct ksmbd_open *open,
			const struct ksmbd_request *rq,
			const struct smb2_app_instance *app)
{
	return open->app && !memcmp(open->app->id, app->id, sizeof(app->id)) &&
	       memcmp(open->session->client_guid, rq->session->client_guid,
		      sizeof(open->session->client_guid)) &&
	       !strcasecmp(open->tree->share->name, rq->tree->share->name);
}

/* Referenced, or NULL. */
static struct ksmbd_open *find(struct inode *inode, const struct ksmbd_request *rq,
			       const struct smb2_app_instance *app)
{
	struct ksmbd_open *open, *found = NULL;
	struct ksmbd_file *file = ksmbd_file_find(inode);

	if (!file)
		return NULL;
	mutex_lock(&file->lock);
	list_for_each_entry(open, &file->opens, file_link)
		if (is_instance(open, rq, app) &&
		    READ_ONCE(open->state) != OPEN_DYING &&
		    refcount_inc_not_zero(&open->ref)) {
			found = open;
			break;
		}
	mutex_unlock(&file->lock);
	ksmbd_file_put(file);
	return found;
}

/* Only a version that is higher takes over from one that has a version. */
static bool is_older(const struct smb2_app_instance *app,
		     const struct smb2_app_instance *there)
{
	if (!there->has_version)
		return false;
	if (!app->has_version || there->high > app->high)
		return true;
	return there->high == app->high && there->low >= app->low;
}

ntstatus_t ksmbd_app_instance_take_over(struct ksmbd_request *rq,
					const struct ksmbd_create *c,
					const struct path *path, u32 maximal)
{
	ntstatus_t status = STATUS_SUCCESS;
	struct ksmbd_open *open;

	if (!c->app || c->stream)
		return STATUS_SUCCESS;
	while (status == STATUS_SUCCESS &&
	       (open = find(d_inode(path->dentry), rq, c->app))) {
		if (is_older(c->app, open->app)) {
			status = STATUS_FILE_FORCED_CLOSED;
		} else if (ksmbd_access_map_generic(ACCESS_GENERIC_READ) & ~maximal) {
			ksmbd_open_put(open);
			break;
		} else {
			ksmbd_debug(VFS, "a handle goes to another client of its application\n");
			if (!ksmbd_open_close(open))
				ksmbd_durable_end(open);
		}
		ksmbd_open_put(open);
	}
	return status;
}
