"""CreateTrial, DescribeTrial, ListTrials, UpdateTrial, DeleteTrial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api import lineage
from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.registry import operation
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "experiment-trial"
_MOST_SHOWN = 300


@operation("sagemaker", "CreateTrial")
def create_trial(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    experiment = lineage.find(engine, "experiment", params["ExperimentName"])
    params = {**params, "ExperimentName": experiment.name}
    return {"TrialArn": lineage.create(engine, KIND, params["TrialName"], params).arn}


@operation("sagemaker", "DescribeTrial")
def describe_trial(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return description(lineage.find(engine, KIND, params["TrialName"]))


def description(document: Document) -> dict[str, Any]:
    """What DescribeTrial says."""
    return {
        "TrialName": document.name,
        "TrialArn": document.arn,
        "DisplayName": document.body.get("DisplayName", document.name),
        "ExperimentName": document.body["ExperimentName"],
        "MetadataProperties": document.body.get("MetadataProperties"),
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
    }


def record(engine: Engine, document: Document) -> dict[str, Any]:
    """What Search says of a trial: also its components."""
    shown = description(document)
    components = []
    for name in engine.store.memberships.components(document.name, _MOST_SHOWN):
        component = engine.store.documents.find("experiment-trial-component", name)
        if component is not None:
            components.append(
                {
                    "TrialComponentName": component.name,
                    "TrialComponentArn": component.arn,
                    "TrialComponentSource": component.body.get("Source"),
                    "CreationTime": resources.moment(component.created),
                }
            )
    return {**shown, "TrialComponentSummaries": components or None}


@operation("sagemaker", "ListTrials")
def list_trials(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    conditions, values = [], []  # type: tuple[list[str], list[str]]
    if "ExperimentName" in params:
        conditions.append("json_extract(body, '$.ExperimentName') = ?")
        values.append(lineage.find(engine, "experiment", params["ExperimentName"]).name)
    if "TrialComponentName" in params:
        component = lineage.find(engine, "experiment-trial-component", params["TrialComponentName"])
        conditions.append("name IN (SELECT trial FROM memberships WHERE component = ?)")
        values.append(component.name)

    def summary(document: Document) -> dict[str, Any]:
        shown = description(document)
        return {key: shown[key] for key in shown if key not in ("ExperimentName", "MetadataProperties")}

    within = (" AND ".join(conditions), tuple(values)) if conditions else None
    return lineage.listed(engine, KIND, params, "TrialSummaries", summary, within)


@operation("sagemaker", "UpdateTrial")
def update_trial(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"TrialArn": lineage.change(engine, KIND, params["TrialName"], params).arn}


@operation("sagemaker", "DeleteTrial")
def delete_trial(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        document = lineage.find(engine, KIND, params["TrialName"])
        if engine.store.memberships.components(document.name, 1):
            raise validation(
                f"Trial '{document.name}' has trial components. Disassociate all of them before you delete the trial."
            )
        resources.remove(engine, document)
    return {"TrialArn": document.arn}
