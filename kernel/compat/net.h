/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages into a socket by reference: a flag of sendmsg since 6.5, a call of its own before.
 * A socket of the kernel's that outlives its owner: a call since 6.15.
 */
#ifndef _KSMBD_COMPAT_NET_H
#define _KSMBD_COMPAT_NET_H

#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/net_namespace.h>
#include <net/sock.h>

/*
 * @size bytes from @offset of @page, a compound one perhaps; MSG_MORE: more will come.
 * How many went in, or -errno.
 */
static inline int compat_send_page(struct socket *sock, struct page *page,
				   size_t offset, size_t size, int flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	struct msghdr msg = { .msg_flags = MSG_SPLICE_PAGES | flags };
	struct bio_vec bv;

	bvec_set_page(&bv, page, size, offset);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bv, 1, size);
	return sock_sendmsg(sock, &msg);
#else
	return kernel_sendpage(sock, page, offset, size, flags);
#endif
}

/*
 * From here on @sk, a TCP socket that only the caller knows, holds its network namespace
 * as sockets of processes do.  TCP stops the timers of those that don't as soon as they
 * are released: a FIN that gets lost would never be sent again, and the socket stay.
 */
static inline void compat_hold_net(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	sk_net_refcnt_upgrade(sk);
#else
	struct net *net = sock_net(sk);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	__netns_tracker_free(net, &sk->ns_tracker, false);
#endif
	sk->sk_net_refcnt = 1;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
	get_net_track(net, &sk->ns_tracker, GFP_KERNEL);
	sock_inuse_add(net, 1);
#else
	get_net(net);
#ifdef CONFIG_PROC_FS
	this_cpu_add(*net->core.sock_inuse, 1);
#endif
#endif
#endif
}

#endif
