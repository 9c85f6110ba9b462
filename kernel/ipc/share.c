// SPDX-License-Identifier: GPL-2.0
/* Shares and tree connects, by mountd's word. */
#include "ipc/link.h"

#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/unicode.h>
#include "wire/aapl.h"

#if IS_ENABLED(CONFIG_UNICODE)
static struct unicode_map *unicode;

int ksmbd_ipc_names_init(void)
{
	struct unicode_map *um = utf8_load(UNICODE_AGE(12, 1, 0));

	if (IS_ERR(um))
		pr_warn("ksmbd: no Unicode tables, share names fold in ASCII only\n");
	else
		unicode = um;
	return 0;
}

void ksmbd_ipc_names_exit(void)
{
	if (unicode)
		utf8_unload(unicode);
	unicode = NULL;
}

static int fold_unicode(const char *name, char *folded, size_t size)
{
	struct qstr q = QSTR_INIT(name, strlen(name));
	char whole[4 * KSMBD_REQ_MAX_SHARE_NAME];
	int len = utf8_casefold(unicode, &q, whole, sizeof(whole));

	if (len < 0)
		return -EINVAL;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(folded, whole, len);
	folded[len] = 0;
	return 0;
}

static bool have_unicode(void)
{
	return unicode;
}
#else
int ksmbd_ipc_names_init(void)
{
	return 0;
}

void ksmbd_ipc_names_exit(void)
{
}

static int fold_unicode(const char *name, char *folded, size_t size)
{
	return -EINVAL;
}

static bool have_unicode(void)
{
	return false;
}
#endif

int ksmbd_ipc_fold_name(const char *name, char folded[KSMBD_REQ_MAX_SHARE_NAME])
{
	size_t len = strlen(name);

	if (len >= KSMBD_REQ_MAX_SHARE_NAME)
		return -ENAMETOOLONG;
	if (have_unicode())
		return fold_unicode(name, folded, KSMBD_REQ_MAX_SHARE_NAME);
	for (size_t i = 0; i <= len; i++)
		folded[i] = tolower(name[i]);
	return 0;
}

/* --- share configuration --- */

/* The name may be left out; another share's may not stand there. */
static int check_name(const struct ksmbd_share_config_response *rsp,
		      const char *asked)
{
	const char *name = ksmbd_ipc_string(rsp->share_name,
					    sizeof(rsp->share_name));
	char folded[KSMBD_REQ_MAX_SHARE_NAME];

	if (!name)
		return -EPROTO;
	if (!*name)
		return 0;
	if (ksmbd_ipc_fold_name(name, folded) || strcmp(folded, asked))
		return -EPROTO;
	return 0;
}

/* A string and its NUL at the front of what is left of a payload; kfree() */
static int take_string(char **string, const char **payload, u32 *size, u32 max)
{
	u32 len = strnlen(*payload, *size);

	if (len == *size || len >= max)
		return -EPROTO;
	*string = kstrdup(*payload, GFP_KERNEL);
	*payload += len + 1;
	*size -= len + 1;
	return *string ? 0 : -ENOMEM;
}

/* A path from the share's root that leads down and nowhere else. */
static bool leads_down(const char *path)
{
	const char *end;

	for (;; path = end + 1) {
		end = strchrnul(path, '/');
		if (end == path || (end - path == 1 && *path == '.') ||
		    (end - path == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!*end)
			return true;
	}
}

static int take_snapshots(struct ksmbd_ipc_share *share, const char **payload,
			  u32 *size)
{
	int err = take_string(&share->snapshots, payload, size, NAME_MAX + 1) ?:
		  take_string(&share->snapshot_format, payload, size,
			      NAME_MAX + 1);

	if (err)
		return err;
	return leads_down(share->snapshots) && *share->snapshot_format &&
	       !strchr(share->snapshot_format, '/') ? 0 : -EPROTO;
}

static int take_recycle(struct ksmbd_ipc_share *share, const char **payload,
			u32 *size)
{
	int err = 0;

	for (u32 i = 0; !err && i < ARRAY_SIZE(share->recycle); i++)
		err = take_string(&share->recycle[i], payload, size, PATH_MAX);
	return err ?: leads_down(share->recycle[0]) ? 0 : -EPROTO;
}

/*
 * [veto list, NUL,] path, NUL.  What follows the path's NUL is ignored, but with
 * flags of ours: stock tools count a byte too many with "root directory".
 */
static int take_payload(struct ksmbd_ipc_share *share, const char *payload,
			u32 size, u32 veto)
{
	int err;

	if (veto > size)
		return -EPROTO;
	if (veto) {
		if (veto == size || payload[veto])
			return -EPROTO;
		share->veto_list = kvmalloc(veto + 1, GFP_KERNEL);
		if (!share->veto_list)
			return -ENOMEM;
		memcpy(share->veto_list, payload, veto + 1);
		share->veto_list_size = veto + 1;
		payload += veto + 1;
		size -= veto + 1;
	}
	err = take_string(&share->path, &payload, &size, PATH_MAX);
	if (err)
		return err;
	/* an empty path would be the root directory of the host */
	if (share->path[0] != '/')
		return -EPROTO;
	if (share->flags & KSMBD_SHARE_FLAG_SNAPSHOTS)
		err = take_snapshots(share, &payload, &size);
	if (!err && share->flags & KSMBD_SHARE_FLAG_APPLE)
		err = take_string(&share->model, &payload, &size,
				  AAPL_MODEL_MAX + 1);
	if (!err && share->flags & KSMBD_SHARE_FLAG_RECYCLE)
		err = take_recycle(share, &payload, &size);
	return err;
}

static int take_share(struct ksmbd_ipc_share *share,
		      const struct ksmbd_share_config_response *rsp, u32 len,
		      const char *asked)
{
	u32 size;
	int err;

	if (len < sizeof(*rsp))
		return -EPROTO;
	size = len - sizeof(*rsp);
	/* tools 3.4.7 leave payload_sz 0 */
	if (rsp->payload_sz && rsp->payload_sz != size)
		return -EPROTO;
	if (!rsp->flags)
		return -ENOENT;
	err = check_name(rsp, asked);
	if (err)
		return err;
	share->flags = rsp->flags;
	share->create_mask = rsp->create_mask;
	share->directory_mask = rsp->directory_mask;
	share->force_create_mode = rsp->force_create_mode;
	share->force_directory_mode = rsp->force_directory_mode;
	share->force_uid = rsp->force_uid;
	share->force_gid = rsp->force_gid;
	if (share->flags & KSMBD_SHARE_FLAG_PIPE)
		return 0;
	return take_payload(share, (const char *)rsp->____payload, size,
			    rsp->veto_list_sz);
}

int ksmbd_ipc_share_config(const char *name, struct ksmbd_ipc_share **share)
{
	struct ksmbd_share_config_request req = { };
	char folded[KSMBD_REQ_MAX_SHARE_NAME];
	struct ksmbd_ipc_share *s;
	void *reply;
	u32 len;
	int err;

	err = ksmbd_ipc_fold_name(name, folded) ?:
	      ksmbd_ipc_put_string(req.share_name, sizeof(req.share_name),
				   folded);
	if (err)
		return err;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	err = ksmbd_ipc_ask_once(KSMBD_EVENT_SHARE_CONFIG_REQUEST, &req,
				 sizeof(req), &reply, &len);
	if (!err) {
		err = take_share(s, reply, len, folded);
		kvfree(reply);
	}
	if (err) {
		ksmbd_ipc_share_free(s);
		return err;
	}
	*share = s;
	return 0;
}

void ksmbd_ipc_share_free(struct ksmbd_ipc_share *share)
{
	kvfree(share->veto_list);
	kfree(share->path);
	kfree(share->snapshots);
	kfree(share->snapshot_format);
	kfree(share->model);
	for (u32 i = 0; i < ARRAY_SIZE(share->recycle); i++)
		kfree(share->recycle[i]);
	kfree(share);
}

/* --- tree connect --- */

int ksmbd_ipc_tree_connect(struct ksmbd_ipc_tree *tree)
{
	struct ksmbd_tree_connect_request req = {
		.account_flags	= tree->account_flags,
		.flags		= KSMBD_TREE_CONN_REQ_SMB2 |
				  KSMBD_TREE_CONN_REQ_ENCRYPTS,
		.session_id	= tree->session_id,
		.connect_id	= tree->tree_id,
	};
	const struct ksmbd_tree_connect_response *rsp;
	char folded[KSMBD_REQ_MAX_SHARE_NAME];
	void *reply;
	u32 len;
	int err;

	if (tree->ipv6)
		req.flags |= KSMBD_TREE_CONN_REQ_IPV6;
	err = ksmbd_ipc_fold_name(tree->share, folded) ?:
	      ksmbd_ipc_put_string(req.account, sizeof(req.account),
				   tree->account) ?:
	      ksmbd_ipc_put_string(req.share, sizeof(req.share), folded) ?:
	      ksmbd_ipc_put_string(req.peer_addr, sizeof(req.peer_addr),
				   tree->peer);
	if (err)
		return err;
	err = ksmbd_ipc_ask_once(KSMBD_EVENT_TREE_CONNECT_REQUEST, &req,
				 sizeof(req), &reply, &len);
	if (err)
		return err;
	rsp = reply;
	if (len < sizeof(*rsp)) {
		err = -EPROTO;
	} else {
		tree->status = rsp->status;
		tree->flags = rsp->connection_flags;
	}
	kvfree(reply);
	return err;
}

void ksmbd_ipc_tree_disconnect(u64 session_id, u64 tree_id)
{
	struct ksmbd_tree_disconnect_request req = {
		.session_id = session_id,
		.connect_id = tree_id,
	};

	ksmbd_ipc_notify(KSMBD_EVENT_TREE_DISCONNECT_REQUEST, &req, sizeof(req));
}
