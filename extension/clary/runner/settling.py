"""How a shim sees to it that its job is settled and the queue goes on. Standard library only (see linux.py).

An *engine* (a server's `Pump`, or a settler) holds the home's engine lock, shared, as long as it lives. A
shim that ends while nobody holds it starts a settler: so queues drain although every server, notebook and
shell is gone.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRIES = 5


def engine_is_alive(shim: dict[str, Any]) -> bool:
    """Whether some process has committed itself to reconcile and schedule."""
    lock = os.open(shim["engine_lock"], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def spawn_settler(shim: dict[str, Any]) -> int:
    """Start ``python -m clary.runner.settle`` in a session of its own; returns its pid."""
    command: list[str] = shim["settle"]
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(shim["settle_log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return os.posix_spawn(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGHUP, signal.SIGINT, signal.SIGPIPE],
        )
    finally:
        os.close(null)
        os.close(log)


def guard_settler(shim: dict[str, Any]) -> None:
    """Unless an engine is there, start a settler and stay until it ends; one that is killed is started
    again."""
    for number in range(_TRIES):
        if engine_is_alive(shim):
            return
        _, status = os.waitpid(spawn_settler(shim), 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGTERM:
            return
        time.sleep(number)
