"""NVIDIA GPUs of a job, watched through one `nvidia-smi` that keeps reporting. Standard library only (see
linux.py)."""

from __future__ import annotations

import contextlib
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class GpuReader:
    """The mean utilisation and the summed memory of some GPUs, each over those that tell it: a GPU with MIG
    knows no utilisation. Without `nvidia-smi` it reports nothing."""

    def __init__(self, indices: list[int]) -> None:
        self.pid = 0
        self._source = -1
        self._pending = b""
        self._values: dict[int, tuple[float | None, float | None]] = {}
        program = _find("nvidia-smi")
        if program is None:
            return
        self._source, write = os.pipe()
        null = os.open(os.devnull, os.O_RDWR)
        arguments = [
            program,
            "--query-gpu=index,utilization.gpu,memory.used",
            "--format=csv,noheader,nounits",
            "--loop=1",
            f"--id={','.join(str(index) for index in indices)}",
        ]
        with contextlib.suppress(OSError):
            self.pid = os.posix_spawn(
                program,
                arguments,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, write, 1),
                    (os.POSIX_SPAWN_DUP2, null, 2),
                ],
            )
        os.close(write)
        os.close(null)
        os.set_blocking(self._source, False)

    def latest(self) -> dict[str, Any]:
        """``gpu_percent`` and ``gpu_mb`` of the last report, as far as they are known; empty before the
        first."""
        with contextlib.suppress(OSError):
            while data := os.read(self._source, 1 << 16):
                self._pending += data
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):  # a message in place of a report
                index, percent, megabytes = line.split(b",")
                self._values[int(index)] = _number(percent), _number(megabytes)
        percents = [percent for percent, _ in self._values.values() if percent is not None]
        sizes = [size for _, size in self._values.values() if size is not None]
        known: dict[str, Any] = {}
        if percents:
            known["gpu_percent"] = round(sum(percents) / len(percents), 1)
        if sizes:
            known["gpu_mb"] = sum(sizes)
        return known

    def close(self) -> None:
        if self.pid:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            self.pid = 0
        if self._source >= 0:
            os.close(self._source)
            self._source = -1


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:  # "[N/A]", "[Unknown Error]"
        return None


def _find(program: str) -> str | None:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK):
            return path
    return None
