"""Requests that are there at the same time, answered by as few runs of an ONNX model as is sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from clary.serving.onnx_model import Feed, OnnxModel
from clary.toolkits.inference import codecs
from clary.toolkits.inference.errors import InferenceError

_JSON_TYPES = (b"application/json", b"", b"*/*")


@dataclass(slots=True)
class Work:
    """One request's body and wishes; `token` is whatever the caller needs to find the request again."""

    token: Any
    body: bytes
    content_type: bytes
    accept: bytes


@dataclass(slots=True)
class Outcome:
    """`status` 200 and a body, or the model container's error status and its text in `body`."""

    token: Any
    status: int
    content_type: str
    body: bytes


class Batcher:
    """Turns works into outcomes; one work's bad body never spoils another's answer. Holds no state, so threads may share it."""

    def __init__(self, model: OnnxModel, max_rows: int, default_accept: str = codecs.JSON) -> None:
        self._model = model
        self._max_rows = max_rows
        self._default = default_accept
        only = model.inputs[0] if len(model.inputs) == 1 else None
        fast = (
            only is not None
            and len(only.shape) == 2
            and np.dtype(only.dtype).kind == "f"
            and len(model.outputs) == 1
        )
        self._fast = only if fast and model.batchable and default_accept == codecs.JSON else None

    def process(self, works: Sequence[Work]) -> list[Outcome]:
        """An outcome for each work, in any order. Never raises: whatever goes wrong, these clients must hear of it."""
        outcomes: list[Outcome] = []
        try:
            self._process(works, outcomes)
        except Exception as error:
            text = f"{type(error).__name__}: {error}".encode("utf-8", "replace")
            answered = {id(outcome.token) for outcome in outcomes}
            outcomes += [
                Outcome(work.token, 500, "text/plain", text)
                for work in works
                if id(work.token) not in answered
            ]
        return outcomes

    def _process(self, works: Sequence[Work], outcomes: list[Outcome]) -> None:
        rest: Sequence[Work] = works
        if self._fast is not None:
            rest = self._json_rows(works, outcomes)
        feeds: dict[Any, list[tuple[Work, Feed]]] = {}
        for work in rest:
            try:
                feed = self._model.decode(work.body, work.content_type.decode("latin-1"))
            except InferenceError as error:
                outcomes.append(failure(work, error))
                continue
            feeds.setdefault(feed.group if self._model.batchable else id(work), []).append((work, feed))
        for group in feeds.values():
            for chunk in self._chunks(group):
                self._run(chunk, outcomes)

    def _json_rows(self, works: Sequence[Work], outcomes: list[Outcome]) -> Sequence[Work]:
        """The common case with the least Python: JSON lists of rows for a one-input model become one array at once.

        Works that are anything else come back for the general way, which also words their errors.
        """
        item = self._fast
        assert item is not None
        rows: list[Any] = []
        taken: list[tuple[Work, int]] = []
        rest: list[Work] = []
        loads = orjson.loads
        for work in works:
            if work.content_type in _JSON_TYPES and work.accept in _JSON_TYPES and len(rows) < self._max_rows:
                try:
                    value = loads(work.body)
                except orjson.JSONDecodeError:
                    value = None
                if type(value) is list and value:
                    if type(value[0]) is not list:
                        value = [value]  # one row, as the general way takes it, too
                    if len(rows) + len(value) <= self._max_rows:
                        rows += value
                        taken.append((work, len(value)))
                        continue
            rest.append(work)
        if not taken:
            return works
        try:
            array = np.array(rows, dtype=item.dtype)
            if array.ndim != 2 or (item.shape[1] is not None and array.shape[1] != item.shape[1]):
                return works
            (output,) = self._model.run({item.name: array})
            if not isinstance(output, np.ndarray) or output.dtype.kind != "f":
                return works
            start = 0
            bodies = []
            for _, count in taken:
                bodies.append(orjson.dumps(output[start : start + count], option=orjson.OPT_SERIALIZE_NUMPY))
                start += count
            # orjson writes NaN and Infinity as null; the general way spells them as the toolkits do. Looking for the text
            # costs a tenth of asking NumPy.
            if any(b"null" in body for body in bodies):
                return works
        except (ValueError, TypeError, InferenceError):
            return works
        outcomes += [
            Outcome(work.token, 200, codecs.JSON, body) for (work, _), body in zip(taken, bodies, strict=True)
        ]
        return rest

    def _chunks(self, group: list[tuple[Work, Feed]]) -> list[list[tuple[Work, Feed]]]:
        chunks: list[list[tuple[Work, Feed]]] = []
        rows = 0
        for pair in group:
            if not chunks or rows + pair[1].rows > self._max_rows:
                chunks.append([])
                rows = 0
            chunks[-1].append(pair)
            rows += pair[1].rows
        return chunks

    def _run(self, chunk: list[tuple[Work, Feed]], outcomes: list[Outcome]) -> None:
        model = self._model
        feeds = [feed for _, feed in chunk]
        total = sum(feed.rows for feed in feeds)
        try:
            outputs = model.run(model.join(feeds))
            if len(chunk) > 1 and any(len(output) != total for output in outputs):
                raise InferenceError(500, "The model's outputs do not have a row for each row of input.")
        except InferenceError as error:
            if len(chunk) == 1:
                outcomes.append(failure(chunk[0][0], error))
            else:  # one of them is to blame: let each answer for itself
                for pair in chunk:
                    self._run([pair], outcomes)
            return
        start = 0
        for work, feed in chunk:
            part = outputs if len(chunk) == 1 else [output[start : start + feed.rows] for output in outputs]
            start += feed.rows
            try:
                body, kind = model.encode(part, work.accept.decode("latin-1"), feed.wrapper, self._default)
                outcomes.append(Outcome(work.token, 200, kind, body))
            except InferenceError as error:
                outcomes.append(failure(work, error))


def failure(work: Work, error: InferenceError) -> Outcome:
    return Outcome(work.token, error.status, "text/plain", error.message.encode("utf-8", "replace"))
