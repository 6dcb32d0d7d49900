"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.paging import listing
from clary.api.registry import operation
from clary.objects import ObjectsError
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine


@operation("sagemaker", "CreateModel")
def create_model(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["ModelName"]
    if not name:
        raise validation("ModelName must not be empty.")
    _check_containers(engine, params)
    try:
        with resources.creating(engine, "model", name, params) as document:
            return {"ModelArn": document.arn}
    except AlreadyExists:
        raise validation(
            f'Cannot create already existing model "{resources.arn(engine, "model", name)}".'
        ) from None


@operation("sagemaker", "DescribeModel")
def describe_model(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return description(resources.find(engine, "model", params["ModelName"]))


def description(document: Document) -> dict[str, Any]:
    """What DescribeModel says of a model."""
    return {
        "EnableNetworkIsolation": False,
        **document.body,
        "ModelArn": document.arn,
        "CreationTime": resources.moment(document.created),
    }


@operation("sagemaker", "ListModels")
def list_models(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return listing(engine, "model", params, "Models", _summary)


@operation("sagemaker", "DeleteModel")
def delete_model(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    resources.delete(engine, "model", params["ModelName"])
    return {}


def _summary(document: Document) -> dict[str, Any]:
    return {
        "ModelName": document.name,
        "ModelArn": document.arn,
        "CreationTime": resources.moment(document.created),
    }


def _check_containers(engine: Engine, params: dict[str, Any]) -> None:
    containers = params.get("Containers", [])
    if ("PrimaryContainer" in params) == bool(containers):
        raise validation(
            "Exactly one of PrimaryContainer and Containers must be given, with at least one container."
        )
    if len(containers) > 1:
        raise resources.refuse(
            "An inference pipeline (Containers with more than one entry)",
            "Put the steps into one inference.py.",
        )
    container = containers[0] if containers else params["PrimaryContainer"]
    if container.get("Mode") == "MultiModel":
        raise resources.refuse(
            "Mode MultiModel", "Create a model, and a variant or an endpoint, for each of them."
        )
    if "ModelPackageName" in container:
        raise resources.refuse("ModelPackageName", "Name the model's files with ModelDataUrl.")
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    if container.get("ModelDataUrl") and source:
        raise validation("ModelDataUrl and ModelDataSource cannot both be given in one container.")
    url = container.get("ModelDataUrl") or source.get("S3Uri")
    if not url:
        raise validation(
            "The container names no model: give ModelDataUrl (a model.tar.gz) or ModelDataSource."
        )
    try:
        found = resources.anything_at(engine, url)
    except ObjectsError as error:
        raise validation(f"Could not access model data at {url}: {error}") from None
    if not found:
        raise validation(
            f"Could not access model data at {url}. Please ensure that the bucket exists and that there is an object "
            "of that name."
        )
