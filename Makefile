# SPDX-License-Identifier: GPL-2.0-only
#
#   make run      a server in a VM, on a loopback port, to try
#   make test     everything: native checks, the VM suite, smbtorture
#   make kernel   kernel/ksmbd.ko for this machine
#   make check    native tests and static checks only
#   make help     the rest

SHELL   := /bin/bash
TOP     := $(CURDIR)
RIG     := tests/rig
PYTHON  := .venv/bin/python
INSTALL := $(RIG)/deps/install.sh
JOBS    := $(shell nproc)

# The headers of this machine's kernel; without them (a container, a foreign kernel)
# those of Debian's newest package, which is also what the guest runs.
headers  = $(shell $(RIG)/stock/headers.sh 2>/dev/null)
KDIR    ?= $(or $(realpath /lib/modules/$(shell uname -r)/build),$(headers))
release  = $(notdir $(patsubst /usr/src/linux-headers-%,%,$(headers)))
kbuild   = $(MAKE) -j$(JOBS) --no-print-directory -C $(1) M=$(2) W=1 $(3) modules

.DEFAULT_GOAL := help
.PHONY: all help kernel python run test check vm-check conformance sparse vm-module clean \
	deps-build deps-run deps-test deps-kerberos deps-deb deb venv venv-test check-python check-wire stock

all: kernel python

help:
	@sed -n '3,8s/^# *//p' Makefile
	@echo 'make vm-check     the VM suite (TESTS="tests/vm/test_x.py -k word" narrows it)'
	@echo 'make conformance  smbtorture against tests/conformance/expected.tsv'
	@echo 'make sparse       sparse and W=1 over kernel/, warnings are errors'
	@echo 'make python       .venv with the four commands'
	@echo 'make deb          the Debian packages, in build/deb'
	@echo 'make clean        what was built; the cache and .venv stay'

# --- what has to be there ---------------------------------------------------

deps-build deps-run deps-test deps-kerberos deps-deb: deps-%:
	@$(INSTALL) $*

python venv: | deps-python
	@$(RIG)/deps/venv.sh
venv-test: | deps-python
	@$(RIG)/deps/venv.sh test lint
deps-python:
	@$(INSTALL) python
.PHONY: deps-python

# --- packages -----------------------------------------------------------------

deb: deps-deb
	@packaging/deb.sh >$(TOP)/build/deb.log 2>&1 || { tail -30 $(TOP)/build/deb.log >&2; exit 1; }
	@ls -l $(TOP)/build/deb/*.deb

# --- the module --------------------------------------------------------------

kernel: deps-build
	@test -n "$(KDIR)" || { echo "no kernel headers: apt install linux-headers-amd64" >&2; exit 1; }
	@$(call kbuild,$(KDIR),$(TOP)/kernel,)

# The guest's kernel may be another than this machine's: then a copy is built for it.
vm-module: deps-build
	@if [ "$(realpath $(KDIR))" = "$(realpath $(headers))" ]; then \
		$(call kbuild,$(headers),$(TOP)/kernel,); \
	else \
		$(RIG)/deps/mirror.sh kernel build/kernel/$(release) && \
		$(call kbuild,$(headers),$(TOP)/build/kernel/$(release),); \
	fi

sparse: deps-build
	@$(RIG)/deps/mirror.sh kernel build/sparse
	@$(call kbuild,$(headers),$(TOP)/build/sparse,KCFLAGS=-Werror C=2 CF="-D__CHECK_ENDIAN__ -Wsparse-error")

# --- tests -------------------------------------------------------------------

check: check-python check-wire

check-python: venv-test deps-build
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@MYPYPATH=build/py:tests/vm .venv/bin/mypy tests/vm/vm.py tests/vm/server.py tests/vm/run.py \
		$(RIG)/vm/agent.py
	@MYPYPATH=build/py:tests/vm:$(RIG)/bench .venv/bin/mypy $(wildcard $(RIG)/bench/*.py) \
		$(RIG)/vm/agent.py
	@$(PYTHON) -m pytest -q tests/unit

check-wire: deps-build
	@$(MAKE) --no-print-directory -C tests/unit/wire check

stock: deps-run
	@$(RIG)/stock/fetch.sh kernel kernel-6.12 tools-3.4.7 tools-3.5 >/dev/null

TESTS ?= tests/vm
vm-check: deps-run deps-test venv-test vm-module stock
	@$(PYTHON) -m pytest -v --capture=sys --durations=15 $(TESTS)

conformance: deps-run deps-test venv-test vm-module stock
	@$(PYTHON) -m pytest -q --capture=sys tests/conformance

test:
	@$(RIG)/deps/steps.sh

run: deps-build deps-run venv vm-module
	@$(PYTHON) tests/vm/run.py

clean:
	@-[ -z "$(headers)" ] || $(MAKE) --no-print-directory -C $(headers) M=$(TOP)/kernel clean
	@rm -rf build/kernel build/sparse build/rig build/log build/vm

-include $(wildcard $(RIG)/*/*.mk)
