"""CreateEndpoint, DescribeEndpoint, ListEndpoints, DeleteEndpoint, UpdateEndpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.paging import listing
from clary.api.registry import operation
from clary.serving.endpoints import EndpointError
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


@operation("sagemaker", "CreateEndpoint")
def create_endpoint(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["EndpointName"]
    if not name:
        raise validation("EndpointName must not be empty.")
    _check_deployment(params)
    config = resources.find(engine, "endpoint-config", params["EndpointConfigName"])
    _check_models(engine, config)
    body = {
        "EndpointName": name,
        "EndpointConfigName": config.name,
        "generation": 1,
        "Tags": params.get("Tags", []),
    }
    if "DeploymentConfig" in params:
        body["LastDeploymentConfig"] = params["DeploymentConfig"]
    try:
        with resources.creating(engine, "endpoint", name, body, status="Creating") as document:
            engine.endpoints.create(name)
    except AlreadyExists:
        known = resources.arn(engine, "endpoint", name)
        raise validation(f'Cannot create already existing endpoint "{known}".') from None
    engine.runner.schedule()
    return {"EndpointArn": document.arn}


@operation("sagemaker", "DescribeEndpoint")
def describe_endpoint(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    return description(engine, resources.find(engine, "endpoint", params["EndpointName"]))


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeEndpoint says of an endpoint; reads only."""
    answer = {
        "EndpointName": document.name,
        "EndpointArn": document.arn,
        "EndpointConfigName": document.body["EndpointConfigName"],
        "EndpointStatus": document.status,
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
    }
    for member in ("ProductionVariants", "FailureReason", "LastDeploymentConfig"):
        if document.body.get(member):
            answer[member] = document.body[member]
    return answer


@operation("sagemaker", "ListEndpoints")
def list_endpoints(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    return listing(engine, "endpoint", params, "Endpoints", _summary)


@operation("sagemaker", "UpdateEndpoint")
def update_endpoint(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = _idle(engine, params["EndpointName"])
    _check_deployment(params)
    config = resources.find(engine, "endpoint-config", params["EndpointConfigName"])
    _check_models(engine, config)
    excluded = {item["VariantPropertyType"] for item in params.get("ExcludeRetainedVariantProperties", [])}
    if excluded and not params.get("RetainAllVariantProperties"):
        raise validation("ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true.")
    kept = {"DesiredWeight", "DesiredInstanceCount"} if params.get("RetainAllVariantProperties") else set()
    with _orders():
        engine.endpoints.update(document.name, config.name, kept - excluded, params.get("DeploymentConfig"))
    engine.runner.schedule()
    return {"EndpointArn": document.arn}


@operation("sagemaker", "UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = _idle(engine, params["EndpointName"])
    if document.status != "InService":
        raise validation(
            f'Endpoint "{document.arn}" is {document.status}; its weights can be changed when it is InService.'
        )
    changes = params["DesiredWeightsAndCapacities"]
    variants = {
        variant["VariantName"]: dict(variant) for variant in document.body.get("ProductionVariants", [])
    }
    if len({change["VariantName"] for change in changes}) < len(changes):
        raise validation("Each variant may be named only once in DesiredWeightsAndCapacities.")
    for change in changes:
        if change["VariantName"] not in variants:
            raise validation(
                f'Endpoint "{document.arn}" has no variant named "{change["VariantName"]}". It has: {", ".join(variants)}.'
            )
        if "ServerlessUpdateConfig" in change:
            raise resources.refuse("ServerlessUpdateConfig", "Give DesiredInstanceCount.")
        if change.get("DesiredInstanceCount") == 0:
            raise validation(f'DesiredInstanceCount of variant "{change["VariantName"]}" must be at least 1.')
        resources.check_count(change["VariantName"], "ml instances", change.get("DesiredInstanceCount", 1))
        variants[change["VariantName"]].update(change)
    if not any(variant["DesiredWeight"] > 0 for variant in variants.values()):
        raise validation("At least one production variant must keep a weight above 0.")
    with _orders():
        engine.endpoints.update_weights(document.name, changes)
    return {"EndpointArn": document.arn}


@operation("sagemaker", "DeleteEndpoint")
def delete_endpoint(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = resources.find(engine, "endpoint", params["EndpointName"])
    engine.endpoints.delete(document.name)
    return {}


@contextmanager
def _orders() -> Iterator[None]:
    """Another engine may have been quicker than the look at the endpoint's status."""
    try:
        yield
    except EndpointError as error:
        raise validation(str(error)) from None


def _idle(engine: Engine, name: str) -> Document:
    """The endpoint, unless something is happening to it already."""
    engine.runner.reconcile()
    document = resources.find(engine, "endpoint", name)
    if document.status in _BUSY:
        raise validation(
            f'Cannot update in-progress endpoint "{document.arn}". Its status is {document.status}.'
        )
    return document


def _check_models(engine: Engine, config: Document) -> None:
    """Models may have been deleted since the configuration was made."""
    for variant in config.body["ProductionVariants"]:
        resources.find(engine, "model", variant["ModelName"])


def _check_deployment(params: dict[str, Any]) -> None:
    deployment = params.get("DeploymentConfig", {})
    if "RollingUpdatePolicy" in deployment:
        raise resources.refuse(
            "DeploymentConfig.RollingUpdatePolicy", "Use BlueGreenUpdatePolicy with ALL_AT_ONCE."
        )
    routing = (
        deployment.get("BlueGreenUpdatePolicy", {})
        .get("TrafficRoutingConfiguration", {})
        .get("Type", "ALL_AT_ONCE")
    )
    if routing != "ALL_AT_ONCE":
        raise resources.refuse(f"TrafficRoutingConfiguration of type {routing}", "Use ALL_AT_ONCE.")
    if deployment.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise resources.refuse(
            "AutoRollbackConfiguration", "An update whose new variants fail to start is rolled back anyway."
        )


def _summary(document: Document) -> dict[str, Any]:
    return {
        "EndpointName": document.name,
        "EndpointArn": document.arn,
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
        "EndpointStatus": document.status,
    }
