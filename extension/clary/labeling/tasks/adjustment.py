"""Adjustment: people correct the label that an earlier job left. The base type, and whether anybody changed anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote


class Adjustment(TaskType):
    """Adjustment of labels of `base`, of any type. `Verdict.details`: those of the base, and ``"adjusted"``.

    What was adjusted is `DataObject.prelabel`; where that is not given it is read from the object's line."""

    def __init__(self, base: TaskType) -> None:
        self.base = base
        self.name = base.name  # type: ignore[misc]
        self.metadata_type = base.metadata_type  # type: ignore[misc]
        self.element = base.element  # type: ignore[misc]
        self.modality = base.modality  # type: ignore[misc]
        self.reference = base.reference  # type: ignore[misc]

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        return self.base.check(answer, thing, settings)

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        found = self.base.consolidate(votes, things, settings, gold)
        for number, verdict in found.items():
            before = self._before(things.get(number), settings)
            adjusted = any(before is None or self.distance(vote.answer, before) > 0 for vote in votes[number])
            found[number] = replace(verdict, details={**verdict.details, "adjusted": adjusted})
        return found

    def distance(self, one: Answer, other: Answer) -> float:
        return self.base.distance(one, other)

    def packed(self, answer: Answer) -> Answer:
        return self.base.packed(answer)

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        value, metadata = self.base.write(verdict, thing, settings, stored)
        adjusted = verdict.details.get("adjusted")
        if adjusted is None:
            before = self._before(thing, settings)
            adjusted = before is None or self.distance(verdict.answer, before) > 0
        return value, {**metadata, "adjustment-status": "adjusted" if adjusted else "unadjusted"}

    def stored_file(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings
    ) -> tuple[bytes, str] | None:
        return self.base.stored_file(verdict, thing, settings)

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        return self.base.read(value, metadata, thing, settings, file)

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        return self.base.answer_content(answer, thing, settings)

    def _before(self, thing: DataObject | None, settings: JobSettings) -> Answer | None:
        """The label before anybody looked; None where there is none."""
        if thing is None or thing.prelabel is not None or self.reference:
            return thing.prelabel if thing is not None else None
        attribute = settings.audit_attribute
        metadata = thing.line.get(f"{attribute}-metadata")
        try:
            return self.base.read(
                thing.line.get(attribute),
                metadata if isinstance(metadata, Mapping) else {},
                thing,
                settings,
                None,
            )
        except BadAnswer:
            return None
