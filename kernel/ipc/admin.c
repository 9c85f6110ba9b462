// SPDX-License-Identifier: GPL-2.0
/*
 * The administration family: rows of struct ksmbd_admin_row as attributes.
 *
 * A dump goes on where its cursor stands, with as many rows as fit a message.
 * Everything needs CAP_NET_ADMIN in the initial user namespace.
 */
#include "ipc/admin.h"

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include "compat/genetlink.h"

static const struct ksmbd_admin_ops *layers __ro_after_init;

/* --- rows as attributes --- */

struct field {
	u16 attr;
	enum field_type { FIELD_U32, FIELD_U64, FIELD_STRING, FIELD_PATH,
			  FIELD_CONNECTIONS, FIELD_HISTOGRAM } type;
	u16 offset;
};

#define FIELD(type, attr, member) \
	{ KSMBD_ADMIN_A_##attr, type, offsetof(struct ksmbd_admin_row, member) }
#define U32(attr, member)	FIELD(FIELD_U32, attr, member)
#define U64(attr, member)	FIELD(FIELD_U64, attr, member)
#define STRING(attr, member)	FIELD(FIELD_STRING, attr, member)

static const struct field server_fields[] = {
	STRING(NAME, name), U32(STATE, state), U32(PORT, port), U64(AGE, age),
	U32(CONNECTIONS, connections), U32(SESSIONS, sessions), U32(OPENS, opens),
};

static const struct field connection_fields[] = {
	U64(ID, id), STRING(PEER, peer), U32(DIALECT, dialect),
	U32(SIGNING, signing), U32(CIPHER, cipher), U64(AGE, age),
	U64(IDLE, idle), U32(SESSIONS, sessions), U32(OPENS, opens),
	U32(REQUESTS, requests), U32(WAITING, waiting),
};

static const struct field session_fields[] = {
	U64(ID, id), STRING(USER, user), U32(UID, uid), STRING(PEER, peer),
	FIELD(FIELD_CONNECTIONS, CONNECTION, connection),
	U32(DIALECT, dialect), U32(FLAGS, flags), U64(AGE, age),
	U64(IDLE, idle), U32(TREES, trees), U32(OPENS, opens),
};

static const struct field tree_fields[] = {
	U64(SESSION, session), U32(TREE, tree), STRING(USER, user),
	STRING(PEER, peer), STRING(SHARE, share), U32(FLAGS, flags),
	U32(ACCESS, access),
};

static const struct field open_fields[] = {
	U64(ID, id), U64(SERIAL, serial), U64(SESSION, session),
	U32(TREE, tree), STRING(USER, user), STRING(PEER, peer),
	STRING(SHARE, share), FIELD(FIELD_PATH, PATH, path),
	U32(FLAGS, flags), U32(ACCESS, access),
	U32(SHARE_ACCESS, share_access), U32(OPTIONS, options),
	U32(LOCKS, locks),
};

static const struct field lock_fields[] = {
	U64(ID, id), U64(SERIAL, serial), U64(SESSION, session),
	STRING(USER, user), STRING(SHARE, share),
	FIELD(FIELD_PATH, PATH, path), U64(OFFSET, offset),
	U64(LENGTH, length), U32(FLAGS, flags),
};

static const struct field command_fields[] = {
	U64(ID, id), STRING(NAME, name), U64(COUNT, count),
	U64(ERRORS, errors), U64(TIME, time), U64(BYTES, bytes),
	FIELD(FIELD_HISTOGRAM, HISTOGRAM, histogram),
};

static int put_connections(struct sk_buff *skb, u16 attr,
			   const struct ksmbd_admin_row *row)
{
	int err = 0;

	for (u32 i = 0; i < row->n_connection && !err; i++)
		err = nla_put_u32(skb, attr, row->connection[i]);
	return err;
}

static int put_field(struct sk_buff *skb, const struct field *f,
		     const struct ksmbd_admin_row *row)
{
	const void *value = (const char *)row + f->offset;

	switch (f->type) {
	case FIELD_U32:
		return nla_put_u32(skb, f->attr, *(const u32 *)value);
	case FIELD_U64:
		return nla_put_u64_64bit(skb, f->attr, *(const u64 *)value,
					 KSMBD_ADMIN_A_PAD);
	case FIELD_STRING:
		return nla_put_string(skb, f->attr, value);
	case FIELD_PATH:
		return nla_put_string(skb, f->attr, row->path);
	case FIELD_CONNECTIONS:
		return put_connections(skb, f->attr, row);
	case FIELD_HISTOGRAM:
		return nla_put(skb, f->attr, sizeof(row->histogram), value);
	}
	return -EINVAL;
}

static int put_fields(struct sk_buff *skb, const struct field *f, size_t n,
		      const struct ksmbd_admin_row *row)
{
	int err = 0;

	while (n-- && !err)
		err = put_field(skb, f++, row);
	return err;
}

static struct ksmbd_admin_row *row_new(void)
{
	struct ksmbd_admin_row *row = kzalloc(sizeof(*row), GFP_KERNEL);

	if (!row)
		return NULL;
	row->path = kzalloc(PATH_MAX, GFP_KERNEL);
	if (!row->path) {
		kfree(row);
		return NULL;
	}
	return row;
}

static void row_free(struct ksmbd_admin_row *row)
{
	kfree(row->path);
	kfree(row);
}

/* The next one begins empty: what an object lacks is not the last one's. */
static void row_clear(struct ksmbd_admin_row *row)
{
	char *path = row->path;

	memset(row, 0, sizeof(*row));
	row->path = path;
	*path = '\0';
}

/* --- dumps --- */

#define KIND(next, fields)						\
	{ offsetof(struct ksmbd_admin_ops, next_##next), fields, ARRAY_SIZE(fields) }

static const struct kind {
	size_t next;			/* its place in the layers' table */
	const struct field *fields;
	size_t n_fields;
} kinds[] = {
	[KSMBD_ADMIN_CMD_CONNECTION_GET] = KIND(connection, connection_fields),
	[KSMBD_ADMIN_CMD_SESSION_GET]	 = KIND(session, session_fields),
	[KSMBD_ADMIN_CMD_TREE_GET]	 = KIND(tree, tree_fields),
	[KSMBD_ADMIN_CMD_OPEN_GET]	 = KIND(open, open_fields),
	[KSMBD_ADMIN_CMD_LOCK_GET]	 = KIND(lock, lock_fields),
	[KSMBD_ADMIN_CMD_COMMAND_GET]	 = KIND(command, command_fields),
};

static struct genl_family family;

static int put_message(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		       const struct kind *kind, const struct ksmbd_admin_row *row)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				 cb->nlh->nlmsg_seq, &family, NLM_F_MULTI, cmd);

	if (!head)
		return -EMSGSIZE;
	if (put_fields(skb, kind->fields, kind->n_fields, row)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	u8 cmd = ((struct genlmsghdr *)nlmsg_data(cb->nlh))->cmd;
	struct ksmbd_admin_cursor *at = (void *)cb->ctx, next;
	bool (*get)(struct ksmbd_admin_cursor *, struct ksmbd_admin_row *);
	const struct kind *kind = &kinds[cmd];
	struct ksmbd_admin_row *row = row_new();

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	if (!row)
		return -ENOMEM;
	memcpy(&get, (const char *)layers + kind->next, sizeof(get));
	for (;;) {
		next = *at;
		row_clear(row);
		if (!get(&next, row) || put_message(skb, cb, cmd, kind, row))
			break;
		*at = next;		/* only now is it said */
		cond_resched();
	}
	row_free(row);
	return skb->len;
}

/* --- single answers and orders --- */

static int server_get(struct sk_buff *skb, struct genl_info *info)
{
	struct ksmbd_admin_row *row = row_new();
	struct sk_buff *reply = NULL;
	int err = -ENOMEM;
	void *head;

	if (!row)
		return err;
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		goto out;
	layers->server(row);
	head = genlmsg_put_reply(reply, info, &family, 0,
				 KSMBD_ADMIN_CMD_SERVER_GET);
	err = head ? put_fields(reply, server_fields,
				ARRAY_SIZE(server_fields), row) : -EMSGSIZE;
	if (err) {
		nlmsg_free(reply);
		goto out;
	}
	genlmsg_end(reply, head);
	err = genlmsg_reply(reply, info);
out:
	row_free(row);
	return err;
}

static int close_one(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[KSMBD_ADMIN_A_ID];
	struct nlattr *serial = info->attrs[KSMBD_ADMIN_A_SERIAL];
	struct nlattr *session = info->attrs[KSMBD_ADMIN_A_SESSION];
	struct nlattr *tree = info->attrs[KSMBD_ADMIN_A_TREE];
	struct nlattr *share = info->attrs[KSMBD_ADMIN_A_SHARE];

	switch (info->genlhdr->cmd) {
	case KSMBD_ADMIN_CMD_CONNECTION_CLOSE:
		return id ? layers->close_connection(nla_get_u64(id)) : -EINVAL;
	case KSMBD_ADMIN_CMD_SESSION_CLOSE:
		return id ? layers->close_session(nla_get_u64(id)) : -EINVAL;
	case KSMBD_ADMIN_CMD_TREE_CLOSE:
		return session && tree ?
		       layers->close_tree(nla_get_u64(session),
					  nla_get_u32(tree)) : -EINVAL;
	case KSMBD_ADMIN_CMD_OPEN_CLOSE:
		return id && serial ?
		       layers->close_open(nla_get_u64(id),
					  nla_get_u64(serial)) : -EINVAL;
	case KSMBD_ADMIN_CMD_SHARE_CLOSE:
		return share ? layers->close_share(nla_data(share)) : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* --- the family --- */

/* What a request may carry; answers are not checked against it. */
static const struct nla_policy policy[KSMBD_ADMIN_A_MAX + 1] = {
	[KSMBD_ADMIN_A_ID]	= { .type = NLA_U64 },
	[KSMBD_ADMIN_A_SERIAL]	= { .type = NLA_U64 },
	[KSMBD_ADMIN_A_SESSION]	= { .type = NLA_U64 },
	[KSMBD_ADMIN_A_TREE]	= { .type = NLA_U32 },
	[KSMBD_ADMIN_A_SHARE]	= { .type = NLA_NUL_STRING,
				    .len = KSMBD_REQ_MAX_SHARE_NAME - 1 },
};

#define DUMP(what) \
	{ .cmd = KSMBD_ADMIN_CMD_##what, .flags = GENL_ADMIN_PERM, .dumpit = dump }
#define ORDER(what) \
	{ .cmd = KSMBD_ADMIN_CMD_##what, .flags = GENL_ADMIN_PERM, .doit = close_one }

static const struct genl_small_ops ops[] = {
	{ .cmd = KSMBD_ADMIN_CMD_SERVER_GET, .flags = GENL_ADMIN_PERM,
	  .doit = server_get },
	DUMP(CONNECTION_GET),
	DUMP(SESSION_GET),
	DUMP(TREE_GET),
	DUMP(OPEN_GET),
	DUMP(LOCK_GET),
	DUMP(COMMAND_GET),
	ORDER(CONNECTION_CLOSE),
	ORDER(SESSION_CLOSE),
	ORDER(TREE_CLOSE),
	ORDER(OPEN_CLOSE),
	ORDER(SHARE_CLOSE),
};

/* parallel_ops: closing may wait for files to be written. */
static struct genl_family family __ro_after_init = {
	.name		= KSMBD_ADMIN_GENL_NAME,
	.version	= KSMBD_ADMIN_GENL_VERSION,
	.maxattr	= KSMBD_ADMIN_A_MAX,
	.policy		= policy,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.small_ops	= ops,
	.n_small_ops	= ARRAY_SIZE(ops),
	COMPAT_GENL_RESV_START(KSMBD_ADMIN_CMD_SHARE_CLOSE + 1)
};

int ksmbd_admin_init(const struct ksmbd_admin_ops *admin_ops)
{
	layers = admin_ops;
	return genl_register_family(&family);
}

void ksmbd_admin_exit(void)
{
	genl_unregister_family(&family);
}
