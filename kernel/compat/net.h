/* SPDX-License-Identifier: GPL-2.0 */
/* Pages into a socket by reference: a flag of sendmsg since 6.5, a call of its own before. */
#ifndef _KSMBD_COMPAT_NET_H
#define _KSMBD_COMPAT_NET_H

#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/version.h>

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

#endif
