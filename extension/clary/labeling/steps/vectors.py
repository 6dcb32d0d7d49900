"""The objects of a job as vectors, worked out once a job and kept beside its database."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clary.home import atomic_write
from clary.labeling.settings import Automatic
from clary.labeling.steps import artifact
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.work.images import path_of

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_FILE = "space.pickle"
_VERSION = 1
_OF_IMAGES = ("scattering", "pixels", "torchvision")
_OF_TEXTS = ("tfidf", "embedding")
# Pictures are read at least as large as their features need them.
_SMALL, _LARGE = 64, 448


def of(context: Context) -> Any:
    """The `Space` that all objects of the job live in. Raises StepFailed when the features that were asked for cannot be had."""
    from clary.labeling.active.space import Space

    path = context.work.folder / _FILE
    kind = _kind(context)
    here = (str(path), context.work.fact("created"))
    if here in _spaces:
        return _spaces[here]
    if path.exists():
        version, known, space = pickle.loads(path.read_bytes())  # our own file, in a folder of the user's
        if (version, known) == (_VERSION, kind):
            return _spaces.setdefault(here, space)
    try:
        space = Space(_features(context, kind))
    except (ValueError, ImportError, OSError) as error:
        raise StepFailed(
            f"ClientError: The features {kind!r} of the data objects cannot be had: {error}"
        ) from error
    atomic_write(path, pickle.dumps((_VERSION, kind, space)), mode=0o600)
    return _spaces.setdefault(here, space)


_spaces: dict[tuple[str, float], Any] = {}


def _kind(context: Context) -> str:
    """What the features are, by the settings or by what there is. Raises StepFailed."""
    automatic, image = _automatic(context), context.work.task.modality == "image"
    kind = automatic.features or ("embedding" if automatic.model and not image else "")
    if not kind and automatic.model:
        raise StepFailed(
            "ClientError: What network the model's weights belong to must be said: features is torchvision:<architecture>,"
            " torchvision:resnet18 for example."
        )
    kind = kind or ("scattering" if image else "tfidf")
    there = _OF_IMAGES if image else _OF_TEXTS
    name = kind.partition(":")[0]
    if name not in there:
        raise StepFailed(
            f"ClientError: There are no features {kind!r} for this task; there are {', '.join(there)}."
        )
    if name in ("torchvision", "embedding") and not automatic.model:
        raise StepFailed(f"ClientError: The features {kind!r} need a model: the URI of its weights.")
    return kind


def _features(context: Context, kind: str) -> Any:
    """(objects, dimensions), dense or sparse. Raises StepFailed, ValueError, ImportError."""
    from clary.labeling.active import features

    name, _, architecture = kind.partition(":")
    if name == "pixels":
        return features.pixels_of(_images(context, _SMALL))
    if name == "scattering":
        return features.scattering_of(_images(context, _SMALL))
    if name == "tfidf":
        return features.words_of(_texts(context))
    if name == "embedding":
        return features.embeddings_of(_texts(context), str(artifact.sentences(context)))
    return features.network_of(_images(context, _LARGE), architecture, artifact.weights(context))


def _automatic(context: Context) -> Automatic:
    automatic = context.work.settings.automatic
    assert automatic is not None
    return automatic


def _images(context: Context, side: int) -> Iterator[Any]:
    """Every object's image, the right way up; a small grey one in place of what cannot be read."""
    from PIL import Image, ImageOps

    for row in context.work.all_objects():
        try:
            with Image.open(path_of(context.home, row.image_uri)) as image:
                image.draft("RGB", (side, side))  # a JPEG is decoded no larger than it is needed
                yield ImageOps.exif_transpose(image)
        except Exception:  # it has failed already, with the reason
            yield Image.new("RGB", (32, 32), "grey")


def _texts(context: Context) -> Iterator[str]:
    for row in context.work.all_objects():
        yield str(row.shown.get("text", row.line.get("source", "")))
