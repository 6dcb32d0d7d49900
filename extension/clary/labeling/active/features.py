"""Objects as vectors: what `space.Space` is made of. Pure functions of pictures and texts, read one after the other.

Pictures: `scattering_of` (no weights needed; the best start), `pixels_of`, or `network_of` (the last layer but one of a
torchvision model with the user's weights). Texts: `words_of` (TF-IDF) or `embeddings_of` (sentence-transformers, or the
user's function).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
T = TypeVar("T")
_SIDE = 32
_BATCH = 32
_LOCK: list[Any] = []  # keeps torchvision's operator definitions alive


class FeaturesMissing(ImportError):
    """A package that these features need is not installed; the text says which, and what to do."""


def pixels_of(images: Iterable[Any], side: int = _SIDE) -> Vectors:
    """(N, side^2) grey values, or (N, 3 side^2) colours where any picture has some; 0..1. `images`: PIL's, of any mode
    and size."""
    colours = _small(images, side)
    if not _coloured(colours):
        colours = colours[..., :1]
    return colours.reshape(len(colours), int(np.prod(colours.shape[1:]))).astype(np.float32) / np.float32(255)


def scattering_of(images: Iterable[Any], side: int = _SIDE) -> Vectors:
    """(N, 127 side^2 / 64 or 32 more) float32: the scattering of the grey picture, and of colour pictures the colours of
    4 x 4 patches."""
    from clary.labeling.active.scattering import scattering

    colours = _small(images, side)
    grey = colours.astype(np.float32) @ np.asarray([0.299, 0.587, 0.114], dtype=np.float32) / 255
    found = scattering(grey)
    if not _coloured(colours):
        return found
    patch = side // 4
    means = colours.reshape(len(colours), 4, patch, 4, patch, 3).mean(axis=(2, 4), dtype=np.float32) / 255
    chroma = np.stack([means[..., 0] - means[..., 1], means[..., 2] - means[..., 1]], axis=-1)
    # Weighed so that colours count about as much as shapes do.
    return np.concatenate([found, 4.0 * chroma.reshape(len(colours), -1)], axis=1)


def network_of(images: Iterable[Any], architecture: str, weights: str | Path) -> Vectors:
    """(N, d) float32: what a torchvision classifier makes of pictures before its last layer.

    architecture: a name of ``torchvision.models`` (``resnet18``). weights: a file with its state_dict, as ``torch.save``
    writes it. Raises FeaturesMissing without torchvision, ValueError for names and weights that do not fit.
    """
    torch, models = _torchvision()
    if architecture not in models.list_models():
        raise ValueError(
            f"torchvision has no classifier {architecture!r}; it has resnet18, mobilenet_v3_small and others."
        )
    state = torch.load(str(weights), map_location="cpu", weights_only=True)
    state = state.get("state_dict", state) if isinstance(state, dict) else state.state_dict()
    head = next(
        (
            value
            for name, value in reversed(list(state.items()))
            if name.endswith("weight") and value.dim() == 2
        ),
        None,
    )
    try:
        model = models.get_model(
            architecture, weights=None, num_classes=len(head) if head is not None else 1000
        )
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            f"The weights {weights} do not fit torchvision's {architecture}: {str(error)[:300]}"
        ) from None
    _behead(model, torch)
    model.eval()
    mean, deviation = np.asarray([0.485, 0.456, 0.406]), np.asarray([0.229, 0.224, 0.225])
    found = []
    with torch.inference_mode():
        for batch in _batches(images, _BATCH):
            arrays = [np.asarray(_rgb(one).resize((224, 224)), dtype=np.float32) / 255 for one in batch]
            tensor = torch.from_numpy(
                ((np.stack(arrays) - mean) / deviation).transpose(0, 3, 1, 2).astype(np.float32)
            )
            found.append(model(tensor).flatten(1).numpy())
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)


def words_of(texts: Iterable[str]) -> Any:
    """(N, words) sparse float32: TF-IDF of words and pairs of words that more than one text has."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    given = list(texts)
    options: dict[str, Any] = {
        "sublinear_tf": True,
        "ngram_range": (1, 2),
        "max_features": 200_000,
        "dtype": np.float32,
    }
    for least, pattern in ((2, r"(?u)\b\w\w+\b"), (1, r"(?u)\S+"), (1, r"(?us).")):
        try:
            return TfidfVectorizer(
                min_df=min(least, max(1, len(given) // 50)), token_pattern=pattern, **options
            ).fit_transform(given)
        except ValueError:  # no such word in any text
            continue
    from scipy.sparse import csr_matrix

    return csr_matrix((len(given), 1), dtype=np.float32)


def embeddings_of(texts: Iterable[str], model: str | Callable[[Sequence[str]], Any]) -> Vectors:
    """(N, d) float32 sentence embeddings. `model`: a folder of a sentence-transformers model, or a function of a list of texts.
    Raises FeaturesMissing without sentence-transformers, ValueError for a function that gives something else."""
    encode = model if callable(model) else _sentences(model)
    found = []
    for batch in _batches(texts, 256):
        vectors = np.asarray(encode(batch), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(batch):
            raise ValueError(
                f"The embedding gave an array of shape {vectors.shape} for {len(batch)} texts, not ({len(batch)}, d)."
            )
        found.append(vectors)
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)


def _sentences(folder: str) -> Callable[[Sequence[str]], Any]:
    try:
        _mend_torchvision()  # which transformers imports where it is installed
        sentences = import_module("sentence_transformers")
    except (ImportError, RuntimeError) as error:
        raise FeaturesMissing(
            f"Sentence embeddings need sentence-transformers, which cannot be imported here ({error}): install it, or use tfidf."
        ) from None
    loaded = sentences.SentenceTransformer(folder)
    return lambda batch: loaded.encode(list(batch), show_progress_bar=False)


def _torchvision() -> tuple[Any, Any]:
    """torch and torchvision.models."""
    import torch

    try:
        _mend_torchvision()
        models = import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:
        raise FeaturesMissing(
            f"Features of a network need torchvision, which cannot be imported here ({error}): install it beside torch "
            f"{torch.__version__}, or use scattering or pixels."
        ) from None
    return torch, models


def _mend_torchvision() -> None:
    """Have torchvision imported, if it is installed. One built for CUDA lacks two operators beside a CPU torch, and fails to
    import: their schemas suffice. One that has them must not find them there already, so they come after the failure."""
    if find_spec("torchvision") is None:
        return
    try:
        import_module("torchvision")
        return
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    import torch

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in (
        "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        library.define(schema)
    _LOCK.append(library)
    import_module("torchvision")


def _behead(model: Any, torch: Any) -> None:
    """Replace the last linear layer by nothing."""
    name = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)][-1]
    parent, _, last = name.rpartition(".")
    owner = model.get_submodule(parent) if parent else model
    setattr(owner, last, torch.nn.Identity())


def _small(images: Iterable[Any], side: int) -> NDArray[np.uint8]:
    """(N, side, side, 3): only the small pictures are kept."""
    found = [np.asarray(_rgb(one).resize((side, side)), dtype=np.uint8) for one in images]
    return np.stack(found) if found else np.empty((0, side, side, 3), dtype=np.uint8)


def _rgb(image: Any) -> Any:
    """Eight bits a channel; of 16-bit grey pictures the upper ones."""
    if image.mode.startswith("I"):
        from PIL import Image

        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray(
            (values / (256 if values.max(initial=0) > 255 else 1)).astype(np.uint8)
        ).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _coloured(colours: NDArray[np.uint8]) -> bool:
    return bool((colours[..., :1] != colours).any())


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch
