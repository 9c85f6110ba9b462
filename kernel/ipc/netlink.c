// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: what comes in is checked for its sender, its
 * version and its length here, and handed on as bytes.
 *
 * The acknowledgment is the return value.  Stock daemons end themselves when
 * it is negative, so nothing but a startup may fail once the form is right.
 */
#include "ipc/link.h"

#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <net/genetlink.h>
#include "compat/genetlink.h"
#include "debug.h"

#define MIN_LEN(n)	{ .type = NLA_UNSPEC, .len = (n) }

static const struct nla_policy policy[KSMBD_EVENT_MAX + 1] = {
	[KSMBD_EVENT_HEARTBEAT_REQUEST]	   = MIN_LEN(sizeof(struct ksmbd_heartbeat)),
	[KSMBD_EVENT_STARTING_UP]	   = MIN_LEN(sizeof(struct ksmbd_startup_request)),
	[KSMBD_EVENT_SHUTTING_DOWN]	   = MIN_LEN(sizeof(struct ksmbd_shutdown_request)),
	[KSMBD_EVENT_LOGIN_REQUEST]	   = MIN_LEN(sizeof(struct ksmbd_login_request)),
	[KSMBD_EVENT_LOGIN_RESPONSE]	   = MIN_LEN(sizeof(struct ksmbd_login_response)),
	[KSMBD_EVENT_SHARE_CONFIG_REQUEST] = MIN_LEN(sizeof(struct ksmbd_share_config_request)),
	[KSMBD_EVENT_SHARE_CONFIG_RESPONSE] = MIN_LEN(sizeof(struct ksmbd_share_config_response)),
	[KSMBD_EVENT_TREE_CONNECT_REQUEST] = MIN_LEN(sizeof(struct ksmbd_tree_connect_request)),
	[KSMBD_EVENT_TREE_CONNECT_RESPONSE] = MIN_LEN(sizeof(struct ksmbd_tree_connect_response)),
	[KSMBD_EVENT_TREE_DISCONNECT_REQUEST] =
		MIN_LEN(sizeof(struct ksmbd_tree_disconnect_request)),
	[KSMBD_EVENT_LOGOUT_REQUEST]	   = MIN_LEN(sizeof(struct ksmbd_logout_request)),
	[KSMBD_EVENT_LOGIN_REQUEST_EXT]	   = MIN_LEN(sizeof(struct ksmbd_login_request)),
	[KSMBD_EVENT_LOGIN_RESPONSE_EXT]   = MIN_LEN(sizeof(struct ksmbd_login_response_ext)),
};

static int receive(struct sk_buff *skb, struct genl_info *info);

#define OP(event) {							\
		.cmd	  = KSMBD_EVENT_##event,			\
		.validate = GENL_DONT_VALIDATE_STRICT | GENL_DONT_VALIDATE_DUMP, \
		.doit	  = receive,					\
	}

static const struct genl_small_ops ops[] = {
	OP(UNSPEC),
	OP(HEARTBEAT_REQUEST),
	OP(STARTING_UP),
	OP(SHUTTING_DOWN),
	OP(LOGIN_REQUEST),
	OP(LOGIN_RESPONSE),
	OP(SHARE_CONFIG_REQUEST),
	OP(SHARE_CONFIG_RESPONSE),
	OP(TREE_CONNECT_REQUEST),
	OP(TREE_CONNECT_RESPONSE),
	OP(TREE_DISCONNECT_REQUEST),
	OP(LOGOUT_REQUEST),
	OP(RPC_REQUEST),
	OP(RPC_RESPONSE),
	OP(SPNEGO_AUTHEN_REQUEST),
	OP(SPNEGO_AUTHEN_RESPONSE),
	OP(LOGIN_REQUEST_EXT),
	OP(LOGIN_RESPONSE_EXT),
};

/*
 * parallel_ops: a startup may take the time it takes to open sockets, and
 * must not hold up every other generic netlink user meanwhile.
 */
static struct genl_family family __ro_after_init = {
	.name		= KSMBD_GENL_NAME,
	.version	= KSMBD_GENL_VERSION,
	.maxattr	= KSMBD_EVENT_MAX,
	.policy		= policy,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.small_ops	= ops,
	.n_small_ops	= ARRAY_SIZE(ops),
	COMPAT_GENL_RESV_START(KSMBD_EVENT_MAX + 1)
};

static int receive(struct sk_buff *skb, struct genl_info *info)
{
	u8 event = info->genlhdr->cmd;
	const struct nlattr *attr;

	if (!netlink_capable(skb, CAP_NET_ADMIN)) {
		pr_info_ratelimited("ksmbd: event %u from a process without CAP_NET_ADMIN refused\n",
				    event);
		return -EPERM;
	}
	if (info->genlhdr->version != KSMBD_GENL_VERSION) {
		pr_info_ratelimited("ksmbd: netlink version mismatch: %u, not %u\n",
				    info->genlhdr->version, KSMBD_GENL_VERSION);
		return -EINVAL;
	}
	attr = event ? info->attrs[event] : NULL;
	if (!attr)
		return -EINVAL;

	switch (event) {
	case KSMBD_EVENT_STARTING_UP:
		/* We send in init_net only: elsewhere the port is another's. */
		if (!net_eq(genl_info_net(info), &init_net)) {
			pr_info_ratelimited("ksmbd: mountd has to run in the initial network namespace\n");
			return -EINVAL;
		}
		return ksmbd_ipc_startup(nla_data(attr), nla_len(attr),
					 info->snd_portid);
	case KSMBD_EVENT_LOGIN_RESPONSE:
	case KSMBD_EVENT_SHARE_CONFIG_RESPONSE:
	case KSMBD_EVENT_TREE_CONNECT_RESPONSE:
	case KSMBD_EVENT_RPC_RESPONSE:
	case KSMBD_EVENT_SPNEGO_AUTHEN_RESPONSE:
	case KSMBD_EVENT_LOGIN_RESPONSE_EXT:
		return ksmbd_ipc_answered(event, nla_data(attr), nla_len(attr));
	default:
		pr_info_ratelimited("ksmbd: event %u is not for us\n", event);
		return -EINVAL;
	}
}

int ksmbd_ipc_unicast(u32 port, u8 event, const void *data, u32 len)
{
	struct sk_buff *skb = genlmsg_new(nla_total_size(len), GFP_KERNEL);
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put(skb, 0, 0, &family, 0, event);
	if (!head || nla_put(skb, event, len, data)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	ksmbd_debug(IPC, "event %u, %u bytes to port %u\n", event, len, port);
	return genlmsg_unicast(&init_net, skb, port);
}

/* A closed socket is known at once, not only when the next send fails. */
static int socket_released(struct notifier_block *nb, unsigned long what,
			   void *data)
{
	const struct netlink_notify *n = data;

	if (what == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC &&
	    net_eq(n->net, &init_net))
		ksmbd_ipc_daemon_gone(n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block released = {
	.notifier_call = socket_released,
};

int ksmbd_ipc_init(void)
{
	int err = ksmbd_ipc_names_init();

	if (err)
		return err;
	err = netlink_register_notifier(&released);
	if (err)
		goto undo_names;
	err = genl_register_family(&family);
	if (err)
		goto undo_notifier;
	return 0;

undo_notifier:
	netlink_unregister_notifier(&released);
undo_names:
	ksmbd_ipc_names_exit();
	return err;
}

void ksmbd_ipc_exit(void)
{
	ksmbd_ipc_stop();
	genl_unregister_family(&family);	/* waits for those inside */
	netlink_unregister_notifier(&released);
	/* a startup that was inside may have registered once more */
	ksmbd_ipc_stop();
	ksmbd_ipc_reset();
	ksmbd_ipc_names_exit();
}
