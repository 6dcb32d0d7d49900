"""How a job and its items look to a canvas."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from clary.labeling.settings import JobSettings, Label
from clary.labeling.tasks.labels import filled
from clary.labeling.work.rows import ObjectRow

if TYPE_CHECKING:
    from clary.labeling.work.work import Work

_LONGEST_METADATA = 200


def job(work: Work, worker: str, owner: bool) -> dict[str, Any]:
    """What `open` says, without the progress."""
    settings = work.settings
    return {
        "job": settings.name,
        "title": settings.title or settings.name,
        "description": settings.description,
        "instructions": _safe(settings.instructions),
        "full_instructions": _safe(settings.full_instructions),
        "task": settings.task,
        "mode": settings.mode,
        "modality": work.task.modality,
        "labels": labels(settings.labels),
        "worker": worker,
        "owner": owner,
        "status": work.status,
        "settings": {
            "grid": bool(settings.options.get("grid", False)),
            "auto_advance": bool(settings.options.get("auto_advance", True)),
        },
    }


def labels(given: tuple[Label, ...]) -> list[dict[str, str]]:
    """The labels with every colour and, as far as there are keys, every hotkey filled in."""
    return [asdict(one) for one in filled(given)]


def item(work: Work, number: int, worker: str, *, votes: bool = False) -> dict[str, Any]:
    """An object as the person `worker` sees it. `votes`: everybody's answers, for the review queue."""
    thing = work.object(number)
    mark = work.mark(worker, number)
    prelabel = work.known("prelabel", [number]).get(number)
    if prelabel is None and work.settings.prelabel_attribute:
        prelabel = work.known("hint", [number]).get(number)
    guess = work.known("model", [number]).get(number)
    if work.settings.mode == "label" and _is_audit(work, thing):
        guess = prelabel = None
    if guess is None and prelabel is not None and work.settings.mode == "label":
        guess, prelabel = prelabel, None
    elif work.settings.mode == "label":
        prelabel = None
    shown: dict[str, Any] = {
        "id": number,
        "lease_until": mark["until"] if mark and mark["live"] else 0,
        "source": _source(thing, work.task.modality),
        "header": thing.shown.get("header"),
        "prelabel": None if prelabel is None else prelabel[0],
        "prelabel_origin": None if prelabel is None else prelabel[2],
        "suggestion": None
        if guess is None
        else {"answer": guess[0], "confidence": guess[1], "origin": guess[2]},
        "draft": _parsed(mark["draft"] if mark else None),
        "answer": _parsed(mark["answer"] if mark else None),
        "skipped": bool(mark and mark["skipped"]),
        "flagged": bool(mark and mark["flagged"]),
        "comment": mark["comment"] if mark else None,
        "metadata": _metadata(thing.line, work.settings),
    }
    if votes:
        shown["votes"] = [
            {"worker": vote.worker, "answer": vote.answer} for vote in work.votes([number]).get(number, [])
        ]
        shown["why"] = list(thing.why_review)
        shown["agreement"] = thing.agreement
        shown["comments"] = work.comments(number)
    return shown


def _is_audit(work: Work, thing: ObjectRow) -> bool:
    """Whether a guess would bias the person whose answer is to judge it."""
    return work.purpose(thing.batch) == "audit"


def _source(thing: ObjectRow, modality: str) -> dict[str, Any]:
    if modality == "text":
        return {"kind": "text", "text": str(thing.shown.get("text", thing.line.get("source", "")))}
    uri = thing.image_uri
    from clary.labeling.work.images import content_type

    return {
        "kind": "image",
        "width": thing.width,
        "height": thing.height,
        "type": content_type(uri),
        "bytes": thing.shown.get("bytes", 0),
        "name": uri.rsplit("/", 1)[-1],
    }


def _metadata(line: Mapping[str, Any], settings: JobSettings) -> dict[str, Any]:
    """Small members of the line that say nothing about labels: neither ours, nor anybody's."""
    hidden = {
        "source",
        "source-ref",
        settings.attribute,
        settings.audit_attribute,
        settings.prelabel_attribute,
    }
    if settings.gold is not None:
        hidden.add(settings.gold.attribute)
    return {
        name: value
        for name, value in line.items()
        if name not in hidden
        and not name.endswith("-metadata")
        and f"{name}-metadata" not in line
        and isinstance(value, str | int | float | bool)
        and len(str(value)) <= _LONGEST_METADATA
    }


def _parsed(text: str | None) -> Any:
    return None if not text else json.loads(text)


def _safe(text: str) -> str:
    """Instructions are the requester's HTML: what could run is taken out."""
    if not text:
        return ""
    try:
        module = import_module("clary.labeling.templates.sanitize")
    except ImportError:
        return html.escape(text)
    return str(module.sanitize(text))
