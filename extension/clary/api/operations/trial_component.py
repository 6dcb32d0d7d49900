"""Create, Describe, List, Update, Delete, Associate and DisassociateTrialComponent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.api import components, lineage
from clary.api.errors import validation
from clary.api.operations import resources
from clary.api.registry import operation
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "experiment-trial-component"
_MAPS = ("Parameters", "InputArtifacts", "OutputArtifacts")
_SHOWN = ("Status", "StartTime", "EndTime", *_MAPS, "MetadataProperties", "Source")


@operation("sagemaker", "CreateTrialComponent")
def create_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"TrialComponentArn": lineage.create(engine, KIND, params["TrialComponentName"], params).arn}


@operation("sagemaker", "DescribeTrialComponent")
def describe_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    document = lineage.find(engine, KIND, params["TrialComponentName"])
    shown = description(engine, document)
    sources = document.body.get("Sources")
    return {**shown, "Sources": sources} if sources else shown


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeTrialComponent says, but for the list of sources."""
    body = components.whole(engine, document)
    return {
        "TrialComponentName": document.name,
        "TrialComponentArn": document.arn,
        "DisplayName": body.get("DisplayName", document.name),
        **{member: body[member] for member in _SHOWN if body.get(member)},
        # The SDK's analytics call .items() on each of them.
        **{member: body.get(member, {}) for member in _MAPS},
        "Metrics": components.metrics(engine, document, body),
        "CreationTime": resources.moment(document.created),
        "LastModifiedTime": resources.moment(document.modified),
    }


def record(engine: Engine, document: Document) -> dict[str, Any]:
    """What Search says of a trial component: also the trials it belongs to."""
    parents = []
    for name in engine.store.memberships.trials(document.name):
        trial = engine.store.documents.find("experiment-trial", name)
        if trial is not None:
            parents.append({"TrialName": trial.name, "ExperimentName": trial.body["ExperimentName"]})
    detail = components.source_detail(engine, document)
    return {**description(engine, document), "Parents": parents, "SourceDetail": detail}


@operation("sagemaker", "ListTrialComponents")
def list_trial_components(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    engine.runner.reconcile()
    given = [name for name in ("ExperimentName", "TrialName", "SourceArn") if name in params]
    if len(given) > 1:
        raise validation(
            f"Only one of ExperimentName, TrialName and SourceArn can be given, not {', '.join(given)}."
        )
    within: tuple[str, tuple[Any, ...]] | None = None
    if "ExperimentName" in params:
        experiment = lineage.find(engine, "experiment", params["ExperimentName"]).name
        within = (
            "name IN (SELECT m.component FROM documents t JOIN memberships m ON m.trial = t.name"
            " WHERE t.kind = 'experiment-trial' AND json_extract(t.body, '$.ExperimentName') = ?)",
            (experiment,),
        )
    elif "TrialName" in params:
        trial = lineage.find(engine, "experiment-trial", params["TrialName"]).name
        within = ("name IN (SELECT component FROM memberships WHERE trial = ?)", (trial,))
    elif "SourceArn" in params:
        within = (
            "EXISTS (SELECT 1 FROM json_each(body, '$.Sources') s"
            " WHERE lower(json_extract(s.value, '$.SourceArn')) = lower(?))",
            (params["SourceArn"],),
        )

    def summary(document: Document) -> dict[str, Any]:
        shown = description(engine, document)
        shown["TrialComponentSource"] = shown.pop("Source", None)
        return {key: shown[key] for key in shown if key not in (*_MAPS, "Metrics", "MetadataProperties")}

    return lineage.listed(engine, KIND, params, "TrialComponentSummaries", summary, within)


@operation("sagemaker", "UpdateTrialComponent")
def update_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        document = lineage.find(engine, KIND, params["TrialComponentName"])
        body = {**document.body}
        for member in ("DisplayName", "Status", "StartTime", "EndTime"):
            if member in params:
                body[member] = params[member]
        for member in _MAPS:
            kept = {**body.get(member, {}), **params.get(member, {})}
            for key in params.get(f"{member}ToRemove", []):
                kept.pop(key, None)
            body[member] = kept
        components.check(body)
        engine.store.documents.update(KIND, document.name, body=body)
    return {"TrialComponentArn": document.arn}


@operation("sagemaker", "DeleteTrialComponent")
def delete_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        document = lineage.find(engine, KIND, params["TrialComponentName"])
        trials = engine.store.memberships.trials(document.name)
        if trials:
            raise validation(
                f"Trial component '{document.name}' is associated with trials ({', '.join(trials[:5])}). Disassociate it from "
                "all of them before you delete it."
            )
        resources.remove(engine, document)
        engine.store.samples.remove(components.NAMESPACE, {"TrialComponent": document.name})
    return {"TrialComponentArn": document.arn}


@operation("sagemaker", "AssociateTrialComponent")
def associate_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        component, trial = _both(engine, params)
        engine.store.memberships.add(component.name, trial.name)
        engine.store.documents.update(KIND, component.name)
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


@operation("sagemaker", "DisassociateTrialComponent")
def disassociate_trial_component(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        component, trial = _both(engine, params)
        if not engine.store.memberships.remove(component.name, trial.name):
            raise lineage.missing(
                f"Trial component '{component.name}' is not associated with trial '{trial.name}'."
            )
        engine.store.documents.update(KIND, component.name)
    return {"TrialComponentArn": component.arn, "TrialArn": trial.arn}


def _both(engine: Engine, params: dict[str, Any]) -> tuple[Document, Document]:
    component = lineage.find(engine, KIND, params["TrialComponentName"])
    return component, lineage.find(engine, "experiment-trial", params["TrialName"])
