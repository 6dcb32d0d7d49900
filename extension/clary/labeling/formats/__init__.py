"""Labels between Ground Truth's manifests and the formats that others use: import, export, and a torch dataset."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from clary.labeling.formats.format import Format
from clary.labeling.formats.problems import FormatError

GROUP = "clary.label_formats"
# In the order of detection: the surest signs first.
_BUILT_IN = {
    "coco": "coco:Coco",
    "yolo": "yolo:Yolo",
    "voc": "voc:PascalVoc",
    "huggingface": "huggingface:HuggingFace",
    "conll": "conll:Conll",
    "jsonl": "jsonl:JsonLines",
    "csv": "csv_table:Csv",
    "folder": "folder:ClassFolders",
}


def names() -> list[str]:
    """Every format that `find` knows, the built-in ones first."""
    return [*_BUILT_IN, *(one.name for one in entry_points(group=GROUP) if one.name not in _BUILT_IN)]


@cache
def find(name: str) -> Format:
    """The format of this name, built in or of an installed package. Raises FormatError."""
    if name in _BUILT_IN:
        module, _, class_name = _BUILT_IN[name].partition(":")
        built_in: Format = getattr(import_module(f"{__name__}.{module}"), class_name)()
        return built_in
    for one in entry_points(group=GROUP):
        if one.name == name:
            found: Format = one.load()()
            return found
    raise FormatError(f"There is no format {name!r}; there are {', '.join(names())}.")


def detect(path: Path) -> Format:
    """The format that a file or folder has, those of installed packages asked first. Raises FormatError."""
    if not path.exists():
        raise FormatError(f"There is no {path}.")
    foreign = [name for name in names() if name not in _BUILT_IN]
    for name in [*foreign, *_BUILT_IN]:
        found = find(name)
        if found.matches(path):
            return found
    raise FormatError(
        f"{path} is in no format that Clary detects; name it: format=... ({', '.join(names())})."
    )


__all__ = ["GROUP", "Format", "FormatError", "detect", "find", "names"]
