"""The objects to look at first: flagged, disagreed on, unsure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clary.labeling.results.look import Look, shortened

if TYPE_CHECKING:
    from clary.labeling.work import Work

_MOST = 24
_SURE_ENOUGH = 0.9
_LONGEST_TEXT = 400


def first(work: Work, look: Look) -> list[dict[str, Any]]:
    """[{id, why, confidence, votes: [{worker, answer}], source: {kind, text | name, width, height}}], the most doubtful first;
    objects that the owner has decided on are not among them."""
    decided = work.decisions()
    found: dict[int, str] = {}
    for thing, why in _candidates(work, look):
        if thing not in decided:
            found.setdefault(thing, why)
        if len(found) == _MOST:
            break
    return [_shown(work, look, thing, why) for thing, why in found.items()]


def _candidates(work: Work, look: Look) -> Iterator[tuple[int, str]]:
    for thing in work.review_queue(_MOST):
        yield thing, _why_review(work, thing)
    unlike = [(value, thing) for thing, value in look.agreement.by_object.items() if value < 1.0]
    for value, thing in heapq.nsmallest(_MOST * 2, unlike):
        yield thing, f"annotators disagree: {value:.0%} alike"
    sure = [
        (verdict.confidence, thing)
        for thing, verdict in look.verdicts.items()
        if verdict.confidence < _SURE_ENOUGH
        and (thing in look.machine or (verdict.confidence > 0 and len(look.votes.get(thing, ())) > 1))
    ]
    for _, thing in heapq.nsmallest(_MOST * 2, sure):
        yield thing, "the machine is unsure" if thing in look.machine else "the label is unsure"


def _why_review(work: Work, thing: int) -> str:
    words = {
        "flagged": "flagged",
        "disagreement": "annotators disagree",
        "skipped": "skipped by everybody",
    }
    reasons = [words.get(one, one) for one in work.object(thing).why_review]
    said = [one["comment"] for one in work.comments(thing) if one.get("comment")]
    return " and ".join(reasons or ["to be reviewed"]) + (f": {'; '.join(said)[:200]}" if said else "")


def _shown(work: Work, look: Look, thing: int, why: str) -> dict[str, Any]:
    row = work.object(thing)
    verdict = look.verdicts.get(thing)
    source: dict[str, Any]
    if look.task.modality == "text":
        text = str(row.shown.get("text") or row.line.get("source", ""))
        source = {
            "kind": "text",
            "text": text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…",
        }
    else:
        name = row.image_uri.rstrip("/").rpartition("/")[2]
        source = {"kind": "image", "name": name, "width": row.width, "height": row.height}
    votes = [
        {"worker": vote.worker, "answer": shortened(vote.answer, look)} for vote in look.votes.get(thing, ())
    ]
    if thing in look.machine and verdict is not None:
        votes.append({"worker": "machine", "answer": shortened(verdict.answer, look)})
    known = verdict is not None and (verdict.confidence > 0 or thing in look.machine)
    return {
        "id": thing,
        "why": why,
        "confidence": round(verdict.confidence, 4) if known and verdict is not None else None,
        "votes": votes,
        "source": source,
    }
