"""VOC's ImageSets: text files that list the images of each split."""

from __future__ import annotations

from pathlib import Path

_FILES = {"train": "train", "val": "validation", "test": "test"}


def splits_of(folder: Path) -> dict[str, str]:
    """Image (without its extension) to split; empty where there are no lists."""
    found: dict[str, str] = {}
    for name, split in _FILES.items():
        file = folder / f"{name}.txt"
        if file.is_file():
            for line in file.read_text(encoding="utf-8-sig").split("\n"):
                if line.strip():
                    found[line] = split
                    found.setdefault(line.strip(), split)
    return found


def write_splits(folder: Path, found: dict[str, list[str]]) -> None:
    """Write the lists; what has no split is in none of them, and all are in ``trainval.txt`` but those of the test."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in _FILES.items():
        if split in found:
            (folder / f"{name}.txt").write_text("".join(f"{one}\n" for one in found[split]), encoding="utf-8")
    rest = [one for split, names in found.items() if split != "test" for one in names]
    (folder / "trainval.txt").write_text("".join(f"{one}\n" for one in rest), encoding="utf-8")
