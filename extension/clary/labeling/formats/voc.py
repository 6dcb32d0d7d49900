"""Pascal VOC: an XML file with boxes for each image, masks as PNG files of class numbers.

VOC counts pixels from 1 and includes the last: ``xmin`` 1 is the first column, ``xmax`` the image's width the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from clary.labeling.formats.format import (
    BOXES,
    PIXELS,
    Collection,
    Format,
    Item,
    ReadOptions,
    WriteOptions,
    wanted_task,
)
from clary.labeling.formats.geometry import pixel_box
from clary.labeling.formats.pictures import inside, measured, missing
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.voc_masks import mask_items, read_label_map
from clary.labeling.formats.voc_splits import splits_of
from clary.labeling.formats.voc_writing import write


class PascalVoc(Format):
    """``Annotations/*.xml`` with ``JPEGImages/``, or XML files beside their images; ``SegmentationClass/*.png`` for masks."""

    name = "voc"
    title = "Pascal VOC"
    tasks = frozenset({BOXES, PIXELS})

    def matches(self, path: Path) -> bool:
        if not path.is_dir():
            return False
        if (path / "SegmentationClass").is_dir():
            return True
        first = next(_xml_files(path), None)
        return first is not None and b"<annotation" in first.open("rb").read(512)

    def read(self, path: Path, options: ReadOptions) -> Collection:
        if not path.is_dir():
            raise FormatError(f"{path} is no folder; name the one that has Annotations/ and JPEGImages/.")
        boxes = next(_xml_files(path), None) is not None
        if not boxes and not (path / "SegmentationClass").is_dir():
            raise FormatError(
                f"{path} has no XML files in Annotations/ or beside its images, and no masks in SegmentationClass/."
            )
        task = wanted_task(options, self.tasks, BOXES if boxes else PIXELS, self.title)
        if task == PIXELS:
            label_map = read_label_map(path, options.labels)
            return Collection(task, label_map.labels, mask_items(path, label_map, options))
        labels = options.labels or tuple(sorted(_names(path)))
        return Collection(task, labels, self._items(path, labels, options))

    def write(self, data: Collection, target: Path, options: WriteOptions) -> None:
        write(data, target, options)

    @staticmethod
    def _items(path: Path, labels: tuple[str, ...], options: ReadOptions) -> Iterator[Item]:
        splits = splits_of(path / "ImageSets" / "Main")
        for file in _xml_files(path):
            split = splits.get(file.stem, "")
            if not options.wants(split):
                continue
            item = _item(file, path, labels, split, options)
            if item is not None:
                yield item


def _xml_files(path: Path) -> Iterator[Path]:
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    yield from sorted(folder.rglob("*.xml"))


def _names(path: Path) -> set[str]:
    """Every class, from a first look at all the files; broken ones are told of when their boxes are read."""
    found: set[str] = set()
    for file in _xml_files(path):
        try:
            root = ElementTree.parse(file).getroot()
        except (ElementTree.ParseError, OSError):
            continue
        found.update(name.strip() for one in root.iter("object") if (name := one.findtext("name")))
    return found


def _item(file: Path, root: Path, labels: tuple[str, ...], split: str, options: ReadOptions) -> Item | None:
    problems = options.problems
    try:
        document = ElementTree.parse(file).getroot()
    except ElementTree.ParseError as error:
        problems.add(str(file), f"it is not valid XML: {error}")
        return None
    if document.tag != "annotation":
        problems.add(str(file), f"its root is <{document.tag}>, not <annotation>")
        return None
    name = (document.findtext("filename") or "").strip()
    folders = (
        [options.images] if options.images else [root / "JPEGImages", root / "images", file.parent, root]
    )
    found = inside(folders, name) if name else None
    # Names without an extension, or of another one than the file's, are common.
    for extension in (".jpg", ".jpeg", ".png", ".JPG"):
        found = found or inside(folders, f"{file.stem}{extension}")
    if found is None:
        missing(name or f"{file.stem}.jpg", folders, str(file), problems)
        return None
    size = measured(found, str(file), problems)
    if size is None:
        return None
    said = tuple(document.findtext(f"size/{name}") for name in ("width", "height"))
    try:
        stated = tuple(int(float(one)) for one in said if one)
    except ValueError:
        stated = ()
    # VOC without a size (or with 0 x 0, as some tools write) is taken at the size of the file.
    if len(stated) == 2 and all(stated) and stated != size:
        problems.add(
            str(file), f"its size is {stated[0]} x {stated[1]}, but {found.name} has {size[0]} x {size[1]} pixels",
            "Boxes are drawn on images of the size the XML says: use those images, or correct the sizes.",
        )  # fmt: skip
        return None
    boxes = []
    for number, one in enumerate(document.iter("object"), 1):
        box = _box(one, labels, size, f"{file}, object {number}", options)
        if box is not None:
            boxes.append(box)
    return Item(found.name, found, width=size[0], height=size[1], answer={"boxes": boxes}, split=split)


def _box(
    element: ElementTree.Element,
    labels: tuple[str, ...],
    size: tuple[int, int],
    where: str,
    options: ReadOptions,
) -> dict[str, Any] | None:
    label = (element.findtext("name") or "").strip()
    if label not in labels:
        options.problems.add(
            where, f"the name {label!r} is not among the labels" if label else "it has no <name>"
        )
        return None
    try:
        left, top, right, bottom = (
            float(element.findtext(f"bndbox/{name}") or "") for name in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError:
        options.problems.add(where, "its <bndbox> does not have the numbers xmin, ymin, xmax and ymax")
        return None
    if options.zero_based:
        return pixel_box(label, left, top, right, bottom, *size, where, options.problems)
    if left < 0.5 or top < 0.5:
        options.problems.add(
            where, f"xmin {left:g}, ymin {top:g}: VOC counts pixels from 1",
            "If a tool wrote these files counting from 0, say so: zero_based=True.",
        )  # fmt: skip
        return None
    return pixel_box(label, left - 1, top - 1, right, bottom, *size, where, options.problems)
