"""Which of the things that people marked are there.

A model of marking, fitted by expectation and maximisation. Things are there at some rate an object, and a person sees each
with a chance of their own; people also mark things that are not there, each at a rate of their own, and others rarely hit upon
the same. That last part is why this is not Dawid and Skene's model: two people do not imagine one box in one place, so two marks
say far more than twice what one says, and somebody who marks what nobody else does is soon known. Rates and chances are pulled
to the crowd's, by a few answers' worth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.labeling.consolidation.crowd import Floats, Ints

_ROUNDS = 60
_SETTLED = 1e-3
_PULL = 5.0  # things' worth (of seeing), objects' worth (of imagining)
_ECHO = (1.0, 30.0)  # what is assumed of imagining alike before anything is seen: once in 30


@dataclass(frozen=True)
class Sightings:
    """Who marked what of what they could see, (n,) each: `things` (clusters of marks), `workers`, `marked` (0 or 1).

    `objects`: (things,), the object each lies on; `visits`: (workers,), how many objects a person looked at."""

    things: Ints
    workers: Ints
    marked: Ints
    objects: Ints
    visits: Ints


def there(seen: Sightings, known: Ints) -> Floats:
    """(things, 2): log likelihoods of not being there and being there, up to a constant each.

    `known`: (things,), 1: there, 0: not, of gold objects; -1: not known. They teach the model; their rows are as if they did
    not say."""
    import numpy as np

    count, workers = len(seen.objects), len(seen.visits)
    yes = seen.marked.astype(np.float64)
    marks = np.bincount(seen.things, yes, count).astype(np.float64)
    lookers = np.bincount(seen.things, minlength=count).astype(np.float64)
    gold = known >= 0
    share = np.clip((marks - 0.5) / np.maximum(lookers - 0.5, 0.5), 0.1, 0.95)
    share[gold] = known[gold]
    objects = max(len(np.unique(seen.objects)), 1)
    logs = np.zeros((count, 2))
    for _ in range(_ROUNDS):
        before = share
        sees, imagines, echo = _estimated(seen, share, yes, marks, lookers, workers)
        rate = (share.sum() + 1.0) / (objects + 1.0)
        evidence = np.where(seen.marked > 0, np.log(sees)[seen.workers], np.log1p(-sees)[seen.workers])
        first = np.bincount(seen.things, yes * imagines[seen.workers], count)
        logs[:, 1] = np.log(rate) + np.bincount(seen.things, evidence, count)
        logs[:, 0] = np.log(first) + (marks - 1) * np.log(echo) + (lookers - marks) * np.log1p(-echo)
        share = 1 / (1 + np.exp(np.clip(logs[:, 0] - logs[:, 1], -500, 500)))
        share[gold] = known[gold]
        if np.abs(share - before).max(initial=0) < _SETTLED:
            break
    return logs


def _estimated(
    seen: Sightings, share: Floats, yes: Floats, marks: Floats, lookers: Floats, workers: int
) -> tuple[Floats, Floats, float]:
    """(the chance that a person sees a thing, (workers,); how many a person imagines on an object, (workers,); the chance that
    somebody imagines what another did) from how likely each thing is there."""
    import numpy as np

    real = share[seen.things]
    could, did = np.bincount(seen.workers, real, workers), np.bincount(seen.workers, real * yes, workers)
    mean = (did.sum() + 4.0) / (could.sum() + 5.0)
    sees = np.clip((did + _PULL * mean) / (could + _PULL), 0.01, 0.99)
    false = (1 - share) / marks
    made = np.bincount(seen.workers, false[seen.things] * yes, workers)
    usual = (made.sum() + 0.5) / (seen.visits.sum() + 5.0)
    imagines = (made + _PULL * usual) / (seen.visits + _PULL)
    echoed, chances = ((1 - share) * (marks - 1)).sum(), ((1 - share) * (lookers - 1)).sum()
    echo = min(float((echoed + _ECHO[0]) / (chances + _ECHO[1])), 0.2)
    return sees, imagines, echo
