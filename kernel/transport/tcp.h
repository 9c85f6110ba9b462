/* SPDX-License-Identifier: GPL-2.0 */
/* Inside transport/: an accepted socket becomes a connection. */
#ifndef _KSMBD_TCP_H
#define _KSMBD_TCP_H

#include <linux/types.h>

struct net;
struct socket;

/* Takes the socket over, whatever comes of it. */
void ksmbd_tcp_accepted(struct socket *sock);

int ksmbd_tcp_listen_init(void);
void ksmbd_tcp_listen_exit(void);

/* Holds off changes to the listeners, whose network it returns, or NULL: none. */
struct net *ksmbd_tcp_listen_lock(void);
void ksmbd_tcp_listen_unlock(void);
/* Under it: does one accept what comes in there? */
bool ksmbd_tcp_listens_on(int ifindex);

#endif
