"""Becoming a user's script in a forked process that has torch imported, so that the script cannot tell.

What a fresh interpreter would have is put in place: ``__main__``, ``sys.argv``, ``sys.path``, the environment, standard
streams, thread counts, random state; and at the end a whole finalization, with the exit code and the traceback that
``python script.py`` gives. Where that cannot be done (`WarmStart.refuses`), the script gets a fresh interpreter.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import importlib
import importlib.machinery
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from clary.runner import isolation, linux

# Variables that the interpreter or a library reads once, when it is loaded; PYTHONPATH and PYTHONUNBUFFERED are acted on
# below, and so are the thread counts.
_LOAD_TIME = re.compile(
    r"PYTHON.+|LD_.+|LC_.+|LANG|LANGUAGE|MALLOC_.+|GLIBC_TUNABLES|OMP_.+|GOMP_.+|KMP_.+|MKL_.+|OPENBLAS_.+|ATEN_.+|"
    r"(PY)?TORCH_.+|NPY_.+|DNNL_.+|ONEDNN_.+"
)
_HANDLED = frozenset(
    {
        "PYTHONPATH",
        "PYTHONUNBUFFERED",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    }
)
_BLAS_SETTERS = (
    "scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
    "openblas_set_num_threads",
)  # fmt: skip


class WarmStart:
    """What the zygote knows about itself that its forks need."""

    def __init__(self, environment: Mapping[str, str], path: Sequence[str]) -> None:
        """``path``: sys.path of a fresh interpreter, without script folder and PYTHONPATH."""
        self._environment = dict(environment)
        self._path = list(path)

    def refuses(self, script: str, folder: Path, environment: Mapping[str, str]) -> str:
        """Why this script needs a fresh interpreter; empty when it does not."""
        names = {*environment, *self._environment} - _HANDLED
        for name in sorted(names):
            if _LOAD_TIME.fullmatch(name) and environment.get(name) != self._environment.get(name):
                return f"{name} takes effect only when an interpreter starts"
        if not environment.get("OMP_NUM_THREADS", "").isdigit():
            return "OMP_NUM_THREADS is not a plain number"
        if b"\0" in (folder / script).read_bytes():
            return "the script holds a NUL byte"
        shadow = self._shadowed([(folder / script).resolve().parent, *_entries(environment)])
        if shadow:
            return f"the code has a module of its own called {shadow!r}"
        return unfit_to_fork()

    def _shadowed(self, folders: Sequence[Path]) -> str:
        """A module that a fresh interpreter would take from the user's folders, and that we have from elsewhere."""
        known = set(self._path)
        for folder in folders:
            if str(folder) in known:
                continue
            with contextlib.suppress(OSError):
                for entry in os.scandir(folder):
                    stem = entry.name.partition(".")[0]
                    module = sys.modules.get(stem)
                    if module is None or _is_in(module, folder):
                        continue
                    if entry.name.endswith((".py", ".so")) or os.path.exists(f"{entry.path}/__init__.py"):
                        return stem
        return ""

    def fork(
        self, arguments: Sequence[str], script: str, folder: Path, environment: Mapping[str, str]
    ) -> int:
        """Fork a process that runs ``script`` as ``python script ...`` (``arguments``) would; returns its pid."""
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            linux.die_with_parent(signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            isolation.drop_capabilities()
            close_descriptors()
            self._become(arguments, script, folder, environment)
            status = _run_script(os.path.join(os.getcwd(), script))
        finally:
            _finalize(status)

    def _become(
        self, arguments: Sequence[str], script: str, folder: Path, environment: Mapping[str, str]
    ) -> None:
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        linux.set_name(os.path.basename(arguments[0]))
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        os.chdir(folder)
        sys.argv = list(arguments[1:])
        sys.orig_argv = list(arguments)
        self.search(os.path.dirname(os.path.realpath(script)), environment)
        tempfile.tempdir = None
        _fresh_streams(unbuffered=bool(environment.get("PYTHONUNBUFFERED")))
        _fresh_multiprocessing()
        _fresh_threads(environment)
        _fresh_random()
        _forget_clary()

    def search(self, first: str, environment: Mapping[str, str]) -> None:
        """Set sys.path as an interpreter with this environment does; ``first`` is the script's folder."""
        sys.path[:] = [first, *dict.fromkeys([*map(str, _entries(environment)), *self._path])]
        importlib.invalidate_caches()


_current: WarmStart | None = None


def prepare() -> None:
    """Called once, in a zygote, before it imports anything heavy."""
    global _current
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    shown = subprocess.run(
        [sys.executable, "-c", "import sys; print('\\n'.join(sys.path[1:]))"],
        env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    _current = WarmStart(dict(os.environ), shown.stdout.splitlines())


def current() -> WarmStart | None:
    """The means of a warm start, in a zygote and all that it forks; None in any other process."""
    return _current


def search_like_fresh(folder: Path) -> None:
    """In a fork: take sys.path from the job's environment, not from that of the zygote's start."""
    if _current is not None:
        _current.search(str(folder), os.environ)


def unfit_to_fork() -> str:
    """Why this process must not be forked into a job: several threads, or CUDA in use; empty when it may."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        return f"the process has {threads} threads"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "CUDA is in use in the process"
    return ""


def close_descriptors(first: int = 3) -> None:
    """Close all but the standard streams: an executed program would not have them either."""
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    os.closerange(first, highest + 1)


def _entries(environment: Mapping[str, str]) -> list[Path]:
    return [Path(entry).absolute() for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def _is_in(module: ModuleType, folder: Path) -> bool:
    """Whether the top-level module or package was loaded from this very folder."""
    file = getattr(module, "__file__", None)
    if file is None:
        return False
    return (Path(file).parent.parent if hasattr(module, "__path__") else Path(file).parent) == folder


def _fresh_streams(*, unbuffered: bool) -> None:
    """Standard streams as an interpreter makes them: see create_stdio in CPython's pylifecycle.c."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        raw_only = unbuffered and mode == "w"
        binary: Any = open(descriptor, f"{mode}b", 0 if raw_only else -1, closefd=False)  # noqa: SIM115
        raw = binary if raw_only else binary.raw
        raw.name = f"<{name}>"
        stream = io.TextIOWrapper(
            binary, encoding=old.encoding, errors=old.errors, newline="\n",
            line_buffering=not raw_only and (descriptor == 2 or raw.isatty()), write_through=unbuffered,
        )  # fmt: skip
        stream.mode = mode  # type: ignore[misc]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _fresh_multiprocessing() -> None:
    module: Any = sys.modules.get("multiprocessing.process")
    if module is not None:
        module.ORIGINAL_DIR = (
            os.getcwd()
        )  # where spawned children start; it was taken when the module was imported
        process = module.current_process()
        process.authkey = os.urandom(32)


def _fresh_threads(environment: Mapping[str, str]) -> None:
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    blas = environment.get("OPENBLAS_NUM_THREADS") or environment["OMP_NUM_THREADS"]
    if "numpy" in sys.modules and blas.isdigit():
        for library in _loaded("openblas"):
            for name in _BLAS_SETTERS:
                setter = getattr(library, name, None)
                if setter is not None:
                    setter(int(blas))
                    break


def _loaded(word: str) -> list[ctypes.CDLL]:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in maps if word in line}
    return [ctypes.CDLL(path) for path in sorted(paths)]


def _fresh_random() -> None:
    """Generators seeded from the system when their module was imported would be the same in every job."""
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(None)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.seed()


def _forget_clary() -> None:
    """Let ``import clary`` in the script import it anew, with all that it does then; what runs here goes on as it is."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "clary"]:
        del sys.modules[name]


def _run_script(path: str) -> int:
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


def _finalize(status: int) -> NoReturn:
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
