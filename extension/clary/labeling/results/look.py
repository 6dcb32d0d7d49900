"""One look at a job: its votes, verdicts and states, read once for everything that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from clary.labeling.agreement import Agreement
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, TaskType, Verdict, Vote

if TYPE_CHECKING:
    from clary.labeling.work import Work


@dataclass(frozen=True)
class Look:
    """`votes`: of items, those that hold; `shared`: of them the objects that several people answered; `machine`: objects that
    the machine labelled; `chained`: labels from before the job; `gold`: (right, of) by person."""

    settings: JobSettings
    task: TaskType
    labels: tuple[str, ...]
    votes: Mapping[int, list[Vote]]
    shared: tuple[int, ...]
    verdicts: Mapping[int, Verdict]
    machine: frozenset[int]
    chained: Mapping[int, Answer]
    gold: Mapping[str, tuple[int, int]]

    @classmethod
    def at(cls, work: Work) -> Look:
        votes = work.votes()
        states = work.states()
        chained = {
            thing: known[0]
            for thing, known in work.known("earlier").items()
            if states.get(thing) == "chained"
        }
        return cls(
            settings=work.settings,
            task=work.task,
            labels=tuple(one.name for one in work.settings.labels),
            votes=votes,
            shared=tuple(thing for thing, cast in votes.items() if len(cast) > 1),
            verdicts=work.verdicts(),
            machine=frozenset(thing for thing, state in states.items() if state == "machine"),
            chained=chained,
            gold=work.gold() if work.settings.gold else {},
        )

    @cached_property
    def agreement(self) -> Agreement:
        """How far people agree; nothing where no object has several answers."""
        from clary.labeling.agreement import measure

        return measure(self.votes, self.settings) if self.shared else Agreement()

    @cached_property
    def kind(self) -> str:
        """What answers look like: label, labels, boxes, runs or entities."""
        if self.settings.mode == "verify":
            return "label"
        name = self.settings.task
        if name.endswith("-multilabel"):
            return "labels"
        others = {
            "bounding-box": "boxes",
            "semantic-segmentation": "runs",
            "named-entity-recognition": "entities",
        }
        return others.get(name, "label")

    def labels_in(self, answer: Answer) -> list[str]:
        """The labels that an answer gives, one for each box or entity; of a mask each class that is in it."""
        kind = self.kind
        if kind == "label":
            return [str(answer["label"])] if "label" in answer else []
        if kind == "labels":
            return [str(one) for one in answer["labels"]]
        if kind in ("boxes", "entities"):
            return [str(one["label"]) for one in answer[kind]]
        return [self.labels[number - 1] for number in sorted({run[0] for run in answer["runs"]} - {0})]


def shortened(answer: Answer, look: Look) -> dict[str, Any]:
    """An answer for a page: a mask's runs, which may be many thousands, as the names of its classes."""
    if look.kind != "runs":
        return dict(answer)
    return {"labels": look.labels_in(answer)}
