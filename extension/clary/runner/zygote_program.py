"""Becoming a user's script in a forked process that has torch imported, so that the script cannot tell.

What a fresh interpreter would have is put in place: ``__main__``, ``sys.argv``, ``sys.path``, the environment, standard
streams, thread counts, random state; and at the end a whole finalization, with the exit code and the traceback that
``python script.py`` gives. Where that cannot be done (`WarmStart.refuses`), the script gets a fresh interpreter.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.machinery import PathFinder
from importlib.metadata import DistributionFinder, MetadataPathFinder
from pathlib import Path
from types import ModuleType

from clary.runner import isolation, linux, zygote_fresh, zygote_script

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
            status = zygote_script.run(os.path.join(os.getcwd(), script))
        finally:
            zygote_script.finalize(status)

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
        zygote_fresh.streams(unbuffered=bool(environment.get("PYTHONUNBUFFERED")))
        zygote_fresh.multiprocessing()
        zygote_fresh.threads(environment)
        zygote_fresh.random()
        zygote_fresh.without_clary()

    def search(self, first: str, environment: Mapping[str, str]) -> None:
        """Set sys.path as an interpreter with this environment does; ``first`` is the script's folder."""
        sys.path[:] = [first, *dict.fromkeys([*map(str, _entries(environment)), *self._path])]
        _forget_folders()


def _forget_folders() -> None:
    """What importlib.invalidate_caches does, but for the index of installed distributions: it goes by the folders' times of
    change anyway, and to make it anew takes each job tens of milliseconds."""
    for name, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            del sys.path_importer_cache[name]
        elif hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()
    for other in sys.meta_path:
        if other is not PathFinder and hasattr(other, "invalidate_caches"):
            other.invalidate_caches()


def warm_up() -> None:
    """Called once, in a zygote, when all is imported: work out what every job would ask for first."""
    sysconfig.get_paths()
    for _ in MetadataPathFinder.find_distributions(DistributionFinder.Context(name="torch")):
        pass


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


_files: dict[str, int] = {}


def note_files() -> None:
    """Called once, in a zygote, when all is imported: what is on the disk now is what it has loaded."""
    places = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    places += [
        module.__file__ or ""
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "clary"
    ]
    _files.update((place, _changed(place)) for place in places)


def outdated() -> str:
    """Why what is loaded here is no longer what is installed (package folders or Clary's files were changed); else empty."""
    same = all(_changed(place) == time for place, time in _files.items())
    return "" if same else "packages or Clary itself changed on the disk"


def _changed(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns
    except OSError:
        return 0


def current() -> WarmStart | None:
    """The means of a warm start, in a zygote and all that it forks; None in any other process."""
    return _current


def search_like_fresh(folder: Path | str) -> None:
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
