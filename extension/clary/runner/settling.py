"""How a shim sees to it that its job is settled and the queue goes on. Standard library only (see linux.py).

An *engine* (a server's `Pump`, or a settler) holds the home's engine lock, shared, as long as it lives. A
shim that ends while nobody holds it starts a settler: so queues drain although every server, notebook and
shell is gone. A shim that was forked from a zygote forks its settler, too, instead of starting an interpreter.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

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
    """Start ``python -m clary.runner.settle``, or fork what it would be, in a session of its own; returns its pid."""
    command: list[str] = shim["settle"]
    if command[0] == sys.executable and _can_fork():
        pid = os.fork()
        if pid == 0:
            become_settler(command[-1], shim["settle_log"])
        return pid
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


def _can_fork() -> bool:
    """Whether this process comes from a zygote, and has a settler's modules loaded as they are installed."""
    program = sys.modules.get("clary.runner.zygote_program")
    if program is None or program.current() is None or "clary.runner.settle" not in sys.modules:
        return False
    return not program.outdated()


def become_settler(root: str, log_path: str) -> NoReturn:
    """In a fork of a zygote, or of its fork: be the settler of the home at `root`."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if os.getsid(0) != os.getpid():
            os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDONLY)
        log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)

        from clary.runner import settle, zygote_program

        zygote_program.close_descriptors()
        zygote_program.search_like_fresh("/")
        code = settle.main(root)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


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
