"""VOC's masks: PNG files whose pixels are class numbers (palette), or a label map's colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.labeling.formats.format import Item, ReadOptions
from clary.labeling.formats.pictures import EXTENSIONS, inside, measured, missing
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.voc_splits import splits_of

_VOID = 255
# The classes of the challenges, in their order.
_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse",
    "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


@dataclass(frozen=True)
class LabelMap:
    """`labels`: class 1 and up; `colours`: rgb to class number, of masks that are not palettes."""

    labels: tuple[str, ...]
    colours: dict[tuple[int, int, int], int]


def read_label_map(path: Path, labels: tuple[str, ...] | None) -> LabelMap:
    """From ``labelmap.txt`` (``name:r,g,b::``, the background among them), else `labels`, else VOC's own. Raises FormatError."""
    file = path / "labelmap.txt"
    if not file.is_file():
        from clary.labeling.formats import masks

        names = labels or _CLASSES
        table = masks.colours(len(names) + 1).tolist()
        return LabelMap(names, {tuple(rgb): number for number, rgb in enumerate(table)})
    found: list[str] = []
    colours: dict[tuple[int, int, int], int] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, rgb, *_ = line.rsplit(":", 3)
            red, green, blue = (int(one) for one in rgb.split(","))
        except ValueError:
            raise FormatError(f"{file}, line {number}: {line[:60]!r} is not name:red,green,blue::.") from None
        if name.strip().lower() == "background":
            colours[(red, green, blue)] = 0
        else:
            found.append(name)
            colours[(red, green, blue)] = len(found)
    return LabelMap(tuple(found), colours)


def mask_items(path: Path, label_map: LabelMap, options: ReadOptions) -> Iterator[Item]:
    """An item for every mask."""
    from clary.labeling.formats import masks

    folders = [options.images] if options.images else [path / "JPEGImages", path / "images", path]
    splits = splits_of(path / "ImageSets" / "Segmentation")
    files = sorted((path / "SegmentationClass").rglob("*.png"))
    if not files:
        raise FormatError(f"{path} has no masks in SegmentationClass/.")
    for file in files:
        split = splits.get(file.stem, "")
        if not options.wants(split):
            continue
        names = [f"{file.stem}{extension}" for extension in sorted(EXTENSIONS)]
        image = next((found for name in names if (found := inside(folders, name))), None)
        if image is None:
            missing(f"{file.stem}.jpg", folders, str(file), options.problems)
            continue
        size = measured(image, str(file), options.problems)
        canvas = _classes(file, label_map, options) if size else None
        if size is None or canvas is None:
            continue
        if canvas.shape != (size[1], size[0]):
            options.problems.add(
                str(file), f"it has {canvas.shape[1]} x {canvas.shape[0]} pixels, its image {size[0]} x {size[1]}",
                "A mask must be as large as its image.",
            )  # fmt: skip
            continue
        yield Item(
            image.name, image, width=size[0], height=size[1], answer=masks.to_answer(canvas), split=split
        )


def _classes(file: Path, label_map: LabelMap, options: ReadOptions) -> Any:
    """Class numbers [height, width]; what is void (the borders of VOC's objects) is background."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(file) as image:
            indexed = image.mode in ("P", "L", "1")
            pixels = np.asarray(image if indexed else image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        options.problems.add(str(file), f"it is no image that can be read: {error}")
        return None
    count = len(label_map.labels)
    if indexed:
        canvas = np.where(pixels == _VOID, 0, pixels).astype(np.uint16)
        if canvas.max(initial=0) > count:
            options.problems.add(
                str(file), f"it has the class {int(canvas.max())}, but there are {count} labels",
                "Name all of them: labels=[...], or a labelmap.txt.",
            )  # fmt: skip
            return None
        return canvas
    packed = (pixels.astype(np.uint32) << np.array([16, 8, 0], dtype=np.uint32)).sum(axis=2)
    canvas = np.zeros(packed.shape, dtype=np.uint16)
    for value in np.unique(packed).tolist():
        rgb = (value >> 16, value >> 8 & 255, value & 255)
        number = label_map.colours.get(rgb, 0 if rgb in ((0, 0, 0), (224, 224, 192)) else None)
        if number is None:
            options.problems.add(str(file), f"the colour {rgb} is no class's", "Name it in labelmap.txt.")
            return None
        canvas[packed == value] = number
    return canvas
