"""Images of objects: what size they are, whether they can be shown, and previews of them."""

from __future__ import annotations

import io
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.home import Home

if TYPE_CHECKING:
    from clary.labeling.work.rows import ObjectRow

# Pillow's own bound against decompression bombs, as an error: 179 megapixels.
_MOST_PIXELS = 178_956_970
_SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_ORIENTATION = 0x0112
_PREVIEW_QUALITY = 88
_SHOWN = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif")


class ImageError(ValueError):
    """An image that cannot be shown; the text says why."""


@dataclass(frozen=True)
class SessionImage:
    """An image on its way to a canvas."""

    data: bytes
    type: str


def content_type(uri: str) -> str:
    kind, _ = mimetypes.guess_type(uri.rsplit("/", 1)[-1])
    return kind or "application/octet-stream"


def path_of(home: Home, uri: str) -> Path:
    """The file of ``s3://`` or ``file://``. Raises ImageError."""
    from clary.objects import Objects, ObjectsError

    try:
        path = Objects(home).resolve(uri).path
    except ObjectsError as error:
        raise ImageError(str(error)) from None
    try:
        there = path.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise ImageError(f"{uri} cannot be read: {error.strerror}.") from None
    if not there:
        raise ImageError(f"{uri} does not exist.")
    return path


def measure(path: Path) -> tuple[int, int]:
    """Width and height in pixels, the right way up, of an image that can be shown. Raises ImageError.

    Only the head is read, and the end of a JPEG or the checksums of a PNG: a file that was cut off is found without decoding it.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS:
                raise ImageError(
                    f"The image is {width} x {height} pixels; {_MOST_PIXELS:,} pixels are the most."
                )
            sideways = image.getexif().get(_ORIENTATION) in _SIDEWAYS
            _check_end(image, path)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(f"The image has more than {_MOST_PIXELS:,} pixels.") from None
    except Exception as error:  # Pillow's decoders raise anything
        raise ImageError(f"The image cannot be read: {_reason(error)}") from None
    return (height, width) if sideways else (width, height)


def served(home: Home, thing: ObjectRow, size: int) -> SessionImage:
    """The object's image: the file itself, or, with `size`, a JPEG whose longer edge has at most so many pixels. Raises
    ImageError."""
    uri = thing.image_uri
    path = path_of(home, uri)
    kind = content_type(uri)
    small = size and max(thing.width, thing.height) > size
    try:
        if not small and kind in _SHOWN:
            return SessionImage(path.read_bytes(), kind)
        return SessionImage(_preview(path, size), "image/jpeg")
    except Exception as error:
        raise ImageError(f"The image cannot be read: {_reason(error)}") from None


def _preview(path: Path, size: int) -> bytes:
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        if size:
            image.draft("RGB", (size, size))  # JPEGs are decoded at a fraction of their size
        upright: Any = ImageOps.exif_transpose(image)
        if size:
            upright.thumbnail((size, size), Image.Resampling.BILINEAR)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            rgba = upright.convert("RGBA")
            upright = Image.new("RGB", rgba.size, "white")
            upright.paste(rgba, mask=rgba.getchannel("A"))
        elif upright.mode.startswith("I;16"):
            upright = upright.point(lambda value: value / 256).convert("L")
        file = io.BytesIO()
        upright.convert("RGB").save(file, "JPEG", quality=_PREVIEW_QUALITY)
    return file.getvalue()


def _check_end(image: Any, path: Path) -> None:
    if image.format != "JPEG" or not _has_jpeg_end(path):
        image.load()


def _has_jpeg_end(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 65_536))
        return b"\xff\xd9" in file.read()


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f"{text or type(error).__name__}."
