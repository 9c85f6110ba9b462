# SPDX-License-Identifier: GPL-2.0-only
# The module on Debian's other kernels; 6.1 is what `make test` runs on.

KERNELS ?= 5.10 6.12 7.2

.PHONY: test-matrix
test-matrix: deps-build deps-run deps-test venv-test	## builds for and boots KERNELS="5.10 6.12 7.2"
	@tests/rig/matrix/build.sh $(KERNELS)
	@KSMBD_MATRIX="$(KERNELS)" $(PYTHON) -m pytest -v --capture=sys tests/matrix
