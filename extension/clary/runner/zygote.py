"""Warm starts, seen from a launcher: hand an attempt to the zygote of its interpreter, or start one for the next time.

A zygote is a process of this home that forks shims on request: see `zygote_process`. An interpreter may have two: one with
torch imported, and a light one, whose forks cost a tenth, for jobs whose own process needs none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from clary.home import Home
from clary.runner import processes
from clary.runner.environment import inherited

_ANSWER_S = 2.0
# An interpreter whose zygote does not come up (a broken torch, say) is not tried for every job.
_RETRY_S = 60.0
# A zygote that was called takes a second or two to come up, and need not be called again before.
_CALLED_S = 0.5
_called: dict[Path, float] = {}
# Libraries must not start threads before the fork; each job gets its own count back after it (zygote_program).
SINGLE_THREADED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def socket_path(home: Home, python: str = "", *, torch: bool = True) -> Path:
    """Where the zygote of an interpreter listens; the same for all of its names (python, python3) in its folder. ``torch``:
    the one that has it imported, here and below."""
    path = Path(python or sys.executable)
    while path.is_symlink():
        target = path.parent / path.readlink()
        if target.parent != path.parent:  # out of the environment: that one has other packages
            break
        path = target
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
    return home.run / f"zygote-{digest}{'' if torch else '-light'}.sock"


def spawn(
    home: Home, attempt_dir: Path, python: str = "", lock: int | None = None, *, torch: bool = True
) -> bool:
    """Let a zygote fork the attempt's shim; False when there is none or it will not, and nothing was started then.

    ``lock``: a descriptor that has the attempt's lock; the shim inherits it, so that the attempt is never without one and
    never looks lost. Without it the shim takes the lock itself, and waits a few seconds for it.
    """
    request: dict[str, object] = {"attempt": str(attempt_dir), "environment": inherited()}
    answer = _ask(socket_path(home, python, torch=torch), request, lock)
    return answer is not None and answer.get("pid", 0) > 0


def spawn_settler(home: Home) -> int:
    """Let the light zygote of this interpreter fork a settler; its pid, 0 when there is none or it will not."""
    answer = _ask(socket_path(home, torch=False), {"settle": True, "environment": inherited()})
    return 0 if answer is None else max(0, answer.get("pid", 0))


def alive(home: Home, python: str = "", *, torch: bool = True) -> int:
    """The pid of the zygote that would serve now; 0 when there is none."""
    answer = _ask(socket_path(home, python, torch=torch), {})
    return 0 if answer is None else int(answer.get("zygote", 0))


def keep(home: Home, until: float, python: str = "", *, torch: bool = True, shorten: bool = False) -> None:
    """Have the zygote stay until then (seconds since the epoch), however idle it is; if it was to stay longer already, it
    does, unless it may be shortened. Never raises."""
    path = socket_path(home, python, torch=torch).with_suffix(".keep")
    with contextlib.suppress(OSError):
        if shorten or kept_until(path) < until:
            path.touch(mode=0o600)
            os.utime(path, (until, until))


def kept_until(path: Path) -> float:
    """Until when the zygote is wanted whose ``.keep`` file this is; the file's time is the message."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def ensure(home: Home, python: str = "", *, torch: bool = True) -> None:
    """Start a zygote in the background unless there is one; returns within milliseconds and never raises."""
    if not sys.platform.startswith("linux"):
        return
    path = socket_path(home, python, torch=torch)
    now = time.monotonic()
    # Of many that come up at once all but one end, but not before they have taken each other's time.
    if _listening(path) or _failed_lately(path) or now < _called.get(path, -_CALLED_S) + _CALLED_S:
        return
    _called[path] = now
    environment = inherited()
    environment.update(dict.fromkeys(SINGLE_THREADED, "1"))
    environment["CLARY_DOOR"] = "off"  # boto3 in a job's script is what it would be in a fresh interpreter
    with contextlib.suppress(OSError):
        log = os.open(path.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            process = subprocess.Popen(
                [
                    python or sys.executable, "-m", "clary.runner.zygote_process", str(home.root), str(path),
                    *([] if torch else ["light"]),
                ],
                cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(log)
        # It forks once and ends, so that nobody has to wait for the zygote itself.
        threading.Thread(target=process.wait, daemon=True).start()


def stop(home: Home, python: str = "", patience_s: float = 5.0) -> None:
    """End the interpreter's zygotes and wait until they are gone; jobs that they have started go on."""
    for torch in (True, False):
        pid = alive(home, python, torch=torch)
        if pid:
            _end(pid, patience_s)


def _end(pid: int, patience_s: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        # Where init is slow to bury it, it is a zombie meanwhile, and gone as far as anybody is concerned.
        while (left := processes.read(pid)) is not None and left.state != "Z" and time.monotonic() < deadline:
            time.sleep(0.005)


def _ask(path: Path, request: dict[str, object], lock: int | None = None) -> dict[str, int] | None:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(_ANSWER_S)
            client.connect(str(path))
            _called.pop(path, None)  # it came; when it goes, another may be called at once
            if lock is not None:
                socket.send_fds(client, [b" "], [lock])
            client.sendall(json.dumps(request).encode())
            client.shutdown(socket.SHUT_WR)
            with client.makefile("rb") as answer:
                value = json.loads(answer.read() or b"{}")
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _listening(path: Path) -> bool:
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(0.05)
        try:
            client.connect(str(path))
        except TimeoutError:
            return True  # busy
        except OSError:
            return False
    _called.pop(path, None)
    return True


def _failed_lately(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return time.time() - path.with_suffix(".failed").stat().st_mtime < _RETRY_S
    return False
