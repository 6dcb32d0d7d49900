"""The document of a job's results, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.labeling.results import agreement, confusion, counts, course, doubtful, people, proof
from clary.labeling.results.look import Look

if TYPE_CHECKING:
    from clary.labeling.work import Work


def state_of(work: Work) -> tuple[Any, ...]:
    """What the results follow from: equal when nothing changed."""
    counters = work.counts()
    last = work.database.read().execute("SELECT max(seq) FROM events").fetchone()[0]
    return (work.status, last, tuple(sorted(counters.items())), len(work.batches()))


def make(work: Work) -> dict[str, Any]:
    """See `results.document`."""
    look = Look.at(work)
    return {
        "classes": counts.classes(look),
        "confidence": counts.confidence(look),
        "annotators": people.annotators(look),
        "confusion": confusion.between_annotators(look),
        "agreement": agreement.of_all(look),
        "doubtful": doubtful.first(work, look),
        "certificate": proof.certificate(work, look),
        "rounds": course.rounds(work, look),
        "progress": course.progress(work, look),
    }
