# SPDX-License-Identifier: GPL-2.0-only
# The x86 debug kernel rig; see README.md beside this file.

DEBUG := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

.PHONY: debug-kernel kcsan-kernel debug-module test-debug test-kcsan debug-selftest debug-clean

debug-kernel:		## build the x86 debug kernel into the cache
	$(DEBUG)/build.sh

kcsan-kernel:		## build the one that looks for data races
	$(DEBUG)/build.sh kcsan

debug-module: deps-build	## build the module for it
	$(DEBUG)/build-module.sh

test-debug: deps-run deps-test venv-test debug-module	## the VM suite on it
	$(DEBUG)/run.sh $(DEBUG_TESTS)

test-kcsan: deps-run deps-test venv-test deps-build	## storms on the KCSAN kernel
	$(DEBUG)/run.sh kcsan $(DEBUG_TESTS)

debug-selftest: deps-run venv-test	## prove that every checker of the rig finds its bug
	.venv/bin/python -m pytest -v --capture=sys $(DEBUG)/selftest.py $(DEBUG)/selftest_kcsan.py

debug-clean:
	rm -rf $(DEBUG)/../../../build/debug
