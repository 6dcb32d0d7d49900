"""One look at a training job: what the panel and the static card show of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clary.sdk.api import call, get
from clary.sdk.errors import ClaryError
from clary.sdk.logs import TRAINING_GROUP
from clary.sdk.progress import State
from clary.sdk.training import TrainingJob

ENDED = frozenset({"Completed", "Failed", "Stopped"})
# So many points of a series are kept; each bucket's lowest and highest, so that no peak is lost.
POINTS = 400

Point = tuple[float, float]


@dataclass(frozen=True)
class Look:
    """What was seen. Times are seconds since the epoch; series are points of (seconds since the start, value)."""

    name: str
    answer: Mapping[str, Any]
    metrics: Mapping[str, list[Point]] = field(default_factory=dict)
    resources: Mapping[str, list[Point]] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    at: float = 0.0

    @property
    def status(self) -> str:
        return str(self.answer["TrainingJobStatus"])

    @property
    def phase(self) -> str:
        return str(self.answer.get("SecondaryStatus", self.status))

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def failure(self) -> str:
        return str(self.answer.get("FailureReason", ""))

    @property
    def transitions(self) -> list[dict[str, Any]]:
        """Phases; those that only renew the message (a notebook's cells) told as one."""
        told: list[dict[str, Any]] = []
        for one in self.answer.get("SecondaryStatusTransitions", []):
            if told and told[-1]["Status"] == one["Status"]:
                told[-1] = {**one, "StartTime": told[-1]["StartTime"]}
            else:
                told.append(dict(one))
        return told

    @property
    def message(self) -> str:
        steps = self.answer.get("SecondaryStatusTransitions") or [{}]
        return "" if self.ended else str(steps[-1].get("StatusMessage", ""))

    @property
    def state(self) -> State:
        """The look as the progress bars of the SDK know it."""
        last = {name: points[-1][1] for name, points in self.metrics.items() if points}
        return State(self.phase, self.message, last, self.ended)

    @property
    def seconds(self) -> float:
        """How long the job has been there, waiting included."""
        end = self.answer.get("TrainingEndTime")
        until = end.timestamp() if end is not None else self.at
        return float(max(0.0, until - self.answer["CreationTime"].timestamp()))

    @property
    def artifacts(self) -> str:
        if self.status not in ("Completed", "Stopped"):
            return ""
        return str(self.answer.get("ModelArtifacts", {}).get("S3ModelArtifacts", ""))


def look(job: TrainingJob, lines: int) -> Look:
    """Look at a job now, with the last ``lines`` lines of its log. Raises ClaryError."""
    answer = job.describe()
    observed = get(f"/clary/training-jobs/{job.name}/metrics")
    metrics, resources = observed["metrics"], observed["resources"]
    start = min([row["time"] for row in (*metrics[:1], *resources[:1])], default=0.0)
    by_name: dict[str, list[Point]] = {}
    for row in metrics:
        by_name.setdefault(row["name"], []).append((row["time"] - start, row["value"]))
    used: dict[str, list[Point]] = {}
    for key, title in (
        ("cpu_percent", "CPU"),
        ("rss_mb", "Memory"),
        ("gpu_percent", "GPU"),
        ("gpu_mb", "GPU memory"),
    ):
        points = [(row["time"] - start, row[key]) for row in resources if row.get(key) is not None]
        if points:
            used[title] = thinned(points)
    thin = {name: thinned(points) for name, points in by_name.items()}
    return Look(job.name, answer, thin, used, tail(job.name, lines), time.time())


def thinned(points: list[Point], limit: int = POINTS) -> list[Point]:
    """At most about ``limit`` points that keep every peak and the last one."""
    if len(points) <= limit:
        return points
    size = len(points) / (limit // 2)
    kept: list[Point] = []
    for number in range(limit // 2):
        part = points[int(number * size) : int((number + 1) * size)]
        low, high = min(part, key=lambda one: one[1]), max(part, key=lambda one: one[1])
        kept += sorted({low, high})
    return kept if kept[-1] == points[-1] else [*kept, points[-1]]


def tail(name: str, lines: int) -> tuple[str, ...]:
    """The last lines of a job's log; with several hosts each line begins with its host."""
    try:
        streams = call(
            "DescribeLogStreams", service="logs", logGroupName=TRAINING_GROUP, logStreamNamePrefix=f"{name}/"
        )["logStreams"]
        events: list[tuple[int, str]] = []
        hosts = {_host(stream["logStreamName"]) for stream in streams}
        for stream in streams:
            answer = call(
                "GetLogEvents",
                service="logs",
                logGroupName=TRAINING_GROUP,
                logStreamName=stream["logStreamName"],
                limit=lines,
            )
            mark = f"[{_host(stream['logStreamName'])}] " if len(hosts) > 1 else ""
            events += [(event["timestamp"], mark + event["message"]) for event in answer["events"]]
    except ClaryError as error:
        if error.code == "ResourceNotFoundException":
            return ()
        raise
    if len(streams) > 1:
        events.sort(key=lambda event: event[0])
    return tuple(message for _, message in events[-lines:])


def _host(stream: str) -> str:
    """``algo-1`` of ``job/algo-1-1700000000``."""
    return stream.rpartition("/")[2].rpartition("-")[0]
