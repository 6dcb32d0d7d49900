"""The API's part in mirroring jobs to MLflow: what a new job's script is told, and who may log to its run.

A script that uses mlflow itself joins the job's run (MLFLOW_RUN_ID), because its user wants one run for one job; for that the
run must be there before the job is, which is the one thing that CreateTrainingJob waits for, and not for long. A script that
chooses its experiment itself gets a run of its own: mlflow refuses to join a run of another experiment.
"""

from __future__ import annotations

import dataclasses
import io
import json
import re
import tarfile
import time
from typing import TYPE_CHECKING, Any

from clary import mirror
from clary.mirror.following import run_tags
from clary.mirror.tracker import open_tracker
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.api.engine import Engine
    from clary.runner import JobSpec
    from clary.store.documents import Document

# The second is for the import of mlflow and the making of a database, which takes 15 seconds on a busy machine, and usually
# two; boto3 waits a minute for an answer.
_SERVER_S, _LIBRARY_S = 1.0, 50.0
_MOST_FILES, _MOST_BYTES = 200, 20 * 2**20
_USES = re.compile(rb"mlflow|transformers", re.IGNORECASE)
_CHOOSES = re.compile(rb"set_experiment\s*\(|create_experiment\s*\(|experiment_id\s*=|experiment_name\s*=")
# Stores that did not answer lately: (uri) -> until when nobody waits for them.
_absent: dict[str, float] = {}
_ABSENT_S = 60.0


class Mirroring:
    """One job on its way to being mirrored; use it in CreateTrainingJob's steps."""

    def __init__(self, entry: mirror.Entry, target: mirror.Target, asked: float | None = None) -> None:
        """`asked`: when the mirror's process was asked for a run, epoch seconds."""
        self._entry = entry
        self._target = target
        self._asked = asked

    def owe(self, engine: Engine, document: Document) -> None:
        """Note the job, in the transaction that makes it."""
        documents = engine.store.documents
        known = documents.find(mirror.KIND, document.name)
        if known is not None and not self._entry.run_id and self._asked and known.created >= self._asked:
            # It came late: no run of this job may be left behind, though its script has not been told to join it.
            self._entry = dataclasses.replace(self._entry, run_id=known.body["run_id"])
        body = dataclasses.replace(self._entry, arn=document.arn).body()
        if known is None:
            documents.create(mirror.KIND, document.name, body)
        else:
            documents.update(mirror.KIND, document.name, body=body)

    def told(self, spec: JobSpec) -> JobSpec:
        """The job, whose script finds the store and, where it may, the run."""
        if not self._target.shared or spec.payload.get("EnableNetworkIsolation"):
            return spec
        variables = {
            "MLFLOW_TRACKING_URI": self._target.uri,
            "MLFLOW_EXPERIMENT_NAME": self._target.experiment,
            **self._target.variables,
            **spec.environment,
        }
        if self._entry.joined and self._entry.run_id:
            variables["MLFLOW_RUN_ID"] = self._entry.run_id
        return dataclasses.replace(spec, environment=variables)


def prepare(engine: Engine, request: dict[str, Any]) -> Mirroring | None:
    """What is to be mirrored of the job that `request` describes; None: nothing."""
    experiment = request.get("ExperimentConfig", {}).get("ExperimentName", "")
    target = mirror.target(request.get("Environment", {}), experiment, engine.config.mlflow_tracking_uri)
    name = request["TrainingJobName"]
    if target is None or engine.store.documents.find("training-job", name) is not None:
        return None
    entry = mirror.Entry(name, "", target.uri, target.experiment, target.variables, run_id=target.run_id)
    if target.run_id:
        return Mirroring(dataclasses.replace(entry, joined=True, theirs=True), target)
    uses, chooses = _usage(engine, request)
    # Two processes that make the tables of a new database at once break each other, so there the run comes first for
    # every script that uses mlflow.
    alone = not target.shared or request.get("EnableNetworkIsolation", False)
    if alone or not uses or (chooses and _is_server(target.uri)):
        return Mirroring(entry, target)
    asked = None if _is_server(target.uri) else time.time()
    run_id = _run_for(engine, entry, request)
    joined = bool(run_id) and not chooses
    return Mirroring(dataclasses.replace(entry, run_id=run_id, joined=joined), target, asked)


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _run_for(engine: Engine, entry: mirror.Entry, request: dict[str, Any]) -> str:
    """The id of a run that is made now; '' when that would take too long."""
    if _absent.get(entry.uri, 0.0) > time.monotonic():
        return ""
    if not _is_server(entry.uri):
        found = _ask_the_process(engine, entry)
    else:
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        from clary.api.operations import resources

        arn = resources.arn(engine, "training-job", entry.job)
        try:
            tracker = open_tracker(entry.uri, entry.variables, _SERVER_S)
            found = tracker.create_run(
                entry.experiment, entry.job, run_tags(entry.job, arn, request, tags), time.time()
            )
        except mirror.TrackerError:
            found = ""
    if not found:
        _absent[entry.uri] = time.monotonic() + _ABSENT_S
    return found


def _ask_the_process(engine: Engine, entry: mirror.Entry) -> str:
    """Have the mirror's process make the run, which has mlflow imported: the first time in some seconds, later at once."""
    from clary.api.operations import resources

    documents = engine.store.documents
    arn = resources.arn(engine, "training-job", entry.job)
    with engine.store.transaction():
        if documents.find(mirror.KIND, entry.job) is not None:
            return ""  # an earlier job of this name is still being mirrored
        documents.create(mirror.KIND, entry.job, dataclasses.replace(entry, arn=arn).body())
    mirror.ensure(engine.home, engine.store)
    end = time.monotonic() + _LIBRARY_S
    while time.monotonic() < end:
        document = documents.find(mirror.KIND, entry.job)
        if document is None:
            return ""  # refused for good
        if document.body["run_id"]:
            return str(document.body["run_id"])
        time.sleep(0.02)
    return ""


def _usage(engine: Engine, request: dict[str, Any]) -> tuple[bool, bool]:
    """(whether the script uses mlflow, whether it chooses its experiment itself), as far as one can see; code that cannot be
    seen may use it."""
    texts = b"".join(_code(engine, request))
    return not texts or _USES.search(texts) is not None, _CHOOSES.search(texts) is not None


def _code(engine: Engine, request: dict[str, Any]) -> list[bytes]:
    """The text of the job's scripts and notebooks: of its sourcedir.tar.gz, or its channel ``code``; empty: it cannot be seen."""
    texts = [json.dumps(request.get("AlgorithmSpecification", {}).get("ContainerArguments", [])).encode()]
    directory = request.get("HyperParameters", {}).get("sagemaker_submit_directory", "").strip('"')
    try:
        if directory.startswith("s3://"):
            return _in_archive(engine, directory)
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"].get("S3DataSource", {}).get("S3Uri", "")
            if channel["ChannelName"] == "code" and uri.startswith("s3://"):
                return texts + _under(engine, uri)
    except (ObjectsError, OSError, tarfile.TarError, EOFError):
        return []
    return []


def _in_archive(engine: Engine, uri: str) -> list[bytes]:
    location = engine.objects.resolve(uri)
    texts, left = [], _MOST_BYTES
    data = engine.objects.read(location.bucket, location.key)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for count, member in enumerate(tar):
            if count > _MOST_FILES or left <= 0:
                break
            if member.isfile() and member.name.endswith((".py", ".ipynb")):
                file = tar.extractfile(member)
                texts.append(file.read(left) if file is not None else b"")
                left -= len(texts[-1])
    return texts


def _under(engine: Engine, uri: str) -> list[bytes]:
    location = engine.objects.resolve(uri)
    texts, left = [], _MOST_BYTES
    for count, found in enumerate(engine.objects.walk(location.bucket, location.key)):
        if count > _MOST_FILES or left <= 0:
            break
        if found.key.endswith((".tar.gz", ".tgz")):
            texts += _in_archive(engine, f"s3://{location.bucket}/{found.key}")
        elif found.key.endswith((".py", ".ipynb", ".sh")):
            texts.append(engine.objects.read(location.bucket, found.key)[:left])
            left -= len(texts[-1])
    return texts
