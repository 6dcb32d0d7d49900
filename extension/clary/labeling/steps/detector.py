"""Boxes of the user's own model: a ``model.tar.gz`` with ``code/inference.py`` (or the code that the model names) or TorchScript,
run here image by image.

It is asked as an endpoint is: the image's bytes as ``application/x-image`` (``image/jpeg``, ...), JSON back, in one of two forms:
``{"boxes": [[left, top, right, bottom], ...], "labels": [name or class number, ...], "scores": [0..1, ...]}`` in pixels, or AWS's
``{"prediction": [[class number, score, left, top, right, bottom], ...]}`` with coordinates from 0 to 1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clary.labeling.settings import JobSettings
from clary.labeling.steps import artifact
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.task_type import Answer, BadAnswer
from clary.labeling.work import ObjectRow
from clary.labeling.work.images import ImageError, content_type, path_of
from clary.labeling.work.recording import encode

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context

_PIECE = 100
# Boxes of which the model itself believes less than this are no boxes.
_LEAST = 0.5


def detect(context: Context) -> None:
    """Enter the model's boxes for all images that have none yet; nothing to do without a model. Raises StepFailed."""
    work = context.work
    automatic = work.settings.automatic
    if automatic is None or not automatic.model:
        return
    known = work.known("prelabel")
    missing = [row for row in work.all_objects("unlabeled") if row.id not in known]
    if not missing:
        return
    ask = _Model(context, automatic.model, automatic.program)
    for first in range(0, len(missing), _PIECE):
        found = list(_looked_at(context, ask, missing[first : first + _PIECE], automatic.model))
        with work.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO known VALUES (?, 'prelabel', ?, ?, ?)", found)


def answer_of(said: Any, row: ObjectRow, settings: JobSettings) -> tuple[Answer, float]:
    """A detector's JSON as an answer, and the least of the scores of its boxes (1 where there are none). Raises BadAnswer."""
    boxes, least = [], 1.0
    for label, score, sides in _parts(said, row):
        if score < _LEAST:
            least = min(least, 1 - score)  # it has decided that there is nothing, and is as sure of that
            continue
        least = min(least, score)
        left, top = max(0, round(sides[0])), max(0, round(sides[1]))
        right, bottom = min(row.width, round(sides[2])), min(row.height, round(sides[3]))
        if right > left and bottom > top:
            name = _name(label, settings)
            boxes.append(
                {"label": name, "left": left, "top": top, "width": right - left, "height": bottom - top}
            )
    return {"boxes": boxes}, least


class _Model:
    """The model, loaded once."""

    def __init__(self, context: Context, uri: str, program: str) -> None:
        from clary.toolkits.inference.handlers import Handlers
        from clary.toolkits.inference.layout import inspect

        try:
            folder = artifact.unpacked(context)
            os.environ["SM_MODEL_DIR"] = str(folder)
            os.environ["SAGEMAKER_PROGRAM"] = program
            self._handlers = Handlers(inspect(folder, os.environ), os.environ)
            self._handlers.load()
        except StepFailed:
            raise
        except Exception as error:
            raise StepFailed(
                f"ClientError: The model {uri} cannot be loaded: {type(error).__name__}: {error}"
            ) from error

    def __call__(self, data: bytes, kind: str) -> Any:
        answer = self._handlers.answer(data, kind, "application/json", {}, "")
        if answer.status != 200:
            raise StepFailed(
                f"ClientError: The model failed at an image: {answer.body.decode(errors='replace')[-600:]}"
            )
        try:
            return json.loads(answer.body)
        except ValueError:
            raise StepFailed("ClientError: The model's answer to an image is not JSON.") from None


def _looked_at(
    context: Context, ask: _Model, rows: list[ObjectRow], origin: str
) -> Iterator[tuple[int, str, float, str]]:
    for row in rows:
        try:
            data = path_of(context.home, row.image_uri).read_bytes()
            answer, sure = answer_of(ask(data, content_type(row.image_uri)), row, context.work.settings)
        except (OSError, ImageError):
            continue  # gone since the job was prepared: people will see
        except BadAnswer as error:
            raise StepFailed(
                f"ClientError: The model's answer to {row.image_uri} cannot be used: {error}"
            ) from None
        yield row.id, encode(answer), sure, origin


def _parts(said: Any, row: ObjectRow) -> Iterator[tuple[Any, float, list[float]]]:
    """(label or class number, score, [left, top, right, bottom] in pixels) of each box."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    try:
        if isinstance(said, Mapping) and "prediction" in said:
            for label, score, *sides in said["prediction"]:
                left, top, right, bottom = (float(one) for one in sides)
                yield (
                    int(label),
                    float(score),
                    [left * row.width, top * row.height, right * row.width, bottom * row.height],
                )
            return
        labels, boxes = said["labels"], said["boxes"]
        scores = said.get("scores", [1.0] * len(boxes))
        for label, score, sides in zip(labels, scores, boxes, strict=True):
            left, top, right, bottom = (float(one) for one in sides)
            yield label, float(score), [left, top, right, bottom]
    except (TypeError, ValueError, KeyError) as error:
        raise BadAnswer(
            'it must be {"boxes": [[left, top, right, bottom]], "labels": [...], "scores": [...]} in pixels, or'
            f' {{"prediction": [[class, score, left, top, right, bottom]]}} from 0 to 1 ({error}).'
        ) from None


def _name(label: Any, settings: JobSettings) -> str:
    names = [one.name for one in settings.labels]
    if isinstance(label, str) and label in names:
        return label
    if isinstance(label, int | float) and not isinstance(label, bool) and 0 <= label < len(names):
        return names[int(label)]
    raise BadAnswer(f"its label {label!r} is none of the job's ({', '.join(names)}), nor the number of one.")
