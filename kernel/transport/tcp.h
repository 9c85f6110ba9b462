/* SPDX-License-Identifier: GPL-2.0 */
/* Inside transport/: an accepted socket becomes a connection. */
#ifndef _KSMBD_TCP_H
#define _KSMBD_TCP_H

struct socket;

/* Takes the socket over, whatever comes of it. */
void ksmbd_tcp_accepted(struct socket *sock);

int ksmbd_tcp_listen_init(void);
void ksmbd_tcp_listen_exit(void);

#endif
