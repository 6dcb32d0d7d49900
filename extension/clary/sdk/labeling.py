"""The labeling job that ``clary.label`` starts."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clary.sdk import labeling_view, storage
from clary.sdk.api import post, request
from clary.sdk.errors import ClaryError, LabelingFailed
from clary.sdk.job import ENDED, Job
from clary.sdk.progress import State
from clary.sdk.resource import Listing, listed
from clary.sdk.workteam import Workteam

if TYPE_CHECKING:
    import pandas

    from clary.sdk.labeling_simulation import Annotators
    from clary.sdk.labeling_view import Certificate, Results

LOG_GROUP = "/aws/sagemaker/LabelingJobs"


class LabelingJob(Job):
    """A labeling job, by its name. In a notebook it shows the canvas; where nobody looks (papermill), how far it is."""

    kind = "LabelingJob"
    title = "Labeling job"
    log_group = LOG_GROUP
    failed = LabelingFailed

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_labeling_job(LabelingJobName={self.name!r})"

    @property
    def counters(self) -> dict[str, int]:
        """TotalLabeled, HumanLabeled, MachineLabeled, FailedNonRetryableError and Unlabeled objects."""
        return {key: int(value) for key, value in self.describe()["LabelCounters"].items()}

    def progress(self) -> dict[str, Any]:
        """How far the job is, and how far I am: items done and left, items an hour, seconds left."""
        return dict(self.canvas_call("open", {})["progress"])

    @property
    def attribute(self) -> str:
        """The label attribute's name in the manifest."""
        return str(self.describe()["LabelAttributeName"])

    @property
    def manifest(self) -> str:
        """Where the output manifest is, ``s3://.../output.manifest``; while the job runs it holds what is known so far.

        Raises RuntimeError when there is none yet.
        """
        answer = self.describe()
        place = answer.get("LabelingJobOutput", {}).get("OutputDatasetS3Uri") or (
            f"{answer['OutputConfig']['S3OutputPath'].rstrip('/')}/{self.name}/manifests/output/output.manifest"
        )
        if not storage.exists(place):
            raise RuntimeError(
                f"{self.name} is {answer['LabelingJobStatus']} and has no output manifest yet."
            )
        return str(place)

    def annotations(self) -> pandas.DataFrame:
        """The labels so far, a row an object: ``source``, ``label``, ``confidence``, ``human``, ``created``, ``value`` (as the
        manifest has it). ``label`` is a name, names, boxes or entities by the task; NaN where there is none yet."""
        from clary.sdk.labeling_annotations import as_table

        return as_table(storage.get(self.manifest), self.attribute)

    def results(self) -> Results:
        """What the labels tell: classes, confidence, agreement, annotators, doubtful items, the certificate. A page of charts in
        a notebook; ``.document`` is the data behind them."""
        document = request("GET", f"/clary/labeling-jobs/{self.name}/results")
        return labeling_view.Results(self.name, document, labeling_view.text(self.describe()))

    def agreement(self) -> pandas.DataFrame:
        """How much the annotators agree, with 95 % intervals: a row for all, for each class and for each person."""
        return self.results().agreement()

    @property
    def certificate(self) -> Certificate | None:
        """What is guaranteed of the automatic labels, in words and as a picture; None where there are none."""
        return self.results().certificate

    def events(self, after: int = 0, limit: int = 1000) -> pandas.DataFrame:
        """The audit trail: who did what with which object and when, in order, from after the event number ``after``."""
        import pandas

        found = request(
            "GET", f"/clary/labeling-jobs/{self.name}/events?after={int(after)}&limit={int(limit)}"
        )
        frame = pandas.DataFrame(found["events"])
        if "time" in frame:
            frame["time"] = pandas.to_datetime(frame["time"], unit="s", utc=True)
        return frame

    def invite(self, person: str) -> str:
        """A link with which this person can label, in any browser that reaches this machine.

        It opens all jobs of this job's team, earlier and later ones: a person is invited once, and jobs that are not for the same
        people get teams of their own: ``clary.label(..., team=clary.Workteam.create("cats"))``. The link is told once;
        ``job.team.revoke(person)`` takes it back. Raises ClaryError (ResourceInUse) for who is a member already.
        """
        return self.team.invite(person)

    @property
    def team(self) -> Workteam:
        """Who labels."""
        return Workteam(str(self.describe()["HumanTaskConfig"]["WorkteamArn"]).rpartition("/")[2])

    def to_dataset(self, transform: Callable[[Any], Any] | None = None, **options: Any) -> Any:
        """The labelled objects as a ``torch.utils.data.Dataset`` of (image or text, target)."""
        from clary.sdk.labeling_data import to_dataset

        return to_dataset(self.manifest, self.attribute, transform=transform, **options)

    def export(self, format: str, path: str | Path, **options: Any) -> Path:
        """Write the labels in another form: coco, yolo, voc, huggingface, csv, jsonl, conll or folder. Returns where they are.
        Options as of :func:`clary.export_labels`."""
        from clary.sdk.labeling_data import export_labels

        options.setdefault("attribute", self.attribute)
        return export_labels(self.manifest, format, path, **options).path

    def simulate(
        self,
        annotators: Annotators = 1,
        truth: Any = None,
        *,
        accuracy: float = 0.95,
        seed: int = 0,
        timeout: float = 600,
    ) -> LabelingJob:
        """Have simulated people label until nothing is left for them. For trying out, and for papermill. Returns the job.

        ``annotators``: how many, or a dict from name to accuracy (or to the arguments of
        :class:`clary.labeling.simulation.Simulated`: accuracy, confusion, noise, seconds, skips, ...). ``truth``: the right
        answers: a list in the data's order, a dict by text, file name or number, or a function of the item. Who errs, errs to
        another class; boxes and spans get noise. Raises TimeoutError; ValueError for what has no right answer; ClaryError
        (JobEnded) with the reason where the job has failed, before or meanwhile.
        """
        from clary.sdk.labeling_simulation import simulate

        simulate(self.name, annotators, truth, accuracy=accuracy, seed=seed, timeout=timeout)
        answer = self.describe()
        if labeling_view.status(answer) == "Failed":
            reason = answer.get("FailureReason", "no reason was given")
            mend = "Where the reason can be mended, job.retry() goes on from where it was."
            raise ClaryError("JobEnded", f"The labeling job {self.name} failed: {reason.rstrip('.')}. {mend}")
        return self

    def retry(self) -> None:
        """Do again what the job failed at, once it is mended: a function or a model of yours, a bucket that was gone. It goes on
        from where it was, with all that people did. Of a job that has completed or was stopped, write the output again. Raises
        ClaryError where there is nothing to be done again: the job goes on, or failed before anybody labeled anything."""
        post(f"/clary/labeling-jobs/{self.name}/retry")

    def show(self) -> None:
        """Show the canvas here; where nobody looks, how far the job is."""
        from IPython.display import display

        display(self)

    @property
    def canvas(self) -> Any:
        """The canvas as a widget, to be put into a layout of one's own."""
        return importlib.import_module("clary.widgets.labeling").canvas_of(self.name)

    def canvas_call(self, method: str, params: Mapping[str, Any], worker: str = "") -> dict[str, Any]:
        """One exchange of the canvas with its job: ``open``, ``next``, ``act``, ... as its owner, or as ``worker``. Raises
        ClaryError."""
        from urllib.parse import quote

        query = f"?worker={quote(worker)}" if worker else ""
        path = f"/clary/labeling-jobs/{self.name}/canvas{query}"
        return dict(request("POST", path, {"method": method, "params": dict(params)})["result"])

    def _state(self, answer: Mapping[str, Any], ended: bool) -> State:
        return labeling_view.JobState.of(answer, ended)

    def _repr_html_(self) -> str:
        return labeling_view.card(self.describe(), self.boto3)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Called by IPython: static forms, and where somebody looks the canvas, unless the job has ended."""
        answer = self.describe()
        bundle: dict[str, Any] = {
            "text/plain": labeling_view.text(answer),
            "text/html": labeling_view.card(answer, self.boto3),
        }
        if answer["LabelingJobStatus"] not in ENDED:
            bundle.update(importlib.import_module("clary.widgets.labeling").live_view(self.name))
        return bundle


def labeling_jobs(
    *, status: str | None = None, name_contains: str | None = None, limit: int = 20
) -> Listing[LabelingJob]:
    """The latest labeling jobs, newest first; ``status`` as the API's StatusEquals."""
    wanted: dict[str, Any] = {"StatusEquals": status} if status else {}
    if name_contains:
        wanted["NameContains"] = name_contains
    return listed(LabelingJob, "ListLabelingJobs", "LabelingJobSummaryList", limit, wanted)
