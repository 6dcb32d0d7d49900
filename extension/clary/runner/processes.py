"""Which processes there are, who descends from whom, and how much they use. Standard library only (see
linux.py)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

from clary.runner import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# A process so named, and all under it, is Clary's own and not part of the job that happens to be its
# ancestor: jobs may start jobs, and these outlive them.
SHIM_NAME = "clary-shim"
SETTLER_NAME = "clary-settle"
ZYGOTE_NAME = "clary-zygote"
_OWN_NAMES = frozenset({SHIM_NAME, SETTLER_NAME, ZYGOTE_NAME})

_HAS_PROC = sys.platform.startswith("linux") and os.path.exists("/proc/self/stat")
_HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


class Process:
    """One line of the process table. `ticks`: CPU time of itself and of its reaped children; `rss`: bytes."""

    __slots__ = ("name", "parent", "pid", "rss", "session", "start", "state", "ticks")

    def __init__(
        self,
        pid: int,
        parent: int,
        session: int,
        name: str,
        state: str,
        ticks: int = 0,
        start: int = 0,
        rss: int = 0,
    ) -> None:
        self.pid, self.parent, self.session = pid, parent, session
        self.name, self.state, self.ticks, self.start, self.rss = name, state, ticks, start, rss


def read(pid: int) -> Process | None:
    """What the kernel says of `pid`, or None when it is gone (or there is no /proc)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            data = file.read()
    except OSError:
        return None
    name = data[data.index(b"(") + 1 : data.rindex(b")")].decode("utf-8", "replace")
    fields = data[data.rindex(b")") + 2 :].split()
    ticks = sum(int(field) for field in fields[11:15])
    rss = int(fields[21]) * _PAGE
    return Process(pid, int(fields[1]), int(fields[3]), name, fields[0].decode(), ticks, int(fields[19]), rss)


def table() -> dict[int, Process]:
    """Every process that we may see, by pid."""
    if not _HAS_PROC:
        return _table_by_ps()
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            process = read(int(entry))
            if process is not None:
                found[process.pid] = process
    return found


def descendants(root: int, *, without: Iterable[int] = (), thorough: bool = False) -> list[Process]:
    """Children of `root`, their children, and so on, zombies included; what is Clary's own, or in `without`,
    is left out.

    The quick way asks the kernel for each process's children, which may miss one that is forked or orphaned
    right then; `thorough` reads the whole process table.
    """
    skipped = frozenset(without)
    found: list[Process] = []
    if _HAS_CHILDREN and not thorough:
        waiting = _children(root)
        while waiting:
            pid = waiting.pop()
            process = None if pid in skipped else read(pid)
            if process is not None and process.name not in _OWN_NAMES:
                found.append(process)
                waiting.extend(_children(pid))
        return found
    everything = table()
    by_parent: dict[int, list[Process]] = {}
    for process in everything.values():
        by_parent.setdefault(process.parent, []).append(process)
    todo = list(by_parent.get(root, ()))
    while todo:
        process = todo.pop()
        if process.pid not in skipped and process.name not in _OWN_NAMES:
            found.append(process)
            todo.extend(by_parent.get(process.pid, ()))
    return found


def send(processes: Iterable[Process], signal_number: int) -> None:
    """Signal each of them; those that are gone, or not ours to signal, are passed over."""
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal_number)


def proportional_bytes(processes: Iterable[Process]) -> int:
    """Memory of these processes together, pages that several of them share counted once (PSS; RSS where that
    is hidden)."""
    total = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", "rb") as file:
                for line in file:
                    if line.startswith(b"Pss:"):
                        total += int(line.split()[1]) * 1024
                        break
        except OSError:
            total += process.rss
    return total


def kill_leftovers(cookie: str, started: dict[str, object], patience_s: float = 5.0) -> int:
    """SIGKILL what an attempt left behind when its shim was killed; returns how many processes that were.

    Found by the cookie in their environment. Forked children of a zygote carry the zygote's environment
    instead; they are known by the job's session together with the pipe that they write their output to.
    """
    if any(one.get("boot_id") not in (None, "", linux.boot_id()) for one in _born(started)):
        return 0  # nothing outlives a boot, and its pids mean others now
    killed: set[int] = set()
    deadline = time.monotonic() + patience_s
    while True:
        leftovers = [process for process in _leftovers(cookie, _born(started)) if process.state != "Z"]
        if not leftovers or time.monotonic() > deadline:
            return len(killed)
        send(leftovers, signal.SIGKILL)
        killed.update(process.pid for process in leftovers)
        time.sleep(0.01)


def _born(started: dict[str, object]) -> list[dict[str, object]]:
    """Descriptions of the processes with which each host of the job began."""
    born = started.get("hosts")
    return born if isinstance(born, list) else [started]


def _leftovers(cookie: str, born: list[dict[str, object]]) -> list[Process]:
    mark = f"CLARY_COOKIE={cookie}".encode()
    everything = table()
    # A session whose leader is another process now has nothing of ours.
    sessions = {
        int(str(one.get("session") or 0)): one
        for one in born
        if (leader := everything.get(int(str(one.get("session") or 0)))) is None
        or leader.start == one.get("session_start")
    }
    sessions.pop(0, None)
    found = []
    for process in everything.values():
        if process.pid == os.getpid() or process.name in _OWN_NAMES:
            continue
        own = sessions.get(process.session)
        if mark in _environment(process.pid) or (
            own is not None
            and process.start >= int(str(own.get("session_start") or 0))
            and _writes_to(process.pid, str(own.get("pipe")))
        ):
            found.append(process)
    return found


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def _writes_to(pid: int, pipe: str) -> bool:
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") == pipe:
                return True
    return False


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found.extend(int(child) for child in file.read().split())
    return found


def _table_by_ps() -> dict[int, Process]:
    """macOS and others: slower, and with less to tell."""
    import subprocess  # only here: it takes the shim 6 ms to import

    # ps itself must not be found among the descendants of the one who asks: its own pid is dropped.
    with subprocess.Popen(["ps", "-axo", "pid=,ppid=,rss=,ucomm="], stdout=subprocess.PIPE, text=True) as ps:
        output = ps.communicate()[0]
    found = {}
    for line in output.splitlines():
        pid, parent, rss, name = line.split(None, 3)
        if int(pid) != ps.pid:
            found[int(pid)] = Process(int(pid), int(parent), 0, name.strip(), "?", rss=int(rss) * 1024)
    return found


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
