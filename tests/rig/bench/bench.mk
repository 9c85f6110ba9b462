# SPDX-License-Identifier: GPL-2.0-only
# The cost meter; see README.md beside this file and docs/performance.md.

BENCH := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

SERVERS   ?= floor ours-6.1 smbd floor-6.12 stock-6.12 ours-6.12 floor-7.2 stock-7.2 ours-7.2
WORKLOADS ?=
ROUNDS    ?= 5
SAMPLE    ?= 0.5
OUT       ?= docs/performance

# Only what the chosen servers run.
bench_ours = $(patsubst ours-%,%,$(filter ours-%,$(SERVERS)))

.PHONY: bench bench-wall bench-profile bench-builds bench-floor

bench: bench-builds	## instructions per operation: SERVERS="ours-6.1 smbd" WORKLOADS="read 1 MiB|memory" ROUNDS=5
	@SERVERS="$(SERVERS)" WORKLOADS="$(WORKLOADS)" ROUNDS="$(ROUNDS)" SAMPLE="$(SAMPLE)" OUT="$(OUT)" \
		PYTHONPATH=tests/vm $(PYTHON) $(BENCH)/bench.py

bench-builds: deps-build deps-run deps-test venv-test \
		$(if $(filter floor%,$(SERVERS)),bench-floor) $(if $(filter 6.1,$(bench_ours)),vm-module)
	@$(if $(filter-out 6.1,$(bench_ours)),$(RIG)/matrix/build.sh $(filter-out 6.1,$(bench_ours)))

bench-floor: build/bench/floor
build/bench/floor: $(BENCH)/floor.c | deps-build
	@mkdir -p $(@D)
	@gcc -O2 -Wall -Wextra -Werror -static -pthread -o $@ $<

bench-profile: bench-builds	## where they go: SERVERS="ours-6.1" WORKLOADS="read 1 MiB, GMAC"
	@$(INSTALL) profile
	@SERVERS="$(SERVERS)" WORKLOADS="$(WORKLOADS)" PYTHONPATH=tests/vm $(PYTHON) $(BENCH)/profiler.py

bench-wall: bench-builds	## two processors and several clients, ratios of the wall clock
	@SERVERS="$(SERVERS)" PYTHONPATH=tests/vm $(PYTHON) $(BENCH)/wall.py
