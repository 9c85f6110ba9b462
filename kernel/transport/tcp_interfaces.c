// SPDX-License-Identifier: GPL-2.0
/* What the server tells multichannel clients of its interfaces. */
#include "transport/tcp.h"

#include <linux/ethtool.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>
#include "transport/transport.h"
#include "wire/fsctl.h"

#define SPEED_ASSUMED	1000		/* Mbit/s, where the driver does not say */

struct addresses {
	struct fsctl_interface *entries;
	unsigned int n, max;
};

static void add(struct addresses *l, const struct fsctl_interface *of, bool ipv6,
		const void *address)
{
	struct fsctl_interface *i;

	if (l->n == l->max)
		return;
	i = &l->entries[l->n++];
	*i = *of;
	i->ipv6 = ipv6;
	memcpy(i->address, address, ipv6 ? 16 : 4);
}

static u64 speed_of(struct net_device *dev)
{
	struct ethtool_link_ksettings link = { };

	ASSERT_RTNL();
	if (__ethtool_get_link_ksettings(dev, &link) || !link.base.speed ||
	    link.base.speed == (u32)SPEED_UNKNOWN)
		link.base.speed = SPEED_ASSUMED;
	return link.base.speed * 1000000ULL;
}

static void add_ipv4(struct addresses *l, const struct fsctl_interface *of,
		     struct net_device *dev)
{
	const struct in_device *in = __in_dev_get_rtnl(dev);
	const struct in_ifaddr *a;

	if (!in)
		return;
	in_dev_for_each_ifa_rtnl(a, in)
		add(l, of, false, &a->ifa_local);
}

/* Not link-local ones: their scope means nothing to a client. */
static void add_ipv6(struct addresses *l, const struct fsctl_interface *of,
		     struct net_device *dev)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct inet6_dev *in6 = __in6_dev_get(dev);
	const struct inet6_ifaddr *a;

	if (!in6)
		return;
	read_lock_bh(&in6->lock);
	list_for_each_entry(a, &in6->addr_list, if_list)
		if (!(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) &&
		    !(ipv6_addr_type(&a->addr) & IPV6_ADDR_LINKLOCAL))
			add(l, of, true, &a->addr);
	read_unlock_bh(&in6->lock);
#endif
}

static void add_device(struct addresses *l, struct net_device *dev)
{
	const struct fsctl_interface of = {
		.index		= dev->ifindex,
		.capability	= dev->real_num_rx_queues > 1 ?
				  FSCTL_INTERFACE_RSS : 0,
		.speed		= speed_of(dev),
	};

	add_ipv4(l, &of, dev);
	add_ipv6(l, &of, dev);
}

unsigned int ksmbd_tcp_interfaces(bool loopback, struct fsctl_interface *entries,
				  unsigned int max)
{
	struct addresses l = { .entries = entries, .max = max };
	struct net_device *dev;
	struct net *net;

	net = ksmbd_tcp_listen_lock();
	rtnl_lock();
	if (net)
		for_each_netdev(net, dev)
			if (dev->flags & IFF_UP && netif_carrier_ok(dev) &&
			    (loopback || !(dev->flags & IFF_LOOPBACK)) &&
			    ksmbd_tcp_listens_on(dev->ifindex))
				add_device(&l, dev);
	rtnl_unlock();
	ksmbd_tcp_listen_unlock();
	return l.n;
}
