# SPDX-License-Identifier: GPL-2.0-only
# The User Mode Linux rig; see README.md beside this file.

UML := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

.PHONY: uml-kernel uml-module uml-run uml-smoke uml-torture uml-test uml-admin uml-kerberos uml-guest uml-formats uml-selftest uml-clean

uml-kernel:		## build the UML debug kernel into the cache
	$(UML)/build.sh debug

uml-module:		## build the module for it
	$(UML)/build-module.sh

uml-run:		## run SCRIPT="file args" in it; OPTIONS go to run.sh
	@test -n "$(SCRIPT)" || { echo 'make uml-run SCRIPT="file args"' >&2; exit 2; }
	$(UML)/run.sh $(OPTIONS) $(SCRIPT)

uml-smoke: uml-module	## copy files through the module under every checker
	$(UML)/run.sh -k -t 900 $(UML)/smoke.sh

uml-torture: uml-module deps-test venv-test	## smbtorture TESTS="smb2.lock smb2.read" in it
	@test "$(origin TESTS)" = "command line" || { echo 'make uml-torture TESTS="smb2.lock"' >&2; exit 2; }
	$(UML)/run.sh -k -t 3000 $(UML)/torture.sh $(TESTS)

uml-test: uml-module deps-test venv-test	## tests that need no QEMU: UML_TESTS="tests/vm/test_x.py -k word"
	$(UML)/run.sh -k -t 3000 $(UML)/pytest.sh -v $(or $(UML_TESTS),tests/attack)

uml-guest: uml-module deps-test venv-test	## the tests in guest/; TESTS= narrows
	$(UML)/run.sh -k -t 3000 $(UML)/guest.sh $(if $(filter command,$(firstword $(origin TESTS))),$(TESTS))

uml-formats: uml-module deps-test venv-test	## what lies on the disk: ours is Samba's, and stock ksmbd's is read
	$(UML)/run.sh -k -t 900 $(UML)/disk_formats.sh

uml-admin: uml-module deps-test venv-test	## what ksmbd.control sees of clients, and how it ends them
	$(UML)/run.sh -k -t 1800 $(UML)/admin.sh

uml-kerberos: uml-module deps-test deps-kerberos	## log-ons with tickets of a KDC on loopback
	@tests/rig/deps/venv.sh test lint kerberos
	$(UML)/run.sh -k -t 900 $(UML)/kerberos.sh

uml-selftest:		## prove that every checker of the rig finds its bug
	$(UML)/selftest.sh

uml-clean:
	rm -rf $(UML)/../../../build/uml
