"""Annotators that do not exist: they label through a `Session` as people do, with the errors and the pace that they are given.

For examples, tests and rehearsals: every flow of a labeling job runs headless with them. What one of them answers to an object
follows from its name, its seed and the object alone, so a run is the same whoever comes first.

    truth = {0: "cat", 1: "dog"}
    run(home, runner, store, "pets", [Simulated("anna", truth, accuracy=0.9), Simulated("ben", truth, seconds=5.0)])
"""

from __future__ import annotations

import heapq
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clary.home import Home
from clary.labeling import mistakes
from clary.labeling.session import Session
from clary.labeling.task_type import Answer
from clary.labeling.work import SessionError, Work
from clary.labeling.work.course import ENDED

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store import Store

Truth = Mapping[Any, Any] | Callable[[dict[str, Any]], Any]
_AT_ONCE = 8
_SHORTEST_S, _LONGEST_S = 0.01, 0.25


class SimulationError(Exception):
    """A simulation that cannot go on; the text says why."""


@dataclass(frozen=True)
class Simulated:
    """An annotator. `truth`: the right answers, by the object's number, its text, its image's file name or its image's stem; or
    a function of the canvas' Item. An answer may be short: ``"cat"`` for ``{"label": "cat"}``, a list for the labels of a
    multi-label task, boxes or entities.

    accuracy: 0..1, how often a label is right (of boxes and entities: how many are found, and labelled right). confusion: label
    to {label: probability}, instead. noise: of boxes, as a share of their size. skips, flags: how often (0..1). seconds: the
    median that an item takes. owner: may review.
    """

    name: str
    truth: Truth
    accuracy: float = 1.0
    confusion: Mapping[str, Mapping[str, float]] | None = None
    noise: float = 0.02
    seconds: float = 2.0
    skips: float = 0.0
    flags: float = 0.0
    seed: int = 0
    owner: bool = False

    def __post_init__(self) -> None:
        for name in ("accuracy", "skips", "flags"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1; it is {getattr(self, name)}.")
        if not self.seconds > 0:
            raise ValueError(f"seconds must be more than 0; it is {self.seconds}.")
        for label, row in (self.confusion or {}).items():
            if not math.isclose(sum(row.values()), 1.0, abs_tol=1e-6) or min(row.values()) < 0:
                raise ValueError(
                    f"The probabilities of confusion for {label!r} must be 0 or more and add up to 1."
                )

    def answer(
        self,
        item: dict[str, Any],
        opened: Mapping[str, Any],
        known: Answer | None = None,
        *,
        careful: bool = False,
    ) -> Answer:
        """What this person answers to the Item of a job (what `open` said). `known`: the right answer where `truth` has none,
        of gold items. `careful`: without mistakes, as in a review."""
        right = mistakes.full(self._right(item, known), opened["task"], opened["mode"])
        if careful:
            return right
        chance = self._chance(item)
        labels = [one["name"] for one in opened["labels"]]
        return mistakes.made(right, item["source"], labels, self.accuracy, self.confusion, self.noise, chance)

    def pace(self, item: dict[str, Any]) -> float:
        """Seconds that this person spends on the item."""
        return self.seconds * self._chance(item, "pace").lognormvariate(0.0, 0.4)

    def mood(self, item: dict[str, Any]) -> float:
        """0..1: skips below `skips`, flags above 1 - `flags`."""
        return self._chance(item, "mood").random()

    def _chance(self, item: dict[str, Any], what: str = "") -> random.Random:
        return random.Random(f"{self.seed}/{self.name}/{item['id']}/{what}")

    def _right(self, item: dict[str, Any], known: Answer | None) -> Any:
        if callable(self.truth):
            return self.truth(item)
        source = item["source"]
        name = source.get("name", "")
        for key in (item["id"], str(item["id"]), source.get("text"), name, name.rsplit(".", 1)[0]):
            if key is not None and key in self.truth:
                return self.truth[key]
        if known is not None:
            return known
        raise SimulationError(
            f"{self.name} does not know the right answer to item {item['id']} ({str(source.get('text') or name)[:80]})."
        )


@dataclass
class _Seat:
    """An annotator at work: what they have before them, and their own clock in seconds."""

    person: Simulated
    session: Session
    opened: dict[str, Any]
    items: list[dict[str, Any]]
    gold: dict[int, Answer]
    answered: int = 0
    turns: int = 0


def run(
    home: Home, runner: Runner | None, store: Store | None, job: str, annotators: Sequence[Simulated], *,
    until: Callable[[dict[str, Any]], bool] | None = None, timeout_s: float = 600.0, real_time: bool = False,
) -> dict[str, int]:  # fmt: skip
    """Let annotators label a job until it ends, or `until` (asked with the progress after each answer) says so, or nothing is
    left for them. Returns how many answers each gave.

    One loop on everybody's own clock: who is quicker comes sooner. `real_time`: also sleep so long. Owners among them review
    what waits for it. Raises SimulationError after `timeout_s`, or when a right answer is not known.
    """
    work, deadline, now = Work.open(home, job), time.monotonic() + timeout_s, 0.0
    _wait(work, runner, deadline, lambda: work.status != "Initializing")
    seats = [_seat(home, runner, store, job, one) for one in annotators]
    clock = [(0.0, number) for number in range(len(seats))]
    resting: list[int] = []  # they found nothing to do, and ask again when somebody has done something
    pause = _SHORTEST_S
    while work.status not in ENDED:
        if time.monotonic() > deadline:
            raise SimulationError(f"The labeling job {job} did not end within {timeout_s:g} seconds.")
        if not clock:
            if runner is None or (work.fact("step") is None and work.due() is None):
                break  # nothing is left for these people, and nothing will come
            _look_after(runner, work)
            time.sleep(pause)
            pause = min(_LONGEST_S, 2 * pause)
            clock, resting = [(now, number) for number in resting], []
            continue
        now, number = heapq.heappop(clock)
        spent = _turn(seats[number], work)
        if spent is None:
            resting.append(number)
            continue
        pause = _SHORTEST_S
        for one in (number, *resting):
            heapq.heappush(clock, (now + spent, one))
        resting = []
        if real_time:
            time.sleep(spent)
        person = seats[number].person
        if until is not None and until(work.progress(person.name, person.owner)):
            break
    return {seat.person.name: seat.answered for seat in seats}


def _seat(home: Home, runner: Runner | None, store: Store | None, job: str, person: Simulated) -> _Seat:
    session = Session(home, runner, store, job, person.name, person.owner)
    opened = session.call("open", {})
    assert isinstance(opened, dict)
    gold = {thing: answer for thing, (answer, _, _) in session.work.known("gold").items()}
    return _Seat(person, session, opened, [], gold)


def _turn(seat: _Seat, work: Work) -> float | None:
    """Do one item; returns the seconds that it took this person, or None: there was nothing to do."""
    try:
        if not seat.items:
            seat.items = _call(seat, "next", {"n": _AT_ONCE})["items"]
        if not seat.items:
            return _review(seat)
        item = seat.items.pop(0)
        return _do(seat, item)
    except SessionError as error:
        if error.code in ("JobEnded", "NotReady", "LeaseExpired"):
            seat.items = []
            return None
        raise


def _do(seat: _Seat, item: dict[str, Any]) -> float:
    person, seconds = seat.person, seat.person.pace(item)
    mood = person.mood(item)
    common = {"object": item["id"], "seconds": seconds}
    if mood >= 1 - person.flags:
        _call(seat, "act", {**common, "action": "flag", "comment": "I am not sure.", "nonce": _nonce(seat)})
    if mood < person.skips:
        _call(seat, "act", {**common, "action": "skip", "nonce": _nonce(seat)})
    else:
        answer = person.answer(item, seat.opened, seat.gold.get(item["id"]))
        _call(seat, "act", {**common, "action": "answer", "answer": answer, "nonce": _nonce(seat)})
        seat.answered += 1
    return seconds


def _review(seat: _Seat) -> float | None:
    if not seat.person.owner:
        return None
    items = _call(seat, "next", {"n": 1, "queue": "review"})["items"]
    if not items:
        return None
    answer = seat.person.answer(items[0], seat.opened, careful=True)
    act = {"action": "review", "object": items[0]["id"], "answer": answer, "nonce": _nonce(seat)}
    _call(seat, "act", act)
    return seat.person.seconds


def _call(seat: _Seat, method: str, params: dict[str, Any]) -> dict[str, Any]:
    result = seat.session.call(method, params)
    assert isinstance(result, dict)
    return result


def _nonce(seat: _Seat) -> str:
    seat.turns += 1
    return f"{time.time_ns()}-{seat.turns}"


def _wait(work: Work, runner: Runner | None, deadline: float, done: Callable[[], bool]) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise SimulationError(f"The labeling job {work.settings.name} is still {work.status}.")
        if runner is not None:
            _look_after(runner, work)
        time.sleep(0.02)


def _look_after(runner: Runner, work: Work) -> None:
    from clary.labeling import steps

    runner.tend()
    steps.tend(runner.home, runner.store, runner, work.settings.name)
