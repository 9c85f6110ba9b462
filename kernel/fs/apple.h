/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a Mac asks of a share that says so (vfs objects = fruit): who we are, and in
 * listings what it would have to open each file for.  wire/aapl.h has the forms.
 *
 * Finder information and resource forks are the streams AFP_AfpInfo and AFP_Resource,
 * as Samba keeps them with streams_xattr.
 */
#ifndef _KSMBD_APPLE_H
#define _KSMBD_APPLE_H

#include "fs/open.h"
#include "wire/aapl.h"

/*
 * False: there is no answer.  Else @a, which is the share's as long as @tree, and
 * listings on @tree tell more from then on, if the client said that it understands.
 */
bool ksmbd_apple_answer(struct ksmbd_tree *tree, const struct aapl_query *q,
			struct aapl_answer *a);

/* Of an entry of @dir's listing; @created: seconds since 1970. */
void ksmbd_apple_describe(const struct ksmbd_open *dir, const struct path *path,
			  s64 created, struct fscc_apple *a);

#endif
