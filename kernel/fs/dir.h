/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KSMBD_DIR_H
#define _KSMBD_DIR_H

#include "fs/open.h"

/*
 * 0 for a directory without entries, -ENOTEMPTY, or another error; -EACCES when
 * the opener may not list it.
 */
int ksmbd_dir_check_empty(const struct ksmbd_open *open);

#endif
