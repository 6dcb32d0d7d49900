"""CreateExperiment, DescribeExperiment, ListExperiments, UpdateExperiment, DeleteExperiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api import lineage
from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.registry import operation
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "experiment"


@operation("sagemaker", "CreateExperiment")
def create_experiment(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"ExperimentArn": lineage.create(engine, KIND, params["ExperimentName"], params).arn}


@operation("sagemaker", "DescribeExperiment")
def describe_experiment(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return description(engine, lineage.find(engine, KIND, params["ExperimentName"]))


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeExperiment says."""
    return {
        "ExperimentName": document.name,
        "ExperimentArn": document.arn,
        "DisplayName": document.body.get("DisplayName", document.name),
        "Description": document.body.get("Description"),
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
    }


@operation("sagemaker", "ListExperiments")
def list_experiments(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    def summary(document: Document) -> dict[str, Any]:
        shown = description(engine, document)
        shown.pop("Description")
        return shown

    return lineage.listed(engine, KIND, params, "ExperimentSummaries", summary)


@operation("sagemaker", "UpdateExperiment")
def update_experiment(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"ExperimentArn": lineage.change(engine, KIND, params["ExperimentName"], params).arn}


@operation("sagemaker", "DeleteExperiment")
def delete_experiment(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        document = lineage.find(engine, KIND, params["ExperimentName"])
        within = ("json_extract(body, '$.ExperimentName') = ?", (document.name,))
        if engine.store.documents.page("experiment-trial", limit=1, within=within).items:
            raise validation(
                f"Experiment '{document.name}' has trials. Delete all its trials before the experiment."
            )
        resources.remove(engine, document)
    return {"ExperimentArn": document.arn}
