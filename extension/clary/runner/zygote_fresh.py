"""What a forked process of a zygote puts back to where a fresh interpreter would have it: one function for each thing."""

from __future__ import annotations

import ctypes
import io
import os
import sys
from collections.abc import Mapping
from typing import Any

_BLAS_SETTERS = (
    "scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
    "openblas_set_num_threads",
)  # fmt: skip


def streams(*, unbuffered: bool) -> None:
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


def multiprocessing() -> None:
    module: Any = sys.modules.get("multiprocessing.process")
    if module is not None:
        module.ORIGINAL_DIR = (
            os.getcwd()
        )  # where spawned children start; it was taken when the module was imported
        process = module.current_process()
        process.authkey = os.urandom(32)


def threads(environment: Mapping[str, str]) -> None:
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


def random() -> None:
    """Generators seeded from the system when their module was imported would be the same in every job."""
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(None)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.default_generator.seed()


def without_clary() -> None:
    """Let ``import clary`` in the script import it anew, with all that it does then; what runs here goes on as it is."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "clary"]:
        del sys.modules[name]
