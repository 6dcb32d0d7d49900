"""From CreateModel's request to an unpacked model folder: archives, prefixes, and the code that belongs to them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.objects import Objects
from clary.objects.errors import ObjectsError
from clary.serving.variant import StartFailure
from clary.toolkits.training.archive import ArchiveError, extract

_COMPLETE = "complete"


@dataclass(frozen=True)
class Container:
    """The one container of a model: where its files are, and its environment variables."""

    model_name: str
    image: str
    data_url: str
    uncompressed: bool
    environment: dict[str, str]


def container_of(name: str, model: Mapping[str, Any]) -> Container:
    """Read a CreateModel request. Raises StartFailure for what Clary does not offer."""
    listed = model.get("Containers") or []
    if len(listed) > 1:
        raise StartFailure(
            f"Model {name} is an inference pipeline of {len(listed)} containers, which Clary does not offer yet: "
            "create a model with one container."
        )
    container = model.get("PrimaryContainer") or (listed[0] if listed else {})
    if container.get("Mode") == "MultiModel":
        raise StartFailure(
            f"Model {name} is a multi-model container, which Clary does not offer yet: use Mode SingleModel."
        )
    if container.get("ModelPackageName"):
        raise StartFailure(
            f"Model {name} names a model package, which Clary does not offer yet: give ModelDataUrl."
        )
    source = (container.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return Container(
        model_name=name,
        image=container.get("Image", ""),
        data_url=source.get("S3Uri") or container.get("ModelDataUrl") or "",
        uncompressed=source.get("CompressionType") == "None" or source.get("S3DataType") == "S3Prefix",
        environment={str(key): str(value) for key, value in (container.get("Environment") or {}).items()},
    )


def fetch(objects: Objects, container: Container, folder: Path) -> Path:
    """Unpack the model into ``folder/ml/model`` and return that; a folder fetched before is used as it is.

    That makes an endpoint independent of its archive: it comes back after a restart although the object is gone. Raises
    StartFailure.
    """
    model_dir = folder / "ml" / "model"
    marker = folder / _COMPLETE
    if marker.exists() and model_dir.is_dir():
        return model_dir
    shutil.rmtree(folder, ignore_errors=True)
    model_dir.mkdir(parents=True)
    try:
        if container.data_url:
            if container.uncompressed:
                _copy_prefix(objects, container.data_url, model_dir)
            else:
                _extract(objects, container.data_url, model_dir, f"model data of {container.model_name}")
        submitted = container.environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if "://" in submitted:
            _extract(objects, submitted, model_dir / "code", "SAGEMAKER_SUBMIT_DIRECTORY")
        elif submitted and not submitted.startswith("/opt/ml/model"):
            raise StartFailure(
                f"SAGEMAKER_SUBMIT_DIRECTORY is {submitted!r}; it must be /opt/ml/model/code or the s3:// address of a tar.gz."
            )
    except (ObjectsError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StartFailure(
            f"Failed to download model data for model {container.model_name}: {error}"
        ) from error
    except (ArchiveError, StartFailure) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StartFailure(str(error)) from error
    marker.touch()
    return model_dir


def _extract(objects: Objects, uri: str, folder: Path, what: str) -> None:
    path = objects.resolve(uri).path
    if not path.is_file():
        raise StartFailure(
            f"Could not find {what} at {uri}. Please ensure that the object exists and that its name is right."
        )
    extract(path, folder, name=uri)


def _copy_prefix(objects: Objects, uri: str, folder: Path) -> None:
    for relative, path in objects.expand(uri):
        target = folder / relative
        if not target.resolve().is_relative_to(folder.resolve()):
            raise StartFailure(f"{uri} holds the key {relative!r}, which would leave the model's folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            shutil.copyfile(path, target)
