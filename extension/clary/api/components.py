"""Trial components that follow a job: what an experiment knows of a training job, without anybody's saying it.

While the job goes on, its component is derived from it whenever somebody looks (the document's status is ``following``); once
the job is over it is written down, so that it outlives the job. What was set by UpdateTrialComponent always wins.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from clary.api import lineage
from clary.api.errors import validation
from clary.api.job_facts import KINDS, facts
from clary.store.documents import Document
from clary.store.samples import Sample

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "experiment-trial-component"
FOLLOWING = "following"
# Where the samples of a trial component lie.
NAMESPACE = ""
_MOST_PARAMETERS, _MOST_ARTIFACTS = 300, 30
_OVER = ("Completed", "Failed", "Stopped")


def track(engine: Engine, job: Document) -> None:
    """Give a new job's document its component, as its ExperimentConfig asks. Call it in the transaction that makes the job.

    Raises ApiError (ResourceNotFound) when the experiment or the trial is not there.
    """
    wanted = job.body.get("ExperimentConfig")
    if not wanted:
        return
    trial = _trial(engine, job, wanted)
    own = f"{job.name}{KINDS[job.kind].suffix}"
    name = wanted.get("RunName", own)
    source = {"SourceArn": job.arn, "SourceType": KINDS[job.kind].source_type}
    following = [job.kind, job.name]
    document = engine.store.documents.find_by_arn(_arn(engine, name))
    if document is None:
        body: dict[str, Any] = {
            "TrialComponentName": name,
            "Source": source,
            "Sources": [source],
            "Jobs": [following],
        }
        if "TrialComponentDisplayName" in wanted:
            body["DisplayName"] = wanted["TrialComponentDisplayName"]
        document = lineage.create(engine, KIND, name, body, FOLLOWING)
    else:
        body = {**document.body, "Jobs": [*document.body.get("Jobs", []), following]}
        body["Sources"] = [*body.get("Sources", []), source]
        body.setdefault("Source", source)
        engine.store.documents.update(KIND, document.name, body=body, status=FOLLOWING)
    if trial:
        engine.store.memberships.add(document.name, trial)


def _trial(engine: Engine, job: Document, wanted: dict[str, Any]) -> str:
    """The name of the trial that the component joins; a new one where only the experiment is named. '' for none."""
    if "ExperimentName" not in wanted:
        if "TrialName" in wanted:
            return lineage.find(engine, "experiment-trial", wanted["TrialName"]).name
        return ""
    experiment = lineage.find(engine, "experiment", wanted["ExperimentName"])
    if "TrialName" not in wanted:
        name = f"{job.name}-aws-trial"
        body = {"TrialName": name, "ExperimentName": experiment.name}
        return lineage.create(engine, "experiment-trial", name, body).name
    trial = lineage.find(engine, "experiment-trial", wanted["TrialName"])
    if trial.body["ExperimentName"] != experiment.name:
        raise validation(
            f"Trial '{trial.name}' is part of experiment '{trial.body['ExperimentName']}', not of '{experiment.name}'."
        )
    return trial.name


def _arn(engine: Engine, name: str) -> str:
    from clary.api.operations import resources

    return resources.arn(engine, KIND, name)


def whole(engine: Engine, document: Document) -> dict[str, Any]:
    """The component's body with what its jobs have to say. Reads only."""
    if document.status != FOLLOWING:
        return document.body
    merged: dict[str, Any] = {}
    measured = {metric["MetricName"]: metric for metric in document.body.get("Metrics", [])}
    for kind, name in document.body.get("Jobs", []):
        known = facts(engine, kind, name)
        measured |= {metric["MetricName"]: metric for metric in known.pop("Metrics", [])}
        merged = _over(merged, known)
    return {**_over(merged, document.body), "Metrics": list(measured.values())}


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two bodies as one: members of `above` win, maps key by key."""
    result = {**below, **above}
    for member in ("Parameters", "InputArtifacts", "OutputArtifacts"):
        if member in below and member in above:
            result[member] = {**below[member], **above[member]}
    return result


def settle(engine: Engine) -> None:
    """Write down what jobs that are over have left to their components."""
    rows = engine.store.read().execute(
        "SELECT d.name FROM documents d WHERE d.kind = ? AND d.status = ? AND NOT EXISTS ("
        " SELECT 1 FROM json_each(d.body, '$.Jobs') e JOIN jobs j"
        " ON j.kind = json_extract(e.value, '$[0]') AND j.name = json_extract(e.value, '$[1]') AND j.state != 'done')",
        (KIND, FOLLOWING),
    )
    for row in rows.fetchall():
        with engine.store.transaction():
            document = engine.store.documents.find(KIND, row["name"])
            if document is None or document.status != FOLLOWING:
                continue
            body = {**whole(engine, document)}
            if all(engine.runner.get(kind, name) is not None for kind, name in body["Jobs"]):
                engine.store.documents.update(KIND, document.name, body=body, status="settled")


def forget(engine: Engine, job: Document) -> None:
    """Called when a job is to be deleted: its component keeps what it knows of it. In the caller's transaction."""
    settle(engine)


def metrics(engine: Engine, document: Document, body: dict[str, Any]) -> list[dict[str, Any]]:
    """TrialComponentMetricSummary of every metric: of the jobs, and of what BatchPutMetrics brought."""
    found = list(body.get("Metrics", []))
    key = {"TrialComponent": document.name}
    for series in engine.store.samples.series(NAMESPACE, dimensions=key):
        samples = engine.store.samples.between(NAMESPACE, series.metric, key, 0, float("inf"))
        if samples:
            found.append(summary(series.metric, samples, document.arn))
    return found


def summary(name: str, samples: list[Sample], source: str) -> dict[str, Any]:
    """A TrialComponentMetricSummary of values in the order of their time."""
    values = [sample.sum for sample in samples]
    return {
        "MetricName": name,
        "SourceArn": source,
        "TimeStamp": samples[-1].time,
        "Max": max(values),
        "Min": min(values),
        "Last": values[-1],
        "Count": len(values),
        "Avg": statistics.fmean(values),
        "StdDev": statistics.pstdev(values),
    }


def source_detail(engine: Engine, document: Document) -> dict[str, Any] | None:
    """The job behind a component, whole, for Search."""
    source = document.body.get("Source")
    jobs = document.body.get("Jobs", [])
    if not source or not jobs:
        return None
    kind, name = jobs[0]
    return {"SourceArn": source["SourceArn"], **KINDS[kind].detail(engine, name)}


def check(body: dict[str, Any]) -> None:
    """Raise ApiError for more than a component can hold."""
    if len(body.get("Parameters", {})) > _MOST_PARAMETERS:
        raise validation(f"A trial component can have at most {_MOST_PARAMETERS} Parameters.")
    for member in ("InputArtifacts", "OutputArtifacts"):
        if len(body.get(member, {})) > _MOST_ARTIFACTS:
            raise validation(f"A trial component can have at most {_MOST_ARTIFACTS} {member}.")
