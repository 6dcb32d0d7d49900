"""The objects of a job as vectors, worked out once a job and kept beside its database."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.home import atomic_write
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.work.images import ImageError, path_of

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_FILE = "space.pickle"
_VERSION = 1
_SIDE = 32


def of(context: Context) -> Any:
    """The `Space` that all objects of the job live in. Raises StepFailed when the features that were asked for cannot be had."""
    from clary.labeling.active.space import Space

    path = context.work.folder / _FILE
    kind = _kind(context)
    if path in _spaces:
        return _spaces[path]
    if path.exists():
        version, known, space = pickle.loads(path.read_bytes())  # our own file, in a folder of the user's
        if (version, known) == (_VERSION, kind):
            return _spaces.setdefault(path, space)
    try:
        space = Space(_features(context, kind))
    except (ValueError, ImportError, OSError) as error:
        raise StepFailed(
            f"ClientError: The features {kind!r} of the data objects cannot be had: {error}"
        ) from error
    atomic_write(path, pickle.dumps((_VERSION, kind, space)), mode=0o600)
    return _spaces.setdefault(path, space)


_spaces: dict[Path, Any] = {}


def _kind(context: Context) -> str:
    automatic = context.work.settings.automatic
    assert automatic is not None
    if automatic.features:
        return automatic.features
    return "pixels" if context.work.task.modality == "image" else "tfidf"


def _features(context: Context, kind: str) -> Any:
    if kind == "pixels":
        return _pixels(_images(context), sum(1 for _ in context.work.all_objects()))
    if kind == "tfidf":
        return _tfidf(_texts(context))
    raise StepFailed(
        f"ClientError: There are no features {kind!r} for this task; there are pixels and tfidf."
    )


def _pixels(images: Iterator[Any], count: int) -> Any:
    """(count, 3072) float32: colours of 32 x 32 pixels, 0..1."""
    import numpy as np

    found = np.zeros((count, 3 * _SIDE * _SIDE), dtype=np.float32)
    for number, image in enumerate(images):
        found[number] = np.asarray(image.resize((_SIDE, _SIDE)), dtype=np.float32).ravel() / 255
    return found


def _tfidf(texts: Iterator[str]) -> Any:
    """(texts, words) sparse: words and pairs of them that several texts have, weighed by how rare they are."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    given = list(texts)
    least = 2 if len(given) >= 100 else 1
    return TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=least, max_features=200_000
    ).fit_transform(given)


def _local(context: Context, uri: str) -> Path:
    try:
        return path_of(context.home, uri)
    except ImageError as error:
        raise StepFailed(f"ClientError: The model cannot be read: {error}") from None


def _images(context: Context) -> Iterator[Any]:
    """Every object's image, the right way up; a small grey one in place of what cannot be read."""
    from PIL import Image, ImageOps

    for row in context.work.all_objects():
        try:
            with Image.open(path_of(context.home, row.image_uri)) as image:
                image.draft("RGB", (512, 512))
                yield ImageOps.exif_transpose(image).convert("RGB")
        except Exception:  # it has failed already, with the reason
            yield Image.new("RGB", (32, 32), "grey")


def _texts(context: Context) -> Iterator[str]:
    for row in context.work.all_objects():
        yield str(row.shown.get("text", row.line.get("source", "")))
