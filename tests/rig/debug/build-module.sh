#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ../kernel/build-module.sh for this rig's kernel.
exec "$(dirname "$0")/../kernel/build-module.sh" -r debug "$@"
