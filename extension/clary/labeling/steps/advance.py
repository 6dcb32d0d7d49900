"""Automatic labels: what people have said is weighed, and the next batch opened, or the machine labels the rest.

Everything that a decision rests on is read before; it is entered in one transaction, unless somebody changed an answer meanwhile.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clary.labeling.task_type import Answer
from clary.labeling.work import course
from clary.labeling.work.database import put
from clary.labeling.work.filling import close_batch, label_by_machine, open_batch, suggest
from clary.labeling.work.rows import Batch, Purpose

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context


@dataclass(frozen=True)
class Move:
    """What is to be done. `ids`: what people label next, in this order, as what `purpose`. `guesses`: what the model thinks of
    them, shown unless it is an audit. `machine`: labels that the machine gives; with them or with `last` the automatic part is
    over. `state`: for the next step."""

    ids: list[int]
    purpose: Purpose
    why: str
    state: dict[str, Any]
    guesses: Mapping[int, tuple[Answer, float]] = field(default_factory=dict)
    machine: Mapping[int, tuple[Answer, float]] = field(default_factory=dict)
    certificate: dict[str, Any] | None = None
    words: str = ""
    curve: list[dict[str, float]] = field(default_factory=list)
    last: bool = False


def advance(context: Context) -> None:
    """One round: weigh, and open the next batch or finish the automatic part."""
    work = context.work
    seq = course.last_event(work.database.read())
    move = _weigh(context)
    current = next((batch for batch in work.batches()[::-1] if batch.closed is None), None)
    facts = _how_the_model_did(context, current) if current is not None else {}
    with work.transaction() as db:
        if course.last_event(db) != seq or course.due(db, work.settings) != "advance":
            return  # somebody undid an answer, or ended the job: it is looked at again
        now = time.time()
        if current is not None:
            close_batch(db, current.id, facts, now)
        if move.last or move.machine:
            label_by_machine(db, move.machine)
            put(db, "automatic_done", True)
            put(db, "automatic_time", now)
            put(db, "certificate", move.certificate)
            put(db, "words", move.words)
            put(db, "curve", move.curve)
        put(db, "automatic", move.state)
        if move.ids:
            open_batch(db, move.purpose, move.ids, {"why": move.why}, now)
            suggest(db, {thing: move.guesses[thing] for thing in move.ids if thing in move.guesses})
        course.conclude(db, work.settings)
    print(f"[clary] {move.purpose} {len(move.ids)}, machine {len(move.machine)}: {move.why}", flush=True)
    _leave_traces(context, move, len(work.batches()))


def _weigh(context: Context) -> Move:
    settings = context.work.settings
    if settings.mode == "label" and settings.task in ("image-classification", "text-classification"):
        from clary.labeling.steps import learning

        return learning.weigh(context)
    if settings.mode == "label" and settings.task == "bounding-box":
        from clary.labeling.steps import detecting

        return detecting.weigh(context)
    why = "There are no automatic labels for this kind of task: people label everything."
    ids = [row.id for row in context.work.all_objects("unlabeled")]
    return Move(ids, "rest", why, {}, last=True)


def _how_the_model_did(context: Context, batch: Batch) -> dict[str, Any]:
    """How often people agreed with what the model thought of the objects of a batch."""
    work = context.work
    ids = [thing for thing, number in work.batch_of().items() if number == batch.id]
    guesses, verdicts = work.known("model", ids), work.verdicts(ids)
    both = [thing for thing in ids if thing in guesses and thing in verdicts]
    if not both:
        return {}
    limit = 0.0 if work.settings.task != "bounding-box" else 0.5
    right = sum(work.task.distance(guesses[thing][0], verdicts[thing].answer) <= limit for thing in both)
    return {"accuracy": right / len(both), "compared": len(both)}


def _leave_traces(context: Context, move: Move, number: int) -> None:
    """What Ground Truth leaves of its rounds, too: what was learned from, and what the model said."""
    from clary.labeling.output import Output

    work = context.work
    output = Output(context.objects, work.settings, work.task)
    asked = {"iteration": number, "purpose": move.purpose, "why": move.why, "datasetObjectIds": move.ids}
    output.write_other("activelearning", f"iteration-{number}/selection.json", json.dumps(asked).encode())
    if move.machine:
        said = [
            {"datasetObjectId": thing, "answer": answer, "confidence": round(sure, 6)}
            for thing, (answer, sure) in move.machine.items()
        ]
        lines = "".join(f"{json.dumps(one)}\n" for one in said)
        output.write_other("inference", f"iteration-{number}/predictions.jsonl", lines.encode())
