"""Text formats that are one file, or a folder with a file for each split."""

from __future__ import annotations

from pathlib import Path

from clary.labeling.formats.format import ReadOptions, split_of
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
            f"{path} has no file for the split {options.split!r}."
            if files
            else f"{path} has no file of this format, or several without a split's name: name the file."
        )
    return kept
