"""Text formats that are one file, or a folder with a file for each split."""

from __future__ import annotations

from pathlib import Path

from clary.labeling.formats.format import Collection, ReadOptions, split_of
from clary.labeling.formats.problems import FormatError


def split_files(path: Path, extensions: tuple[str, ...]) -> list[tuple[Path, str]]:
    """The files with their splits: of a folder those that are named after splits, or the only one that there is."""
    if path.is_file():
        return [(path, "")] if path.suffix.lower() in extensions else []
    found = [one for one in sorted(path.iterdir()) if one.is_file() and one.suffix.lower() in extensions]
    named = [(one, split_of(one.stem)) for one in found if split_of(one.stem)]
    if named:
        return named
    return [(found[0], "")] if len(found) == 1 else []


def wanted(files: list[tuple[Path, str]], path: Path, options: ReadOptions) -> list[tuple[Path, str]]:
    """Those of the split asked for; a file without one may have its rows'. Raises FormatError for none."""
    kept = [one for one in files if not one[1] or options.wants(one[1])]
    if not kept:
        raise FormatError(
            f"{path} has no file for the split {options.split!r}." if files else f"{path} has none."
        )
    return kept


class SplitWriter:
    """Where rows go: ``<split>.<extension>`` of the folder for those that have a split, else ``data.<extension>``."""

    def __init__(self, target: Path, extension: str) -> None:
        self._target, self._extension = target, extension

    def place(self, split: str) -> Path:
        return self._target / f"{split or 'data'}.{self._extension}"


__all__ = ["Collection", "SplitWriter", "split_files", "wanted"]
