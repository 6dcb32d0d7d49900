"""The few Linux calls that Python does not offer; elsewhere they quietly do nothing. Standard library only.

The shim imports this with ``python -I -S``, so nothing here may import `typing` or another room of Clary.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def become_subreaper() -> None:
    """From now on, orphans among our descendants become our children, so that a double fork does not hide
    them."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def childless() -> bool:
    """Whether this process certainly has no child, dead or alive."""
    if _libc is None:
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send us `signal_number` when the thread that forked us ends."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def set_name(name: str) -> None:
    """What /proc/<pid>/comm says of this process (15 bytes at most)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def boot_id() -> str:
    """Changes with every boot; empty where that is not known."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
    return ""


def prefer_for_oom(adjustment: int) -> None:
    """Let the kernel, when memory is gone, kill this process rather than the Jupyter server."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(adjustment))
