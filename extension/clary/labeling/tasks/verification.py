"""Verification: is the label that an earlier job left right? One of the job's own labels (good, bad), and a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Answer, BadAnswer, DataObject, TaskType, Verdict, Vote
from clary.labeling.tasks import checking
from clary.labeling.tasks.classification import Classification

LONGEST_COMMENT = 4_000


class Verification(Classification):
    """Verification of the labels of `base`, of any type. `Verdict.details`: ``{"comments": [...]}`` where there are any."""

    metadata_type = "groundtruth/label-verification"

    def __init__(self, base: TaskType) -> None:
        self.base = base
        self.name = base.name  # type: ignore[misc]
        self.modality = base.modality  # type: ignore[misc]
        self.element = "crowd-image-classifier" if base.modality == "image" else "crowd-classifier"  # type: ignore[misc]

    def check(self, answer: Any, thing: DataObject, settings: JobSettings) -> Answer:
        said = checking.members(answer, "The answer", ["label"], ["comment"])
        name = checking.label(said["label"], "The answer's 'label'", settings)
        comment = said.get("comment")
        if comment is not None and not isinstance(comment, str):
            raise BadAnswer(f"The answer's 'comment' must be a text, not {checking.shown(comment)}.")
        if comment and len(comment) > LONGEST_COMMENT:
            raise BadAnswer(
                f"The comment has {len(comment):,} characters; {LONGEST_COMMENT:,} is the most. Shorten it."
            )
        if comment and comment.strip():
            return {"label": name, "comment": comment.strip()}
        return {"label": name}

    def consolidate(
        self, votes: Mapping[int, Sequence[Vote]], things: Mapping[int, DataObject], settings: JobSettings,
        gold: Mapping[int, Answer],
    ) -> dict[int, Verdict]:  # fmt: skip
        found = super().consolidate(votes, things, settings, gold)
        for number, verdict in found.items():
            comments = [vote.answer["comment"] for vote in votes[number] if vote.answer.get("comment")]
            if comments:
                found[number] = Verdict(verdict.answer, verdict.confidence, {"comments": comments})
        return found

    def write(
        self, verdict: Verdict, thing: DataObject, settings: JobSettings, stored: str
    ) -> tuple[Any, dict[str, Any]]:
        value, metadata = super().write(verdict, thing, settings, stored)
        comments = list(verdict.details.get("comments", ()))
        own = verdict.answer.get("comment")
        if own and own not in comments:
            comments.append(own)
        if comments:
            metadata["worker-feedback"] = [{"comment": one} for one in comments]
        return value, metadata

    def read(
        self, value: Any, metadata: Mapping[str, Any], thing: DataObject, settings: JobSettings, file: bytes | None
    ) -> Answer:  # fmt: skip
        name = metadata.get("class-name")
        number = str(value)
        if not isinstance(name, str) and number.isdecimal() and int(number) < len(settings.labels):
            name = settings.labels[int(number)].name
        if not isinstance(name, str):
            raise BadAnswer(
                f"The verdict {checking.shown(value)} has no 'class-name', and this job's labels do not name it."
            )
        feedback = metadata.get("worker-feedback")
        comments = [
            one["comment"]
            for one in (feedback if isinstance(feedback, list) else ())
            if isinstance(one, Mapping) and isinstance(one.get("comment"), str)
        ]
        return {"label": name, "comment": "\n".join(comments)} if comments else {"label": name}

    def answer_content(self, answer: Answer, thing: DataObject, settings: JobSettings) -> dict[str, Any]:
        content = super().answer_content(answer, thing, settings)
        if answer.get("comment"):
            content[self.element]["workerComment"] = answer["comment"]
        return content
