"""Training programs that a user brings along in place of an image's: run as the container would run them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clary.images.errors import ImageError

TRAIN = "train"


@dataclass(frozen=True)
class Program:
    """An executable, and the folder it runs in.

    A file named ``train`` is what SageMaker finds on an image's PATH: its folder is the container's working folder and first
    on PATH (``/opt/program`` in AWS's examples), it gets no arguments, and ContainerArguments would be another command in its
    place. A file of any other name is an image's ENTRYPOINT: it gets the argument ``train``, or ContainerArguments.
    """

    path: Path

    @classmethod
    def at(cls, path: Path) -> Program:
        """The program at ``path``: the executable itself, or a folder with an executable ``train``. Raises ImageError."""
        target = path / TRAIN if path.is_dir() else path
        if not target.is_file():
            missing = (
                f"the folder {path} has no file named train" if path.is_dir() else f"there is no file {path}"
            )
            raise ImageError(
                f"A program must be an executable, or a folder with an executable train: {missing}."
            )
        if not os.access(target, os.X_OK):
            raise ImageError(f"The program {target} is not executable: chmod +x {target}")
        return cls(target)

    @property
    def folder(self) -> Path:
        return self.path.parent

    def command(self, arguments: Sequence[str]) -> list[str]:
        """What to execute; ``arguments`` are ContainerArguments."""
        if self.path.name == TRAIN:
            return list(arguments) or [str(self.path)]
        return [str(self.path), *(arguments or [TRAIN])]


def of_environment(python: Path) -> Program | None:
    """The program ``train`` that is installed beside an interpreter, as an image has one on its PATH."""
    target = python.parent / TRAIN
    return Program(target) if target.is_file() and os.access(target, os.X_OK) else None
