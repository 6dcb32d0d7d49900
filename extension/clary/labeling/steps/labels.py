"""The labels of a job as the output manifest has them, from everything that people and the machine have said so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clary.labeling.output import Output, Written
from clary.labeling.task_type import DataObject, Verdict, Vote
from clary.labeling.work import Work

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context


class Labels:
    """One look at a job: its verdicts, and the lines and files that follow from them."""

    def __init__(self, context: Context) -> None:
        self.work: Work = context.work
        self.output = Output(context.objects, self.work.settings, self.work.task)
        self.votes = self.work.votes()
        self.decisions = self.work.decisions()
        self.verdicts: Mapping[int, Verdict] = self.work.verdicts()
        self.things: Mapping[int, DataObject] = self.work.things()
        self._certificate = self.work.fact("certificate")
        self._machine_time: float = self.work.fact("automatic_time", 0.0)

    def written(self, thing: int, human: bool, write: bool = True) -> Written:
        """The label of an object that has a verdict. `write`: also the file that it refers to, if it is of such a type."""
        more: dict[str, Any] = {}
        if not human:
            if self._certificate:
                more["certificate"] = self._certificate
        elif thing in self.decisions:
            more["reviewed-by"] = self.decisions[thing].worker
        verdict = self.verdicts[thing]
        return self.output.label(verdict, self.things[thing], self.time_of(thing, human), human, more, write)

    def time_of(self, thing: int, human: bool) -> float:
        """When the object got its label."""
        if not human:
            return self._machine_time
        if thing in self.decisions:
            return self.decisions[thing].time
        return max(vote.time for vote in self.votes[thing])

    def lines(self, given: Mapping[int, Written]) -> Iterator[bytes]:
        """The manifest: the input's lines, those of `given` with their labels."""
        for row in self.work.all_objects():
            raw = row.text.encode()
            yield self.output.line(raw, given[row.id]) if row.id in given else raw

    def batches(self) -> dict[int, dict[int, list[Vote]]]:
        """The votes by the batch that their objects were opened in."""
        found: dict[int, dict[int, list[Vote]]] = {}
        numbers = self.work.batch_of()
        for thing, cast in self.votes.items():
            found.setdefault(numbers.get(thing, 0), {})[thing] = cast
        return found
