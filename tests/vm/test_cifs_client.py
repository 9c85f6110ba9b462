# SPDX-License-Identifier: GPL-2.0-only
"""The Linux cifs client, mounted in the guest from the guest's own server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server import PASSWORD, Server

MOUNTS = ["vers=2.0", "vers=2.1", "vers=3.0", "vers=3.0.2", "vers=3.1.1", "vers=3.1.1,sign"]
MOUNT_POINT = "/mnt/cifs"

# A source tree that is on every machine with the rig's packages, with deep folders and
# many small files; made once a guest, on its own disk.
SOURCE = "/srv/source"
MAKE_SOURCE = f"""\
[ -d {SOURCE} ] && exit 0
set -e -o pipefail
rm -rf {SOURCE}.new
mkdir {SOURCE}.new
cd "$(/usr/bin/python3 -I -c 'import email, os; print(os.path.dirname(email.__path__[0]))')"
tar cf - --exclude=__pycache__ --dereference email json asyncio xml unittest http encodings |
	tar xf - -C {SOURCE}.new
mv {SOURCE}.new {SOURCE}
"""


@pytest.fixture(params=MOUNTS)
def mounted(request: pytest.FixtureRequest, server: Server, share: str) -> Iterator[Server]:
    """The share mounted, as root acting for user1."""
    server.vm.run(MAKE_SOURCE, 300)
    server.vm.run(
        f"test $(find {SOURCE} -type f | wc -l) -gt 200; modprobe cifs; mkdir -p {MOUNT_POINT};"
        f" mount -t cifs //127.0.0.1/share {MOUNT_POINT}"
        f" -o username=user1,password={PASSWORD},{request.param}",
        60,
    )
    yield server
    server.vm.run(f"cd /; umount {MOUNT_POINT} || umount -l {MOUNT_POINT}", 120, check=False)


def test_a_day_of_work_on_the_mount(mounted: Server) -> None:
    def run(cmd: str, timeout: float = 300) -> str:
        return mounted.vm.run(f"set -e; cd {MOUNT_POINT}; {cmd}", timeout).out

    # The client sends what it thinks of modes and times; content and times must be equal.
    run(f"cp -a {SOURCE} copy")
    run(f"diff -r {SOURCE} copy")
    run(f"diff -r {SOURCE} /srv/share/copy")
    times = "find . -type f -printf '%P %s %Ts\\n' | sort"
    assert run(f"cd {SOURCE}; {times}") == run(f"cd copy; {times}")

    run(f"tar cf packed.tar -C {SOURCE} . && mkdir unpacked && tar xf packed.tar -C unpacked")
    run(f"diff -r {SOURCE} unpacked")

    run("dd if=/dev/urandom of=/srv/random bs=1M count=24 status=none")
    run("dd if=/srv/random of=big bs=64k conv=fsync status=none; cmp /srv/random big")
    # Odd sizes at odd places, past the end, and back through the server's own view.
    run(
        "dd if=/srv/random of=big bs=7777 skip=3 seek=5 count=100 conv=notrunc status=none;"
        " dd if=/srv/random of=/srv/random.twin bs=1M status=none;"
        " dd if=/srv/random of=/srv/random.twin bs=7777 skip=3 seek=5 count=100 conv=notrunc"
        " status=none; sync -f big; cmp big /srv/random.twin; cmp /srv/share/big /srv/random.twin"
    )
    run("truncate -s 12345 big; test $(stat -c %s /srv/share/big) = 12345")
    run("mv copy moved; mv moved/json/__init__.py moved/json/renamed; test -e moved/json/renamed")
    run("ln -s target link 2>/dev/null || true; rm -f link")
    run('rm -rf moved unpacked packed.tar big; test -z "$(ls -A)"')
    mounted.vm.run("rm -f /srv/random /srv/random.twin")


def test_git_clones_onto_the_mount_and_from_it(mounted: Server) -> None:
    git = "git -c user.name=a -c user.email=a@b -c safe.directory=* -c core.fileMode=false"
    mounted.vm.run(
        f"set -e; export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory"
        f" GIT_CONFIG_VALUE_0='*'; rm -rf /srv/repo /srv/back; mkdir /srv/repo; cd /srv/repo;"
        f" git init -q .; cp -r {SOURCE}/json {SOURCE}/http .; {git} add .;"
        f" {git} commit -qm one;"
        f" cd {MOUNT_POINT}; git clone -q --no-hardlinks /srv/repo clone;"
        " cd clone; git -c core.fileMode=false status --porcelain > /run/status;"
        " test ! -s /run/status; git fsck --full;"
        f" echo more >> json/__init__.py; {git} commit -qam two;"
        f" git clone -q --no-hardlinks {MOUNT_POINT}/clone /srv/back; cd /srv/back;"
        " git fsck --full; test $(git log --oneline | wc -l) = 2;"
        f" diff -r --exclude=.git /srv/back {MOUNT_POINT}/clone; rm -rf {MOUNT_POINT}/clone",
        400,
    )


def test_two_mounts_see_each_others_files(server: Server, share: str) -> None:
    options = f"password={PASSWORD},vers=3.1.1,nosharesock,actimeo=0"
    server.vm.run(
        "set -e; modprobe cifs; mkdir -p /mnt/a /mnt/b;"
        f" mount -t cifs //127.0.0.1/share /mnt/a -o username=user1,{options};"
        f" mount -t cifs //127.0.0.1/share /mnt/b -o username=user2,{options}"
    )
    try:
        server.vm.run(
            "set -e; echo one > /mnt/a/f; chmod 666 /srv/share/f; test $(cat /mnt/b/f) = one;"
            " echo two >> /mnt/b/f; sync -f /mnt/b/f; grep -q two /mnt/a/f;"
            " test $(stat -c %U /srv/share/f) = user1; rm /mnt/b/f; test ! -e /mnt/a/f"
        )
    finally:
        server.vm.run("umount /mnt/a /mnt/b", check=False)
