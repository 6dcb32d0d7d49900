"""The jobs that launchers have started, found by the tags that they put on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clary.sdk import packing, shapes
from clary.sdk.api import call
from clary.sdk.pages import text
from clary.sdk.training import TrainingJob, jobs
from clary.widgets.settings import Settings, of_job

_LOOKED_THROUGH = 60
LAUNCHED_BY = "clary:launched-by"


def tags_of(settings: Settings) -> dict[str, str]:
    """What a launcher notes on a job: that it was a launcher, and where the code came from."""
    tags = {LAUNCHED_BY: "TrainingLauncher"}
    if settings.source and not packing.is_address(settings.source):
        tags["clary:source"] = str(Path(settings.source).expanduser().resolve())
    if settings.entry:
        tags["clary:entry"] = settings.entry
    # AWS allows fewer characters in a tag than a path may have.
    return {key: value for key, value in tags.items() if not shapes.problem("TagValue", value)}


def recent_jobs(limit: int = 20) -> list[tuple[str, str, str]]:
    """(name, status, created) of the latest jobs that a launcher has started, newest first."""
    found: list[tuple[str, str, str]] = []
    for name, status, created in jobs(limit=_LOOKED_THROUGH).rows:
        if LAUNCHED_BY in tags(TrainingJob(name)):
            found.append((name, status, text(created)))
        if len(found) == limit:
            break
    return found


def tags(job: TrainingJob) -> dict[str, str]:
    """A job's tags."""
    answer = call("ListTags", ResourceArn=job.arn)
    return {one["Key"]: one["Value"] for one in answer.get("Tags", [])}


def settings_of(name: str) -> Settings:
    """The settings with which a job can be run again. Raises ClaryError for a name that is not known."""
    job = TrainingJob(name)
    answer: Mapping[str, object] = job.describe()
    return of_job(answer, tags(job))
