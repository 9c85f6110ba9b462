// SPDX-License-Identifier: GPL-2.0
/*
 * The listening sockets: one for every address, or one per configured
 * interface, bound to it and following it up and down.
 */
#include "transport/transport.h"

#include <linux/err.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include "debug.h"
#include "ipc/ipc.h"
#include "transport/tcp.h"

#define BACKLOG	256

/*
 * struct listener - a listening socket and the thread that accepts from it
 * @ifindex: of the interface it is bound to; 0: all addresses
 */
struct listener {
	struct list_head link;
	int ifindex;
	char ifname[IFNAMSIZ];
	struct socket *sock;
	struct task_struct *task;
};

/* @listen_lock guards the list and whether we listen; sleeps. */
static DEFINE_MUTEX(listen_lock);
static LIST_HEAD(listeners);
static struct net *listen_net;		/* NULL: not listening */

static int accept_thread(void *data)
{
	struct listener *l = data;
	struct socket *sock;
	int err;

	while (!kthread_should_stop()) {
		err = kernel_accept(l->sock, &sock, 0);
		if (!err) {
			ksmbd_tcp_accepted(sock);
			continue;
		}
		/* out of memory or descriptors, or the end: kthread_stop() wakes */
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_timeout(HZ / 10);
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

/* --- one listener --- */

static int bind_wildcard(struct socket *sock, int family, u16 port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family	= AF_INET6,
		.sin6_port	= htons(port),
		.sin6_addr	= IN6ADDR_ANY_INIT,
	};
	struct sockaddr_in in = {
		.sin_family	= AF_INET,
		.sin_port	= htons(port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};

	if (family == AF_INET)
		return kernel_bind(sock, (void *)&in, sizeof(in));
	/* IPv4 too, whatever net.ipv6.bindv6only says */
	sock->sk->sk_ipv6only = false;
	return kernel_bind(sock, (void *)&in6, sizeof(in6));
}

static int open_socket(struct net *net, int family, int ifindex, u16 port,
		       struct socket **out)
{
	struct socket *sock;
	int err;

	err = sock_create_kern(net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock_set_reuseaddr(sock->sk);
	if (ifindex)
		err = sock_bindtoindex(sock->sk, ifindex, true);
	err = err ?: bind_wildcard(sock, family, port) ?:
	      kernel_listen(sock, BACKLOG);
	if (err) {
		sock_release(sock);
		return err;
	}
	*out = sock;
	return 0;
}

static int listener_add_locked(const char *ifname, int ifindex)
{
	u16 port = ksmbd_settings.tcp_port;
	struct listener *l;
	int err;

	lockdep_assert_held(&listen_lock);
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	l->ifindex = ifindex;
	strscpy(l->ifname, ifname, sizeof(l->ifname));
	err = open_socket(listen_net, AF_INET6, ifindex, port, &l->sock);
	if (err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL)	/* no IPv6 here */
		err = open_socket(listen_net, AF_INET, ifindex, port, &l->sock);
	if (err) {
		pr_err("ksmbd: cannot listen on port %u%s%s: %d\n", port,
		       *ifname ? " of " : "", ifname, err);
		goto undo_listener;
	}
	l->task = kthread_create(accept_thread, l, "ksmbd/0%s%s",
				 *ifname ? ":" : "", ifname);
	if (IS_ERR(l->task)) {
		err = PTR_ERR(l->task);
		goto undo_socket;
	}
	list_add_tail(&l->link, &listeners);
	wake_up_process(l->task);
	pr_info("ksmbd: listening on port %u%s%s\n", port,
		*ifname ? " of " : "", ifname);
	return 0;

undo_socket:
	sock_release(l->sock);
undo_listener:
	kfree(l);
	return err;
}

static void listener_remove_locked(struct listener *l)
{
	lockdep_assert_held(&listen_lock);
	list_del(&l->link);
	kernel_sock_shutdown(l->sock, SHUT_RDWR);	/* ends accept() */
	kthread_stop(l->task);
	sock_release(l->sock);
	kfree(l);
}

/* --- following interfaces --- */

/* Its index when it is there and up, else 0. */
static int ifindex_up(const char *ifname)
{
	struct net_device *dev = dev_get_by_name(listen_net, ifname);
	int ifindex = 0;

	if (!dev)
		return 0;
	if (READ_ONCE(dev->flags) & IFF_UP)
		ifindex = dev->ifindex;
	dev_put(dev);
	return ifindex;
}

static struct listener *listener_of_locked(const char *ifname)
{
	struct listener *l;

	list_for_each_entry(l, &listeners, link)
		if (!strcmp(l->ifname, ifname))
			return l;
	return NULL;
}

/* Makes the listeners what the interfaces are.  The first error, if any. */
static int follow_interfaces_locked(void)
{
	int first = 0;

	for (u16 i = 0; i < ksmbd_settings.n_interfaces; i++) {
		const char *ifname = ksmbd_settings.interfaces[i];
		struct listener *l = listener_of_locked(ifname);
		int ifindex = ifindex_up(ifname);
		int err;

		if (l && l->ifindex == ifindex)
			continue;
		if (l) {
			pr_info("ksmbd: %s went down\n", ifname);
			listener_remove_locked(l);
		}
		err = ifindex ? listener_add_locked(ifname, ifindex) : 0;
		first = first ?: err;
	}
	return first;
}

static void follow_work(struct work_struct *work)
{
	mutex_lock(&listen_lock);
	if (listen_net)
		follow_interfaces_locked();
	mutex_unlock(&listen_lock);
}

static DECLARE_WORK(follow, follow_work);

/* Under rtnl: sockets and threads are made and ended elsewhere. */
static int interface_changed(struct notifier_block *nb, unsigned long what,
			     void *data)
{
	switch (what) {
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGENAME:
		schedule_work(&follow);
	}
	return NOTIFY_DONE;
}

static struct notifier_block interfaces = {
	.notifier_call = interface_changed,
};

/* --- for who describes them --- */

struct net *ksmbd_tcp_listen_lock(void)
{
	mutex_lock(&listen_lock);
	return listen_net;
}

void ksmbd_tcp_listen_unlock(void)
{
	mutex_unlock(&listen_lock);
}

bool ksmbd_tcp_listens_on(int ifindex)
{
	struct listener *l;

	lockdep_assert_held(&listen_lock);
	list_for_each_entry(l, &listeners, link)
		if (!l->ifindex || l->ifindex == ifindex)
			return true;
	return false;
}

/* --- start and stop --- */

static int start_locked(void)
{
	int err;

	if (!ksmbd_settings.n_interfaces)
		return listener_add_locked("", 0);
	err = follow_interfaces_locked();
	if (!list_empty(&listeners))
		return 0;
	if (!err)
		pr_warn("ksmbd: none of the configured interfaces is up yet\n");
	return err;
}

int ksmbd_tcp_start(struct net *net)
{
	int err;

	mutex_lock(&listen_lock);
	listen_net = net;
	err = start_locked();
	if (err)
		listen_net = NULL;
	mutex_unlock(&listen_lock);
	return err;
}

void ksmbd_tcp_stop(void)
{
	struct listener *l, *next;

	mutex_lock(&listen_lock);
	list_for_each_entry_safe(l, next, &listeners, link)
		listener_remove_locked(l);
	listen_net = NULL;
	mutex_unlock(&listen_lock);
}

int ksmbd_tcp_listen_init(void)
{
	return register_netdevice_notifier(&interfaces);
}

void ksmbd_tcp_listen_exit(void)
{
	unregister_netdevice_notifier(&interfaces);
	cancel_work_sync(&follow);
}
