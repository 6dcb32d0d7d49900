"""The image files of a data set: found, measured, brought along, and named without clashes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from clary.labeling.formats.format import Item, WriteOptions
from clary.labeling.formats.problems import FormatError, Problems

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
_ORIENTATION = 274  # EXIF; 5 to 8 lie on their side


def is_image(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS


def images_below(folder: Path) -> Iterator[Path]:
    """Every image under a folder, in order; hidden folders are left out."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(where)
        yield from (here / name for name in sorted(names) if is_image(here / name) and name[0] != ".")


def size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as people see the image (turned as its EXIF data say), from the head of the file alone.
    Raises FormatError for what is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FormatError(f"{path} is no image that can be read: {error}") from None
    return (height, width) if turned else (width, height)


def measured(path: Path, where: str, problems: Problems) -> tuple[int, int] | None:
    """`size`, or None where that is a problem of `where`."""
    try:
        return size(path)
    except FormatError as error:
        problems.add(where, str(error), "Replace the files that cannot be read, or take their lines out.")
        return None


def inside(folders: list[Path], name: str) -> Path | None:
    """The first of `folders` that has a file of this relative name; None for names that lead out of them, too."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or PurePosixPath(*parts).is_absolute() or "\0" in name:
        return None
    return next((path for folder in folders if (path := folder.joinpath(*parts)).is_file()), None)


def missing(name: str, folders: list[Path], where: str, problems: Problems) -> None:
    """Tells that the image `name` is in none of `folders`."""
    looked = " or ".join(str(folder) for folder in folders[:3])
    problems.add(
        where, f"there is no image {name!r} in {looked}",
        'Say where the images are (images="folder"), or take the entries of missing images out.',
    )  # fmt: skip


class Names:
    """File names within a data set that is being written, each given once. `stems`: names may not differ in their extension
    alone, because the labels lie in files beside them."""

    def __init__(self, *, stems: bool = False) -> None:
        self._stems = stems
        self._given: set[str] = set()

    def give(self, name: str, split: str = "") -> PurePosixPath:
        """The relative path for the item of this name: its own, or with a number where that is taken."""
        path = PurePosixPath(name)
        wanted, number = path, 1
        while self._key(wanted, split) in self._given:
            number += 1
            wanted = path.with_name(f"{path.stem}-{number}{path.suffix}")
        self._given.add(self._key(wanted, split))
        return wanted

    def _key(self, path: PurePosixPath, split: str) -> str:
        return f"{split}/{path.with_suffix('') if self._stems else path}"


def bring(item: Item, place: Path, options: WriteOptions) -> None:
    """Put the image of `item` at `place`, as the options say. Raises FormatError where there is none."""
    if options.images == "none":
        return
    if item.file is None:
        raise FormatError(f"{item.name!r} has no image file to bring along.")
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        if options.images == "link":
            try:
                os.link(item.file, place)
                return
            except OSError:
                pass  # another disk, or a file system without links
        shutil.copyfile(item.file, place)
    except FileNotFoundError:
        raise FormatError(
            f"The image {item.file} is missing, so it cannot be exported. Put it back, or take its line out of the manifest."
        ) from None
