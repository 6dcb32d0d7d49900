"""The user's model, unpacked beside the job's database: a training job's ``model.tar.gz``, a single file, or a folder."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from clary.labeling.steps.outcome import StepFailed

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_FOLDER = "model"
# Written last: what has no such file was left half done by somebody who died.
_WHOLE = ".unpacked"
_WEIGHTS = (".pt", ".pth", ".bin")
# What every folder of sentence-transformers has.
_SENTENCES = "modules.json"


def unpacked(context: Context) -> Path:
    """The folder with the model's files, its inference code below ``code``. Raises StepFailed."""
    automatic = context.work.settings.automatic
    assert automatic is not None
    source = _found(context, automatic.model, "model")
    if source.is_dir():
        return source
    folder = context.work.folder / _FOLDER
    if (folder / _WHOLE).exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if tarfile.is_tarfile(source):
        _extract(source, folder, automatic.model)
    else:
        (folder / f"model{source.suffix}").symlink_to(source)
    if automatic.code:
        _extract(_found(context, automatic.code, "model's code"), folder / "code", automatic.code)
    (folder / _WHOLE).touch()
    return folder


def weights(context: Context) -> Path:
    """The one file with a network's weights. Raises StepFailed."""
    folder = unpacked(context)
    found = sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS and path.is_file())
    named = [path for path in found if path.stem == "model"]
    if len(named or found) != 1:
        there = ", ".join(str(path.relative_to(folder)) for path in found[:8]) or "none"
        raise StepFailed(
            f"ClientError: The model {_uri(context)} must hold one file of weights as torch.save writes them "
            f"({', '.join(_WEIGHTS)}); it holds {there}."
        )
    return (named or found)[0]


def sentences(context: Context) -> Path:
    """The folder of a sentence-transformers model. Raises StepFailed."""
    folder = unpacked(context)
    found = sorted(folder.rglob(_SENTENCES), key=lambda path: len(path.parts))
    if not found:
        raise StepFailed(
            f"ClientError: The model {_uri(context)} is no sentence-transformers model: there is no {_SENTENCES} in it."
        )
    return found[0].parent


def _uri(context: Context) -> str:
    automatic = context.work.settings.automatic
    return automatic.model if automatic is not None else ""


def _found(context: Context, uri: str, what: str) -> Path:
    from clary.objects import ObjectsError

    try:
        path = context.objects.resolve(uri).path
    except ObjectsError as error:
        raise StepFailed(f"ClientError: The {what} cannot be read: {error}") from None
    if not path.exists():
        raise StepFailed(f"ClientError: The {what} {uri} does not exist.")
    return path


def _extract(archive: Path, folder: Path, uri: str) -> None:
    from clary.toolkits.training.archive import ArchiveError, extract

    try:
        extract(archive, folder, name=uri)
    except ArchiveError as error:
        raise StepFailed(f"ClientError: {error}") from None
