"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.paging import listing
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

_REFUSED = {
    "AsyncInferenceConfig": "Call InvokeEndpoint and keep its answer.",
    "ExplainerConfig": "Compute explanations in predict_fn.",
    "ShadowProductionVariants": "Give the second model a production variant of weight 0 and call it by TargetVariant.",
    "CrossRegionTrafficConfig": "There is one region on this machine.",
}
_REFUSED_IN_VARIANT = {
    "ServerlessConfig": "Give InstanceType and InitialInstanceCount.",
    "AcceleratorType": "Leave it out: the model runs on this machine's processors.",
    "InstancePools": "Give InstanceType and InitialInstanceCount.",
    "ManagedInstanceScaling": "Change the count with UpdateEndpointWeightsAndCapacities.",
}


@operation("sagemaker", "CreateEndpointConfig")
def create_endpoint_config(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    name = params["EndpointConfigName"]
    if not name:
        raise validation("EndpointConfigName must not be empty.")
    for member, instead in _REFUSED.items():
        if member in params:
            raise resources.refuse(member, instead)
    if params.get("DataCaptureConfig", {}).get("EnableCapture"):
        raise resources.refuse("DataCaptureConfig with EnableCapture", "Log what you need in predict_fn.")
    body = {
        **params,
        "ProductionVariants": [_checked_variant(engine, variant) for variant in params["ProductionVariants"]],
    }
    names = Counter(variant["VariantName"] for variant in body["ProductionVariants"])
    for variant_name, count in names.items():
        if count > 1:
            raise validation(
                f'Production variant names must be unique within an endpoint configuration: "{variant_name}".'
            )
    if not any(variant["InitialVariantWeight"] > 0 for variant in body["ProductionVariants"]):
        raise validation("At least one production variant must have an InitialVariantWeight above 0.")
    try:
        with resources.creating(engine, "endpoint-config", name, body) as document:
            return {"EndpointConfigArn": document.arn}
    except AlreadyExists:
        known = resources.arn(engine, "endpoint-config", name)
        raise validation(f'Cannot create already existing endpoint configuration "{known}".') from None


@operation("sagemaker", "DescribeEndpointConfig")
def describe_endpoint_config(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    document = resources.find(engine, "endpoint-config", params["EndpointConfigName"])
    return {
        "EnableNetworkIsolation": False,
        **document.body,
        "EndpointConfigArn": document.arn,
        "CreationTime": resources.moment(document.created),
    }


@operation("sagemaker", "ListEndpointConfigs")
def list_endpoint_configs(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return listing(engine, "endpoint-config", params, "EndpointConfigs", _summary)


@operation("sagemaker", "DeleteEndpointConfig")
def delete_endpoint_config(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    resources.delete(engine, "endpoint-config", params["EndpointConfigName"])
    return {}


def _checked_variant(engine: Engine, variant: dict[str, Any]) -> dict[str, Any]:
    name = variant["VariantName"]
    for member, instead in _REFUSED_IN_VARIANT.items():
        if member in variant:
            raise resources.refuse(f"{member} (production variant {name})", instead)
    for member in ("ModelName", "InitialInstanceCount", "InstanceType"):
        if not variant.get(member):
            raise validation(f"Production variant {name} needs {member}.")
    resources.check_count(name, variant["InstanceType"], variant["InitialInstanceCount"])
    resources.find(engine, "model", variant["ModelName"])
    return {"InitialVariantWeight": 1.0, **variant}


def _summary(document: Document) -> dict[str, Any]:
    return {
        "EndpointConfigName": document.name,
        "EndpointConfigArn": document.arn,
        "CreationTime": resources.moment(document.created),
    }
