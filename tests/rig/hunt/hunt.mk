# SPDX-License-Identifier: GPL-2.0-only
# Rigs that find what tests don't; see docs/debugging.md.

HUNT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# Seconds: of each native fuzz target, of the server's fuzzer, of the soak.
TIME ?= 60

.PHONY: attack fuzz fuzz-c fuzz-python fuzz-server fuzz-replay test-faults soak coverage \
	coverage-wire deps-fuzz

deps-fuzz:
	@$(INSTALL) fuzz

attack: uml-module deps-test venv-test	## the attack classes under UML: ATTACK="-k word"
	$(UML)/run.sh -k -t 3000 -a slub_debug=P $(UML)/pytest.sh -v -rs tests/attack \
		tests/vm/test_bad_input.py $(ATTACK)

fuzz: fuzz-c fuzz-python	## every decoder and reader, TIME seconds each

fuzz-c: deps-build deps-fuzz
	@$(MAKE) --no-print-directory -C tests/fuzz run TIME=$(TIME)

fuzz-python: venv-test
	@$(PYTHON) tests/fuzz/python/readers.py $(TIME)

fuzz-server: deps-build deps-test venv-test	## the running server under UML, TIME seconds
	tests/fuzz/server/run.sh $(TIME) $(SEED)

fuzz-replay: deps-build deps-test venv-test	## CASE="file...": a finding again
	@test -n "$(CASE)" || { echo 'make fuzz-replay CASE=build/fuzz/server/crash-X/journal' >&2; exit 2; }
	tests/fuzz/server/run.sh replay $(CASE)

test-faults: uml-module deps-test venv-test	## each allocation of each command fails once: FAULTS="create read"
	$(UML)/run.sh -k -t 3000 $(HUNT)/../faults/guest.sh $(FAULTS)

soak: uml-module deps-test venv-test	## crowds of clients for TIME seconds
	$(UML)/run.sh -k -t $$(($(TIME) * 3 + 600)) $(HUNT)/../soak/guest.sh $(TIME) $(CONNECTIONS)

coverage-wire: deps-build	## lines of kernel/wire that the native tests run
	@$(MAKE) --no-print-directory -C tests/unit/wire coverage

coverage: uml-module-gcov deps-test venv-test	## lines of the module that the UML rigs run
	$(HUNT)/coverage.sh

.PHONY: uml-module-gcov
uml-module-gcov:
	$(UML)/build-module.sh -g
