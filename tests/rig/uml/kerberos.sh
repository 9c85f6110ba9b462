#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside the guest: log-ons with tickets of a KDC of MIT's on loopback, by smbclient
# and the kernel's client; and what becomes of those that are not good.
#
#   run.sh -k kerberos.sh
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export PYTHONPATH=$RIG_TOP/build/py
python=$RIG_TOP/.venv/bin/python
kdc=/run/kdc
host=srv.test.local
export KRB5_CONFIG=/etc/krb5.conf KRB5_KDC_PROFILE=$kdc/kdc.conf KRB5CCNAME=FILE:/run/cc

step() {
	echo "== $* ($(cut -d' ' -f1 /proc/uptime) s)"
}

wait_for() { # PORT PID NAME
	rig_wait_listen "$1" "$2" 60 || rig_fail "$3 does not listen"
}

realm() {
	mkdir -p "$kdc"
	cat >/etc/krb5.conf <<-'CONF'
		[libdefaults]
		default_realm = TEST.LOCAL
		dns_lookup_kdc = false
		dns_lookup_realm = false
		rdns = false
		dns_canonicalize_hostname = false
		udp_preference_limit = 1
		[realms]
		TEST.LOCAL = {
		 kdc = 127.0.0.1:18888
		}
		[domain_realm]
		.test.local = TEST.LOCAL
	CONF
	cat >"$kdc/kdc.conf" <<-CONF
		[kdcdefaults]
		kdc_listen = 127.0.0.1:18888
		kdc_tcp_listen = 127.0.0.1:18888
		[realms]
		TEST.LOCAL = {
		 database_name = $kdc/principal
		 key_stash_file = $kdc/stash
		}
		[logging]
		kdc = FILE:$RIG_OUT/kdc.log
	CONF
	kdb5_util create -s -P master >/dev/null
	for who in alice bob alice/admin; do
		kadmin.local addprinc -pw "ticket-$who" "$who" >/dev/null
	done
	for key in "cifs/$host" "http/$host"; do
		kadmin.local addprinc -randkey "$key" >/dev/null
		kadmin.local ktadd -k /etc/ksmbd/keytab "$key" >/dev/null
	done
	krb5kdc -n >"$RIG_OUT/kdc.out" 2>&1 &
	kdc_pid=$!
	wait_for 18888 "$kdc_pid" krb5kdc
}

configure() { # LINE...
	{
		printf '[global]\nnetbios name = KSMBD-UML\nkerberos keytab file = /etc/ksmbd/keytab\n'
		printf '%s\n' "$@"
		printf '[share]\npath = /srv/share\nread only = no\n'
	} >/etc/ksmbd/ksmbd.conf
}

serve() { # LINE...
	configure "$@"
	"$python" -m ksmbd.mountd -n >>"$RIG_OUT/mountd.log" 2>&1 &
	mountd_pid=$!
	wait_for 445 "$mountd_pid" mountd
}

end() {
	kill -TERM "$mountd_pid"
	wait "$mountd_pid" || rig_fail "mountd ended with $?"
	echo hard >/sys/class/ksmbd-control/kill_server
}

login() { # PRINCIPAL
	rm -f /run/cc
	echo "ticket-$1" | kinit "$1" >/dev/null
}

smb() { # COMMANDS [OPTIONS]
	local commands=$1
	shift
	smbclient --configfile=/dev/null -d 1 "//$host/share" --use-krb5-ccache=/run/cc "$@" \
		-c "$commands"
}

refused() { # WHY COMMAND...
	local why=$1
	shift
	"$@" >"$RIG_OUT/refused" 2>&1 && rig_fail "$why: let in"
	grep -q LOGON_FAILURE "$RIG_OUT/refused" || rig_fail "$why: $(cat "$RIG_OUT/refused")"
}

useradd --no-create-home --no-log-init alice
mkdir -p /etc/ksmbd /srv/share /mnt/cifs
chown alice: /srv/share
# NT hash of "secret": MD4 of its UTF-16LE form, in base64.
echo 'alice:h42AFGBs2ilnekTvoTU/xw==' >/etc/ksmbd/ksmbdpwd.db
chmod 600 /etc/ksmbd/ksmbdpwd.db
hostname "$host"
echo "127.0.0.1 $host" >>/etc/hosts
step realm
realm
rig_insmod "${KSMBD_KO:-$RIG_TOP/build/uml/kernel/ksmbd.ko}"
serve "kerberos support = yes"

step smbclient
login alice
head -c 300000 /dev/urandom >/tmp/data
for protection in sign encrypt; do
	smb "put /tmp/data $protection; get $protection /tmp/back" --use-kerberos=required \
		--client-protection="$protection"
	cmp /tmp/data /tmp/back || rig_fail "what came back differs"
	[[ $(stat -c %U "/srv/share/$protection") == alice ]] || rig_fail "not alice's"
done
klist | grep -q "cifs/$host" || rig_fail "smbclient used no ticket"

step cifs
echo 'create cifs.spnego * * /usr/sbin/cifs.upcall -c -t %k' >/etc/request-key.conf
cp /run/cc /tmp/krb5cc_0
for sec in krb5 krb5i; do
	mount -t cifs "//$host/share" /mnt/cifs -o "sec=$sec,vers=3.1.1,cruid=0,username=alice"
	cmp /tmp/data /mnt/cifs/sign || rig_fail "cifs reads something else"
	umount /mnt/cifs
done

step refusals
login bob
refused "no account" smb ls --use-kerberos=required
login alice/admin
refused "an instance" smb ls --use-kerberos=required

step "falling back to NTLM"
login bob
smb ls --use-kerberos=desired -U alice%secret >/dev/null
end
serve "kerberos support = no"
login alice
refused "kerberos support = no" smb ls --use-kerberos=required
end
serve "kerberos support = yes" "kerberos service name = http"
refused "another service" smb ls --use-kerberos=required

step stop
end
rig_rmmod ksmbd
kill "$kdc_pid"
wait "$kdc_pid" || true
grep -c "Kerberos login of" "$RIG_OUT/mountd.log"
echo "kerberos: passed"
