"""Writing Pascal VOC's XML files and masks."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from clary.labeling.formats.format import BOXES, Collection, Item, WriteOptions
from clary.labeling.formats.pictures import Names, bring
from clary.labeling.formats.problems import FormatError
from clary.labeling.formats.voc_splits import write_splits

_MOST_CLASSES = 254  # a palette has 256 colours, of which 0 is the background and 255 what is void


def write(data: Collection, target: Path, options: WriteOptions) -> None:
    """``JPEGImages/`` with ``Annotations/`` or ``SegmentationClass/``, and ``ImageSets/``. Names become flat, as VOC's are."""
    if data.task != BOXES and len(data.labels) > _MOST_CLASSES:
        raise FormatError(
            f"VOC's masks hold {_MOST_CLASSES} classes at most, not {len(data.labels)}; export as coco."
        )
    names = Names(stems=True)
    splits: dict[str, list[str]] = {}
    for item in data.items:
        if item.answer is None:
            options.note(
                "Objects without a label were left out: VOC would take them for images with nothing on them."
            )
            continue
        name = str(names.give(_name(item)))
        bring(item, target / "JPEGImages" / name, options)
        stem = Path(name).stem
        splits.setdefault(item.split, []).append(stem)
        if data.task == BOXES:
            _write_xml(item, name, target / "Annotations" / f"{stem}.xml")
        else:
            _write_mask(item, len(data.labels), target / "SegmentationClass" / f"{stem}.png")
        if item.scores or item.confidence is not None:
            options.note("VOC holds no confidences; they were left out.")
        if item.crowd:
            options.note("VOC knows no boxes of groups (iscrowd); they are written as plain boxes.")
    kind = "Main" if data.task == BOXES else "Segmentation"
    write_splits(target / "ImageSets" / kind, splits)
    if data.task != BOXES:
        _write_label_map(data.labels, target / "labelmap.txt")


def _name(item: Item) -> str:
    """The image's name, flat, without the spaces at its ends that XML and the lists of images lose."""
    path = PurePosixPath("__".join(PurePosixPath(item.name).parts))
    return f"{path.stem.strip() or 'image'}{path.suffix.strip()}"


def _write_xml(item: Item, name: str, place: Path) -> None:
    root = ElementTree.Element("annotation")
    for tag, text in (("folder", "JPEGImages"), ("filename", name), ("segmented", "0")):
        ElementTree.SubElement(root, tag).text = _text(text)
    size = ElementTree.SubElement(root, "size")
    for tag, number in (("width", item.width), ("height", item.height), ("depth", 3)):
        ElementTree.SubElement(size, tag).text = str(number)
    assert item.answer is not None
    for box in item.answer["boxes"]:
        element = ElementTree.SubElement(root, "object")
        facts = (
            ("name", box["label"]),
            ("pose", "Unspecified"),
            ("truncated", "0"),
            ("difficult", "0"),
        )
        for tag, text in facts:
            ElementTree.SubElement(element, tag).text = _text(text)
        edges = ElementTree.SubElement(element, "bndbox")
        # From 1, and the last pixel is inside.
        for tag, number in (
            ("xmin", box["left"] + 1),
            ("ymin", box["top"] + 1),
            ("xmax", box["left"] + box["width"]),
            ("ymax", box["top"] + box["height"]),
        ):
            ElementTree.SubElement(edges, tag).text = str(number)
    ElementTree.indent(root)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _text(text: str) -> str:
    """Text that XML can hold and that comes back the same."""
    plain = all(
        character in "\t\n" or " " <= character <= "\ud7ff" or "\ue000" <= character not in "\ufffe\uffff"
        for character in text
    )
    if not plain or text != text.strip():
        raise FormatError(
            f"VOC's XML cannot hold the name {text!r}: it has control characters, or spaces at an end. Use coco."
        )
    return text


def _write_mask(item: Item, count: int, place: Path) -> None:
    import numpy as np
    from PIL import Image

    from clary.labeling.formats import masks

    assert item.answer is not None
    image = Image.fromarray(masks.to_array(item.answer).astype(np.uint8))
    image = image.convert("P") if image.mode != "L" else image
    image.putpalette(masks.colours(256).ravel().tolist())
    place.parent.mkdir(parents=True, exist_ok=True)
    image.save(place, optimize=False)


def _write_label_map(labels: tuple[str, ...], place: Path) -> None:
    from clary.labeling.formats import masks

    rows = ["# label:color_rgb:parts:actions"]
    table = masks.colours(len(labels) + 1).tolist()
    for name, rgb in zip(("background", *labels), table, strict=True):
        plain = name == name.strip() and not name.startswith("#") and not {"\n", "\r"} & set(name)
        if not plain or (rows[1:] and name.lower() == "background"):
            raise FormatError(f"A labelmap.txt cannot hold the name {name!r}. Use coco.")
        rows.append(f"{name}:{','.join(map(str, rgb))}::")
    place.write_text("\n".join(rows) + "\n", encoding="utf-8")
