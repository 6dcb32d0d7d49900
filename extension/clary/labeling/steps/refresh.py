"""The output so far: the manifest with what is labelled by now, and people's answers, while the job runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from clary.labeling.steps import outcome
from clary.labeling.steps.labels import Labels
from clary.labeling.work import course
from clary.objects import ObjectsError

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context


def refresh(context: Context) -> None:
    """Write the intermediate output; how often depends on how long it takes. People go on where it cannot be written: it is tried
    again."""
    began, work = time.time(), context.work
    seq = course.last_event(work.database.read())
    try:
        _write(context)
    except (ObjectsError, OSError) as error:
        print(f"[clary] The output so far could not be written, and will be tried again: {error}", flush=True)
        seq = work.fact("refreshed", {"seq": 0})["seq"]
    with work.transaction() as db:
        course.refreshed(db, seq, time.time() - began, time.time())
    outcome.touch(context.store, work)


def _write(context: Context) -> None:
    work = context.work
    labels = Labels(context)
    states = work.states()
    written = {
        thing: labels.written(thing, human=states[thing] == "labeled")
        for thing in labels.verdicts
        if states.get(thing) in ("labeled", "machine")
    }
    number = max((batch.id for batch in work.batches()), default=1)
    labels.output.write_intermediate(number, labels.lines(written))
    if not work.settings.post:
        labels.output.write_manifest(labels.lines(written))
