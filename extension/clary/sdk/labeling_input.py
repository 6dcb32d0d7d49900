"""What a user wants labelled, as an input manifest: images and texts of any form, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from clary.sdk import packing, storage
from clary.sdk.labeling_tasks import Modality

IMAGES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
MANIFESTS = (".manifest", ".jsonl", ".json", ".ndjson")
TABLES = (".csv", ".tsv")
# The columns that are taken where none is named, in this order.
_COLUMNS = ("source-ref", "source", "image", "text", "path", "file", "filename", "uri", "url", "sentence")


@dataclass(frozen=True)
class Manifest:
    """An input manifest in a bucket (or ``file://``), and whether its objects are images or texts."""

    uri: str
    modality: Modality


def manifest_of(
    data: Any,
    job: str,
    column: str | None = None,
    modality: Modality | None = None,
    accept: Callable[[Modality], None] = lambda found: None,
) -> Manifest:
    """The manifest of ``data``. Images on disk stay where they are (``file://``): a hundred thousand of them are not copied to be
    looked at. What is no file yet, and the manifest, go into the default bucket, under the job's name.

    modality: what the task labels, where it is known: a list of file names may be of images, or of texts. accept: called with
    what the data are before they are stored; it may raise.
    Raises FileNotFoundError, ValueError or TypeError that say what is wrong and what would be right.
    """
    if isinstance(data, str) and packing.is_address(data):
        if data.lower().endswith(MANIFESTS):
            found = _modality(_first_line(_head(data), data), data)
            accept(found)
            return Manifest(data, found)
        return _written(({"source-ref": uri} for uri in _images_at(data)), job, accept)
    if isinstance(data, (str, Path)):
        return _of_path(Path(data).expanduser(), job, column, modality, accept)
    if is_frame(data):
        return _written(_frame_lines(data, column, job, Path.cwd(), modality), job, accept)
    if isinstance(data, Mapping):
        raise TypeError(
            "Give the objects to label as a folder, a list, a DataFrame or a manifest's address, not as a dict."
        )
    if isinstance(data, Iterable):
        return _written(_lines(list(data), job, modality), job, accept)
    raise TypeError(
        f"Cannot label {type(data).__name__}: give a folder, a list, a DataFrame, a CSV or a manifest."
    )


def _of_path(
    path: Path, job: str, column: str | None, modality: Modality | None, accept: Callable[[Modality], None]
) -> Manifest:
    if path.is_dir():
        return _written(_folder_lines(path), job, accept)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path} in {Path.cwd()} to label.")
    name = path.name.lower()
    if name.endswith(MANIFESTS):
        with path.open("rb") as file:
            first = next((line for line in file if line.strip()), b"")
        modality = _modality(_first_line(first, str(path)), str(path))
        accept(modality)
        return Manifest(storage.put(storage.default_bucket(), f"{job}/input/{path.name}", path), modality)
    if name.endswith(TABLES):
        import pandas

        table = pandas.read_csv(
            path, sep="\t" if name.endswith(".tsv") else ",", dtype=str, keep_default_na=False
        )
        return _written(_frame_lines(table, column, job, path.parent, modality), job, accept)
    if name.endswith(".txt"):
        texts = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return _written(({"source": text} for text in texts), job, accept)
    if name.endswith(IMAGES):
        return _written(_lines([path], job, modality), job, accept)
    raise ValueError(
        f"{path} is nothing that can be labelled: give a folder of images, a manifest ({', '.join(MANIFESTS)}), "
        "a CSV with a column of texts or paths, or a .txt with a text a line."
    )


def _written(lines: Iterable[Mapping[str, Any]], job: str, accept: Callable[[Modality], None]) -> Manifest:
    """Store a manifest of these lines."""
    parts: list[str] = []
    modality: Modality | None = None
    for line in lines:
        kind: Modality = "image" if "source-ref" in line else "text"
        if modality not in (None, kind):
            raise ValueError("Images and texts cannot be labelled in one job: make a job of each.")
        if modality is None:
            accept(kind)
        modality = kind
        parts.append(json.dumps(line, ensure_ascii=False))
    if modality is None:
        raise ValueError("There is nothing to label: the data has no images and no texts.")
    body = ("\n".join(parts) + "\n").encode()
    return Manifest(storage.put(storage.default_bucket(), f"{job}/input/input.manifest", body), modality)


def _folder_lines(folder: Path) -> Iterator[dict[str, Any]]:
    files = [one for one in packing.walk(folder) if not one.name.startswith(".")]
    images = [one for one in files if one.name.lower().endswith(IMAGES)]
    texts = [one for one in files if one.name.lower().endswith(".txt")]
    if images:
        for path in images:
            yield {"source-ref": path.resolve().as_uri()}
    elif texts:
        for path in texts:
            yield {"source": path.read_text(encoding="utf-8")}
    else:
        raise ValueError(f"The folder {folder} has no images ({', '.join(IMAGES)}) and no .txt files.")


def _lines(items: Sequence[Any], job: str, modality: Modality | None) -> Iterator[dict[str, Any]]:
    """Of a list: paths, ``s3://`` addresses, texts, PIL images or arrays."""
    images = _are_places(items, Path.cwd(), modality)
    for number, item in enumerate(items):
        if isinstance(item, Path) or (images and isinstance(item, str)):
            yield {"source-ref": _place(item, number, Path.cwd())}
        elif isinstance(item, str):
            yield {"source": item}
        else:
            yield {"source-ref": _picture(item, number, job)}


def _are_places(items: Sequence[Any], base: Path, modality: Modality | None) -> bool:
    """Whether ``items`` are places of images: each looks like one, and images are asked for, or one is there or has an address.
    One that is missing is then told of; it is no text to label."""
    if modality == "text" or not all(_looks_like_place(one) for one in items):
        return False
    return modality == "image" or any(_is_place(one, base) for one in items)


def _looks_like_place(item: Any) -> bool:
    if not isinstance(item, str):
        return isinstance(item, Path)
    return "\n" not in item and item.lower().endswith(IMAGES)


def _is_place(item: str | Path, base: Path) -> bool:
    return isinstance(item, Path) or packing.is_address(item) or (base / Path(item).expanduser()).is_file()


def _place(item: str | Path, number: int, base: Path) -> str:
    """The address of an image that is named by a path (under ``base`` where it is relative) or an address."""
    if isinstance(item, str) and packing.is_address(item):
        return item
    path = base / Path(item).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"There is no image {item} in {base} (object {number}).")
    return path.resolve().as_uri()


def _picture(item: Any, number: int, job: str) -> str:
    """A PIL image, or an array [height, width] or [height, width, 3 or 4] of uint8, stored as PNG."""
    import io

    from PIL import Image

    if not isinstance(item, Image.Image):
        shape = getattr(item, "shape", None)
        if shape is None:
            raise TypeError(
                f"Object {number} is {type(item).__name__}: give paths, addresses, texts, PIL images or arrays."
            )
        if str(item.dtype) != "uint8" or len(shape) not in (2, 3):
            raise ValueError(
                f"Object {number} is an array {tuple(shape)} of {item.dtype}: images are [height, width] or "
                "[height, width, 3] of uint8 (0 to 255)."
            )
        item = Image.fromarray(item)
    buffer = io.BytesIO()
    item.save(buffer, "PNG")
    return storage.put(storage.default_bucket(), f"{job}/input/images/{number:06d}.png", buffer.getvalue())


def is_frame(data: Any) -> bool:
    """Whether ``data`` is a pandas DataFrame or Series, without importing pandas."""
    return type(data).__name__ in ("DataFrame", "Series") and hasattr(data, "iloc")


def _frame_lines(
    data: Any, column: str | None, job: str, base: Path, modality: Modality | None
) -> Iterator[dict[str, Any]]:
    """A line a row of a pandas DataFrame or Series. The other columns are passed through, as Ground Truth passes on what it finds
    in a manifest."""
    if not hasattr(data, "columns"):
        yield from _lines(list(data), job, modality)
        return
    names = [str(one) for one in data.columns]
    chosen = column or next((one for one in _COLUMNS if one in names), names[0] if len(names) == 1 else None)
    if chosen is None or chosen not in names:
        said = (
            f"There is no column {chosen!r}"
            if chosen
            else "The table does not tell which column is to be labelled"
        )
        raise ValueError(f"{said}: give column=, one of {', '.join(names)}.")
    others = [
        one
        for one in names
        if one != chosen and not one.startswith("$") and one not in ("source", "source-ref")
    ]
    values = data[chosen].tolist()
    images = chosen == "source-ref" or _are_places(values, base, modality)
    rows = data[others].to_dict("records") if others else [{} for _ in values]
    for number, (value, row) in enumerate(zip(values, rows, strict=True)):
        extra = {str(key): _plain(one) for key, one in row.items() if _plain(one) is not None}
        if images and isinstance(value, (str, Path)):
            yield {"source-ref": _place(value, number, base), **extra}
        elif isinstance(value, str):
            yield {"source": value, **extra}
        else:
            raise ValueError(
                f"Row {number} of column {chosen!r} holds {value!r}: give texts, or paths of images."
            )


def _plain(value: Any) -> Any:
    """A cell as JSON can say it; None for what is missing."""
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value != value or str(value) == "NaT":
        return None
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _images_at(address: str) -> Iterator[str]:
    """The images under an ``s3://`` prefix or in a ``file://`` folder, sorted; they stay where they are."""
    if address.startswith("file://"):
        folder = Path(unquote(address.removeprefix("file://")))
        if not folder.is_dir():
            raise FileNotFoundError(f"There is no folder {folder} to label.")
        found: Iterator[str] = (path.as_uri() for path in packing.walk(folder))
    else:
        found = storage.objects(address)
    any_found = False
    for uri in found:
        if uri.lower().endswith(IMAGES):
            any_found = True
            yield uri
    if not any_found:
        raise ValueError(f"There are no images ({', '.join(IMAGES)}) at {address}.")


def _head(address: str) -> bytes:
    """What a stored manifest begins with, at least its first line; lines with many labels are long."""
    head = storage.beginning(address)
    return head if b"\n" in head.lstrip() else storage.get(address)


def _first_line(beginning: bytes, where: str) -> Mapping[str, Any]:
    for text in beginning.splitlines():
        if text.strip():
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict):
                raise ValueError(
                    f'{where} is no manifest: its first line is no JSON object like {{"source-ref": "s3://..."}}.'
                )
            return line
    raise ValueError(f"The manifest {where} is empty.")


def _modality(line: Mapping[str, Any], where: str) -> Modality:
    if "source-ref" in line:
        return "image"
    if "source" in line:
        return "text"
    raise ValueError(f'The first line of {where} has neither "source-ref" (an image) nor "source" (a text).')
