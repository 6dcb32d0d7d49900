"""The resources that Search looks through: where each is kept, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from clary.api import components
from clary.api.operations import endpoint, experiment, training_job, trial, trial_component
from clary.api.operations.model import description as model_description
from clary.api.search_sql import Columns
from clary.api.wire import wire_for
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

_TIMES = {"creationtime": "d.created", "lastmodifiedtime": "d.modified"}
_RESULT = "json_extract(j.result, '$.{}')"
_STARTED = (
    "coalesce(json_extract(j.result, '$.TrainingStartTime'),"
    " CASE WHEN j.status = 'InProgress' AND j.secondary != 'Starting' THEN j.started END)"
)
_FINAL_METRIC = (
    "(SELECT json_extract(f.value, '$.Value') FROM json_each(j.result, '$.FinalMetricDataList') f"
    " WHERE json_extract(f.value, '$.MetricName') = ?)"
)
_PARENTS = (
    "SELECT json_object('TrialName', t.name, 'ExperimentName', json_extract(t.body, '$.ExperimentName')) AS value"
    " FROM memberships m JOIN documents t ON t.kind = 'experiment-trial' AND t.name = m.trial WHERE m.component = d.name"
)


@dataclass(frozen=True)
class Resource:
    """kind: of the documents. record: the member of SearchRecord that holds one. shape: botocore's of it. show: the record's
    members, by reading only. prepare: brings what is derived up to date, before the rows are read."""

    kind: str
    record: str
    shape: str
    show: Callable[[Engine, Document], dict[str, Any] | None]
    columns: Columns
    prepare: Callable[[Engine], None] = field(default=lambda engine: None)

    def model(self) -> Any:
        return _shape(self.shape)

    def full(self, engine: Engine, document: Document) -> dict[str, Any] | None:
        """The record of a document, tags included; None when it has gone meanwhile."""
        shown = self.show(engine, document)
        if shown is None:
            return None
        members = self.model().members
        known = {key: value for key, value in shown.items() if key in members and value is not None}
        tags = engine.store.tags.list(document.arn)
        if tags and "Tags" in members:
            known["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        return known


@cache
def _shape(name: str) -> Any:
    return wire_for("sagemaker").model.shape_for(name)


def _training_job(engine: Engine, document: Document) -> dict[str, Any] | None:
    job = engine.runner.get("training-job", document.name)
    return None if job is None else training_job.description(engine, document, job)


def _model(engine: Engine, document: Document) -> dict[str, Any]:
    """A ModelDashboardModel, which has the model in it, and its tags there."""
    described = model_description(document)
    tags = engine.store.tags.list(document.arn)
    if tags:
        described["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    members = _shape("Model").members
    return {"Model": {key: value for key, value in described.items() if key in members}}


RESOURCES = {
    "TrainingJob": Resource(
        "training-job", "TrainingJob", "TrainingJob", _training_job,
        Columns(
            direct={
                **_TIMES, "trainingjobname": "d.name", "trainingjobarn": "d.arn", "trainingjobstatus": "j.status",
                "secondarystatus": "j.secondary", "failurereason": "nullif(j.failure_reason, '')",
                "trainingstarttime": _STARTED,
                **{
                    name.lower(): _RESULT.format(name)
                    for name in ("TrainingEndTime", "TrainingTimeInSeconds", "BillableTimeInSeconds")
                },
            },
            lists={"FinalMetricDataList": "SELECT value FROM json_each(j.result, '$.FinalMetricDataList')"},
            metrics=_FINAL_METRIC,
            unsettled="j.state != 'done'",
            unless=frozenset({"ModelArtifacts", "SecondaryStatusTransitions", "OutputDataConfig", "FinalMetricDataList"}),
        ),
    ),
    "Model": Resource(
        "model", "Model", "ModelDashboardModel", _model,
        Columns(
            direct={
                "model.modelname": "d.name", "model.modelarn": "d.arn", "model.creationtime": "d.created",
                "lastmodifiedtime": "d.modified",
            },
            unless=frozenset({"Model", "Endpoints", "MonitoringSchedules", "LastBatchTransformJob", "ModelCard"}),
        ),
    ),
    "Endpoint": Resource(
        "endpoint", "Endpoint", "Endpoint", endpoint.description,
        Columns(direct={**_TIMES, "endpointname": "d.name", "endpointarn": "d.arn", "endpointstatus": "d.status"}),
    ),
    "Experiment": Resource(
        "experiment", "Experiment", "Experiment", experiment.description,
        Columns(direct={
            **_TIMES, "experimentname": "d.name", "experimentarn": "d.arn",
            "displayname": "coalesce(json_extract(d.body, '$.DisplayName'), d.name)",
        }),
    ),
    "ExperimentTrial": Resource(
        "experiment-trial", "Trial", "Trial", trial.record,
        Columns(
            direct={
                **_TIMES, "trialname": "d.name", "trialarn": "d.arn",
                "displayname": "coalesce(json_extract(d.body, '$.DisplayName'), d.name)",
            },
            unless=frozenset({"TrialComponentSummaries"}),
        ),
    ),
    "ExperimentTrialComponent": Resource(
        "experiment-trial-component", "TrialComponent", "TrialComponent", trial_component.record,
        Columns(
            direct={
                **_TIMES, "trialcomponentname": "d.name", "trialcomponentarn": "d.arn",
                "displayname": "coalesce(json_extract(d.body, '$.DisplayName'), d.name)",
            },
            lists={"Parents": _PARENTS},
            unsettled="d.status = 'following'",
            unless=frozenset({"Metrics", "InputArtifacts", "OutputArtifacts", "SourceDetail", "Source", "RunName"}),
        ),
        components.settle,
    ),
}  # fmt: skip
