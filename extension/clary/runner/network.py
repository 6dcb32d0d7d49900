"""A network of a job's own: its hosts reach each other by loopback addresses, and nothing else, nor does anything reach them.

A network namespace of Linux; rootless ones live in a user namespace, which the job's other hosts join.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from clary.home import atomic_write
from clary.runner.isolation import call, explain, unshare_user

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 1
_PATIENCE_S = 60.0


def enter(record: Path, *, leads: bool) -> None:
    """Move this process (single-threaded) into the job's network. The host that ``leads`` makes it and says so in the file
    ``record``; the others wait for that. Raises OSError."""
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if leads:
        _make()
        atomic_write(record, str(os.getpid()).encode(), mode=0o600)
    else:
        _join(record)


def _make() -> None:
    if os.geteuid() == 0:
        call("unshare", _CLONE_NEWNET)
    else:
        unshare_user(_CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    # sshd's port 22, say: in a network that nobody else can reach, every port is the job's.
    with contextlib.suppress(OSError):
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0", encoding="ascii")


def _join(record: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not record.exists():
        if time.monotonic() > deadline:
            raise OSError(errno.ETIMEDOUT, "the job's first host has not made the network")
        time.sleep(0.005)
    leader = record.read_text(encoding="ascii")
    kinds = [("net", _CLONE_NEWNET)]
    if os.geteuid() != 0:
        kinds.insert(0, ("user", _CLONE_NEWUSER))
    # All are opened first: once in the user namespace, the leader's files are no longer ours to open.
    handles = [
        (os.open(f"/proc/{leader}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), flag) for name, flag in kinds
    ]
    for handle, flag in handles:
        call("setns", handle, flag)
        os.close(handle)


@functools.cache
def possible() -> tuple[bool, str]:
    """Whether jobs can have a network of their own on this machine, and why not; tried out once in a child process."""
    if not sys.platform.startswith("linux"):
        return False, f"{sys.platform} has no network namespaces"
    with tempfile.TemporaryDirectory(prefix="clary-probe-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "clary.runner.network", folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    text = done.stdout.strip()
    return text == "network", "" if text == "network" else text or done.stderr.strip()[-200:]


if __name__ == "__main__":  # the probe
    try:
        enter(Path(sys.argv[1]) / "network", leads=True)
        with socket.create_server(("127.77.0.2", 0)) as server:
            socket.create_connection(server.getsockname(), 5).close()
        print("network")
    except OSError as problem:
        print(explain(problem))
