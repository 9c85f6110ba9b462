/* SPDX-License-Identifier: GPL-2.0 */
/* Inside server/: the files of /sys/class/ksmbd-control. */
#ifndef _KSMBD_CONTROL_H
#define _KSMBD_CONTROL_H

int ksmbd_control_init(void);
void ksmbd_control_exit(void);
/* The port of the last start, also when it is over. */
unsigned int ksmbd_server_port(void);

#endif
