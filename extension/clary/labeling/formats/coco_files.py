"""COCO's annotation files: which there are, and one of them read without holding its objects in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import orjson

from clary.labeling.formats.format import split_of
from clary.labeling.formats.problems import FormatError
from clary.toolkits.training.channels.json_list import members

_HEAD = 4096
_KEPT = ("id", "category_id", "bbox", "segmentation", "iscrowd", "score")


def annotation_files(path: Path) -> list[tuple[Path, str]]:
    """The annotation files of a data set with their splits (empty where their names do not say one). Raises FormatError."""
    if path.is_file():
        return [(path, "")]
    found = [
        one for place in ("*.json", "annotations/*.json", "*/*.json") for one in sorted(path.glob(place))
    ]
    found = [one for one in dict.fromkeys(found) if _looks(one)]
    # Of captions, keypoints and instances of one split, the instances are what Clary can hold.
    instances = [one for one in found if one.name.startswith("instances")]
    found = instances or found
    if len(found) == 1:
        return [(found[0], _split(found[0]))]
    splits = [_split(one) for one in found]
    if len(set(splits)) < len(splits):
        raise FormatError(
            f"{path} has several COCO files of one split: {', '.join(str(one) for one in found)}. Name the one to read."
        )
    return list(zip(found, splits, strict=True))


def looks_like_coco(path: Path) -> bool:
    """Whether a file is COCO's JSON, or a folder has one in its usual places."""
    if path.is_file():
        return path.suffix.lower() == ".json" and _looks(path)
    places = ("*.json", "annotations/*.json", "*/_annotations.coco.json")
    return any(_looks(one) for place in places for one in islice(path.glob(place), 20))


def _looks(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, path.stat().st_size - _HEAD))
            text = head + file.read(_HEAD)
    except OSError:
        return False
    if not text.lstrip().startswith(b"{"):
        return False
    # One of the keys stands near the beginning or the end, or what only COCO's entries have does.
    keys = (b'"images"', b'"annotations"', b'"categories"', b'"category_id"', b'"image_id"', b'"file_name"')
    return sum(key in text for key in keys) >= 2


def _split(path: Path) -> str:
    for text in (path.stem, path.parent.name):
        for word in re.split(r"[^a-zA-Z]+", text):
            if split := split_of(word):
                return split
    return ""


class AnnotationFile:
    """One file, gone through once: its images, its categories by id, and each image's annotations, kept as short bytes."""

    def __init__(self, path: Path, split: str) -> None:
        """Raises FormatError."""
        self.path, self.split = path, split
        self.images: list[dict[str, Any]] = []
        self.categories: dict[Any, str] = {}
        self.has_boxes = True
        self.empty = True
        # Of each image, its annotations as lines of JSON.
        self._annotations: dict[Any, bytearray] = {}
        self._without_image: list[tuple[str, str, str]] = []
        try:
            with path.open(encoding="utf-8-sig") as text:
                self._gather(members(text))
        except JSONDecodeError as error:
            raise FormatError(f"{path} is not valid JSON: {error.msg}. Is the file complete?") from None
        except UnicodeDecodeError as error:
            raise FormatError(f"{path} is not UTF-8 text: {error}") from None
        if not self.images:
            raise FormatError(
                f'{path} lists no images: COCO\'s files have the members "images", "annotations" and "categories". '
                "A list of detections alone names no files; add them to the file of the images."
            )
        self._check()

    def _gather(self, found: Iterator[tuple[str, Any]]) -> None:
        for name, one in found:
            if name not in ("images", "categories", "annotations"):
                continue
            if name == "annotations":
                self.empty = False
            if one == []:
                continue
            if not isinstance(one, dict):
                raise FormatError(f'{self.path}: an entry of "{name}" is no JSON object: {str(one)[:60]!r}')
            if name == "images":
                self.images.append({key: one.get(key) for key in ("id", "file_name", "width", "height")})
            elif name == "categories":
                if not isinstance(one.get("id"), (int, str)):
                    raise FormatError(f"{self.path}: the category {str(one)[:60]} has no id.")
                self.categories[one["id"]] = str(one.get("name", one["id"]))
            else:
                self._keep(one)

    def _keep(self, one: dict[str, Any]) -> None:
        if "segments_info" in one:
            raise FormatError(
                f"{self.path} holds panoptic segments, which Clary does not read; use COCO's instances file."
            )
        if "category_id" not in one and "caption" in one:
            raise FormatError(f"{self.path} holds captions, not labels; use COCO's instances file.")
        self.has_boxes = self.has_boxes and bool(one.get("bbox"))
        kept = orjson.dumps({key: one[key] for key in _KEPT if key in one})
        image_id = one.get("image_id")
        if not isinstance(image_id, (int, str)):
            raise FormatError(f"{self.path}: the annotation {one.get('id', '?')} has no image_id.")
        self._annotations.setdefault(image_id, bytearray()).extend(kept + b"\n")

    def _check(self) -> None:
        known: set[Any] = set()
        for place, image in enumerate(self.images):
            if not isinstance(image["id"], (int, str)):
                raise FormatError(f"{self.path}: the image number {place} has no id.")
            if image["id"] in known:
                raise FormatError(
                    f"{self.path}: two images have the id {image['id']}; every id must be given once."
                )
            known.add(image["id"])
        if self._annotations and not self.categories:
            raise FormatError(f'{self.path} has annotations and no "categories", which name their classes.')
        self.categories = dict(sorted(self.categories.items(), key=lambda one: (str(type(one[0])), one[0])))
        for image_id in [one for one in self._annotations if one not in known]:
            for kept in self._annotations.pop(image_id).splitlines():
                where = f"{self.path}, annotation {orjson.loads(kept).get('id', '?')}"
                what = f"the image_id {image_id!r} is not among the file's images"
                self._without_image.append((where, what, "Add the image, or take the annotation out."))

    def orphans(self) -> list[tuple[str, str, str]]:
        """Annotations whose image is not in the file: where, what, remedy."""
        return self._without_image

    def of_image(self, image_id: Any) -> list[dict[str, Any]]:
        """The annotations of one image, in the file's order."""
        return [orjson.loads(kept) for kept in self._annotations.get(image_id, b"").splitlines()]

    def image_folders(self, root: Path) -> list[Path]:
        """Where the images of this file usually are, those that are there."""
        top = root if root.is_dir() else self.path.parent
        above = top.parent if top.name == "annotations" else top
        stem = self.path.stem.removeprefix("instances_")
        here = self.path.parent
        places = [here, here / "images", above / "images" / stem, above / stem, above / "images", above]
        return [one for one in dict.fromkeys(places) if one.is_dir()]
