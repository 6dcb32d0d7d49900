"""An audit in progress: what a job's state says of it, replayed against the humans' labels so far."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active.audit import Design, Draw, Wealth, draw, draw_from
from clary.labeling.active.learner import Model

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_STRENGTH = 3.0  # errors' worth of trust in the doubts, when the audit corrects them


def frozen(model: Model, population: Ints, doubts: Floats, labels: int) -> dict[str, Any]:
    """The state of a new audit (JSON). doubts: of `population`; labels: that the model has learned from."""
    return {
        "population": _packed(population),
        "classes": _packed(model.classes[population]),
        "gaps": _packed(model.gaps[population]),
        "doubts": _packed(doubts),
        "labels": labels,
        "events": [],
    }


class Audit:
    """The frozen model's labels, what was drawn, and what humans said.

    An event is a draw ``[item, weight, chance, total]`` or an item that humans label without a draw, ``[item]``.
    `wealth`: after all events. `rest`: items that the machine would label. `events`: those of the state, and items that
    humans have labelled besides.
    """

    def __init__(self, state: Mapping[str, Any], known: Mapping[int, int]) -> None:
        self.population: Ints = _unpacked(state["population"], np.int64)
        self.labels = int(state["labels"])
        items = self.population.tolist()
        self.classes = dict(zip(items, _unpacked(state["classes"], np.int64).tolist(), strict=True))
        self.gaps = dict(zip(items, _unpacked(state["gaps"], np.float64).tolist(), strict=True))
        self._doubts = dict(zip(items, _unpacked(state["doubts"], np.float64).tolist(), strict=True))
        self.events: list[list[float]] = list(state["events"])
        self.wealth = Wealth()
        left, expected = set(items), 0.0
        for event in self.events:
            item = int(event[0])
            left.discard(item)
            expected += self._doubts[item]
            wrong = known[item] != self.classes[item] if item in known else None
            if len(event) == 1:
                self.wealth.remove(wrong)
            else:
                self.wealth.see(draw_from(event), wrong)
        for item in sorted(left & known.keys()):  # whatever humans have labelled is no longer the machine's
            left.discard(item)
            self.events.append([item])
            self.wealth.remove(known[item] != self.classes[item])
        self.rest: Ints = np.asarray(sorted(left), dtype=np.int64)
        # What was found corrects the doubts by a common factor (a gamma prior of strength 3).
        self._factor = (self.wealth.found + self.wealth.silent + _STRENGTH) / (expected + _STRENGTH)

    def doubts(self) -> Floats:
        """Of the rest, as the audit sees them by now."""
        return np.clip(
            np.asarray([self._doubts[item] for item in self.rest.tolist()]) * self._factor, 1e-6, 0.95
        )

    def confidences(self) -> Floats:
        """Of the rest, 0..1, as the model said."""
        return 1.0 - np.asarray([self._doubts[item] for item in self.rest.tolist()])

    def draws(self, bet: Design, stream: np.random.Generator) -> list[Draw]:
        """All of the rest in an order drawn by lot."""
        return draw(self.rest.tolist(), bet, len(self.rest), stream)

    def record(self) -> list[list[float]]:
        """The events as foresight (see `doubts`)."""
        return [
            [item, self.gaps[item], self.classes[item], self.labels]
            for item in (int(e[0]) for e in self.events)
        ]


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes())).decode()


def _unpacked(text: str, kind: Any) -> NDArray[Any]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=kind)
