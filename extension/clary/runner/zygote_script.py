"""Running a file as ``__main__`` in this very process, and ending, as ``python file`` does: see CPython's pythonrun.c."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import importlib.machinery
import os
import signal
import sys
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NoReturn


def run(path: str) -> int:
    """Run the file as ``__main__``; the exit status that an interpreter would end with."""
    main = ModuleType("__main__")
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    main.__dict__.update(
        {
            "__file__": path,
            "__cached__": None,
            "__loader__": loader,
            "__builtins__": builtins,
            "__annotations__": {},
        }
    )
    sys.modules["__main__"] = main
    # Reported outside of the handler: a hook must not find this exception as the context of its own.
    uncaught: BaseException | None = None
    try:
        code = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except BaseException as error:
        uncaught = error
    _flush()
    if uncaught is None:
        return 0
    return _exit_status(uncaught) if isinstance(uncaught, SystemExit) else _report(uncaught)


def _flush() -> None:
    for stream in (sys.stderr, sys.stdout):
        with contextlib.suppress(Exception):
            stream.flush()


def _exit_status(request: SystemExit) -> int:
    code = request.code
    if code is None:
        return 0
    if isinstance(code, int):
        return (
            code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
        )  # a C long, of which the system keeps eight bits
    with contextlib.suppress(Exception):
        print(code, file=sys.stderr)
    return 1


def _report(error: BaseException) -> int:
    """Print an uncaught exception as the interpreter does, without our own frames."""
    trace = _without_own_frames(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    second: BaseException | None = None
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException as raised:
        second = raised
    if isinstance(second, SystemExit):
        return _exit_status(second)
    if second is not None:
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, _without_own_frames(second))
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, trace)
    return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def _without_own_frames(error: BaseException) -> TracebackType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error.__traceback__ = trace
    return trace


def finalize(status: int) -> NoReturn:
    """End as an interpreter ends: threads joined, atexit called, objects destroyed, buffers flushed."""
    if status < 0:  # an interrupted program dies of the signal, so that its parent can tell
        import atexit
        import threading

        with contextlib.suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]
            atexit._run_exitfuncs()
            sys.modules["__main__"].__dict__.clear()
            sys.stdout.flush()
            sys.stderr.flush()
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    ctypes.pythonapi.Py_Exit(ctypes.c_int(status))
    os._exit(status)  # not reached
