"""What ProcessingOutputConfig names, stored: while the program runs (Continuous) or when it has ended (EndOfJob)."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.objects import Objects
from clary.toolkits.processing.layout import Layout
from clary.toolkits.training.artifacts import remove, store_file
from clary.toolkits.training.checkpoints import Mirror


@dataclass(frozen=True)
class Output:
    """One output that Clary stores."""

    name: str
    local_path: str
    uri: str
    continuous: bool

    def address(self, relative: str) -> str:
        """Where a file of the output's folder is stored."""
        return f"{self.uri.rstrip('/')}/{relative}"


def of(request: Mapping[str, Any]) -> list[Output]:
    """The outputs of a CreateProcessingJob request, but for those that the program stores itself (AppManaged)."""
    config = request.get("ProcessingOutputConfig") or {}
    found = []
    for one in config.get("Outputs") or ():
        target = one.get("S3Output")
        if target and not one.get("AppManaged"):
            continuous = target["S3UploadMode"] == "Continuous"
            found.append(Output(one["OutputName"], target["LocalPath"], target["S3Uri"], continuous))
    return found


def make(request: Mapping[str, Any], layout: Layout) -> None:
    """Create the outputs' folders: they are there when the program starts. Raises OSError."""
    for output in of(request):
        layout.place(output.local_path).mkdir(parents=True, exist_ok=True)


def mirrors(request: Mapping[str, Any], layout: Layout) -> list[Mirror]:
    """The Continuous outputs, as folders to keep in step."""
    return [
        Mirror(layout.place(output.local_path), output.uri) for output in of(request) if output.continuous
    ]


def store(
    request: Mapping[str, Any],
    layouts: Mapping[str, Layout],
    objects: Objects,
    on_skipped: Callable[[str], None],
) -> None:
    """Store the EndOfJob outputs of all hosts (by name): all of their files, or on an error none of them. Of files with one name
    the first host's is stored; ``on_skipped`` is told where another's differs. Raises ObjectsError, OSError."""
    stored: list[str] = []
    try:
        for output in of(request):
            if not output.continuous:
                for relative, path in _merged(output, layouts, on_skipped).items():
                    stored.append(output.address(relative))
                    store_file(objects, stored[-1], path)
    except BaseException:
        for uri in stored:
            remove(objects, uri)
        raise


def _merged(
    output: Output, layouts: Mapping[str, Layout], on_skipped: Callable[[str], None]
) -> dict[str, Path]:
    merged: dict[str, Path] = {}
    for host, layout in layouts.items():
        for relative, path in files(layout.place(output.local_path), layout, on_skipped):
            known = merged.setdefault(relative, path)
            if known is not path and not filecmp.cmp(known, path, shallow=False):
                on_skipped(
                    f"{host} has another {relative} in output {output.name}, which is left out: the first host's is stored."
                )
    return merged


def files(folder: Path, layout: Layout, on_skipped: Callable[[str], None]) -> Iterator[tuple[str, Path]]:
    """The files of an output's folder as (name below it, file), sorted. A link stands for the file it names in the job's own
    ``/opt/ml``; one that leads elsewhere is no output, and is named to ``on_skipped``."""
    if folder.is_symlink():
        on_skipped(
            f"The output {folder.name} is a link to {os.readlink(folder)} and not a folder; nothing of it is stored."
        )
        return
    if folder.is_file():
        yield folder.name, folder
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            real = _followed(path, layout) if path.is_symlink() else path
            if real is not None and real.is_file():
                yield relative, real
            elif path.is_symlink():
                on_skipped(
                    f"{relative} is a link to {os.readlink(path)}, no file of the job, and is left out."
                )


def _followed(path: Path, layout: Layout) -> Path | None:
    link = os.readlink(path)
    if link.startswith("/opt/ml/"):
        path = layout.base / link.removeprefix("/opt/ml/")
    real = Path(os.path.realpath(path))
    return real if real.is_relative_to(os.path.realpath(layout.base)) else None
