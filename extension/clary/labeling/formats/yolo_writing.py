"""Writing YOLO's text files and data.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from clary.labeling.formats.format import BOXES, Collection, Item, WriteOptions
from clary.labeling.formats.pictures import Names, bring

_FOLDERS = {"": "train", "train": "train", "validation": "val", "test": "test"}


def write(data: Collection, target: Path, options: WriteOptions) -> None:
    """``images/<split>/``, ``labels/<split>/`` and data.yaml, as Ultralytics' trainers read them."""
    import yaml

    names, found = Names(stems=True), set()
    for item in data.items:
        if item.answer is None:
            options.note(
                "Objects without a label were left out: YOLO would take them for pictures with nothing on them."
            )
            continue
        folder = _FOLDERS[item.split]
        found.add(folder)
        name = names.give(_name(item, folder), folder)
        bring(item, target / "images" / folder / name, options)
        place = (target / "labels" / folder / name).with_suffix(".txt")
        place.parent.mkdir(parents=True, exist_ok=True)
        lines = _boxes(item, data.labels) if data.task == BOXES else _polygons(item)
        place.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        if item.scores or item.confidence is not None:
            options.note("YOLO's labels hold no confidences; they were left out.")
        if item.crowd:
            options.note("YOLO knows no boxes of groups (iscrowd); they are written as plain boxes.")
    document: dict[str, object] = {
        key: f"images/{key if key in found else 'train'}" for key in ("train", "val")
    }
    if "test" in found:
        document["test"] = "images/test"
    if "val" not in found:
        options.note(
            "data.yaml names the training pictures for val, too, which YOLO's trainers ask for: export with splits for others."
        )
    for folder in found or {"train"}:
        (target / "images" / folder).mkdir(parents=True, exist_ok=True)
    document["names"] = dict(enumerate(data.labels))
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    (target / "data.yaml").write_text(text, encoding="utf-8")


def _name(item: Item, folder: str) -> str:
    """The picture's name below ``images/<folder>/``. Readers find its text file by the last ``images`` of the path, so the name
    may have no folder called that."""
    *folders, file = PurePosixPath(item.name).parts
    name = PurePosixPath(*(one for one in folders if one != "images"), file).as_posix()
    return name.removeprefix(f"{item.split}/").removeprefix(f"{folder}/")


def _boxes(item: Item, labels: tuple[str, ...]) -> Iterator[str]:
    assert item.answer is not None
    for box in item.answer["boxes"]:
        x, y = box["left"] + box["width"] / 2, box["top"] + box["height"] / 2
        shares = (
            x / item.width,
            y / item.height,
            box["width"] / item.width,
            box["height"] / item.height,
        )
        yield f"{labels.index(box['label'])} " + " ".join(f"{share:.8f}" for share in shares)


def _polygons(item: Item) -> Iterator[str]:
    import numpy as np

    from clary.labeling.formats import masks, polygons

    assert item.answer is not None
    canvas = masks.to_array(item.answer)
    for number in np.unique(canvas).tolist():
        if number == 0:
            continue
        for polygon in polygons.trace(canvas == number):
            shares = (
                share for x, y in polygon for share in (f"{x / item.width:.8f}", f"{y / item.height:.8f}")
            )
            yield f"{number - 1} " + " ".join(shares)
