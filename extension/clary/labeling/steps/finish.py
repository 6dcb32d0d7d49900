"""The end of a job: the last consolidation, the output manifest, people's answers, and the status.

May be killed at any line and repeated: files are whole or not there, and the status comes last. People may take back an answer
while it is written: then the job has not ended.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clary.labeling.output import Written
from clary.labeling.steps import custom
from clary.labeling.steps.labels import Labels
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.steps.prepare import complete
from clary.labeling.work import course
from clary.labeling.work.database import counters, get, put
from clary.labeling.work.filling import close_open

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_LATE = "Nobody labeled it while the job was open."


def finish(context: Context) -> None:
    """Write the output, and end the job: Completed, Stopped, or, where its time ran out without a single label, Failed."""
    work = context.work
    complete(context)
    with work.transaction() as db:
        expired = get(db, "status") == "InProgress" and course.is_expired(db, work.settings, time.time())
        if expired or get(db, "status") == "Stopping":
            close_open(db, _LATE if expired else "", time.time())
        seq = course.last_event(db)
    if expired and not work.verdicts():
        raise StepFailed("ClientError: No data object was labeled before the job's tasks expired.")
    output = write(context)
    with work.transaction() as db:
        status: course.Status = get(db, "status")
        if status not in course.ENDED:
            if course.due(db, work.settings) != "finish" or counters(db).get("open", 0):
                return  # somebody took an answer back while we wrote: what is due now follows from that
            if status == "InProgress":
                close_open(db, "", time.time())
            put(db, "status", "Stopped" if status == "Stopping" else "Completed")
            put(db, "ended", time.time())
        put(db, "output", output)
        put(db, "reason", None)
        # A review that came while we wrote is not in the output yet.
        put(db, "again", course.last_event(db) > seq)


def write(context: Context) -> dict[str, Any]:
    """Write everything; returns LabelingJobOutput."""
    labels, work = Labels(context), context.work
    states = work.states()
    written: dict[int, Written] = {}
    for batch, votes in sorted(labels.batches().items()):
        if not batch:
            continue
        labels.output.write_responses(batch, votes, labels.things)
        when = max(vote.time for cast in votes.values() for vote in cast)
        some = {thing: labels.written(thing, human=True) for thing in votes if states[thing] == "labeled"}
        request, _ = labels.output.write_consolidated(batch, when, votes, labels.things, some)
        written.update(_by_function(context, request, some) if work.settings.post else some)
    for thing in labels.verdicts:
        if thing not in written and states.get(thing) in ("labeled", "machine"):
            written[thing] = labels.written(thing, human=states[thing] == "labeled")
    answer: dict[str, Any] = {"OutputDatasetS3Uri": labels.output.write_manifest(labels.lines(written))}
    return answer


def _by_function(context: Context, request: str, built_in: dict[int, Written]) -> dict[int, Written]:
    """The labels as the post-annotation function wants them. Objects that it leaves out stay without."""
    settings = context.work.settings
    try:
        answers = custom.after(context.home, settings, request)
    except custom.FunctionFailed as error:
        raise StepFailed(f"ClientError: {error}") from None
    found: dict[int, Written] = {}
    for one in answers:
        try:
            number = int(one["datasetObjectId"])
        except (TypeError, ValueError):
            number = -1
        if number not in built_in:
            raise StepFailed(
                f"ClientError: The post-annotation function labeled {one['datasetObjectId']!r}, which it was not given."
            )
        content = one["consolidatedAnnotation"]["content"]
        if settings.attribute not in content:
            raise StepFailed(
                f"ClientError: The post-annotation function gave object {number} no {settings.attribute!r}."
            )
        # What AWS adds itself stays; the rest is the function's.
        common = {
            name: value
            for name, value in built_in[number].metadata.items()
            if name in ("job-name", "human-annotated", "creation-date", "reviewed-by")
        }
        metadata = content.get(f"{settings.attribute}-metadata")
        own = metadata if isinstance(metadata, dict) else {}
        found[number] = Written(content[settings.attribute], {**common, **own})
    return found
