"""Rounds of active learning: what humans label next, when to audit, and what the machine may label in the end.

A step is a deterministic function of features, settings, the labels so far and the state that the last step returned, so that a
step that was killed can be repeated. Errors are counted against the humans' labels: if humans err, the certificate is
about agreeing with them. Objects that humans could not answer are never asked again and never labelled by the machine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clary.labeling.active import stopping
from clary.labeling.active.audit import design, until
from clary.labeling.active.auditing import Audit, frozen
from clary.labeling.active.certificate import Certificate, Scope
from clary.labeling.active.doubts import doubts as doubts_of
from clary.labeling.active.learner import Model, fit
from clary.labeling.active.margin import Margin
from clary.labeling.active.space import Space
from clary.labeling.active.starts import TypiClust
from clary.labeling.active.strategy import Situation, Strategy

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
State = dict[str, Any]
# The k-th audit of a job may fail with probability delta * 0.75 * 0.25^(k - 1): the sum is at most delta, and most
# audits are the first.
_LATER = 0.25


@dataclass(frozen=True)
class Settings:
    """`epsilon`: the share of wrong machine labels that may remain; `delta`: the probability that more do. `scope`: of
    what it is a share. `batch`: items of a round; None: a seventh of the labels there are, within bounds."""

    epsilon: float = 0.05
    delta: float = 0.05
    scope: Scope = "dataset"
    seed: int = 0
    batch: int | None = None

    def __post_init__(self) -> None:
        for name in ("epsilon", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must lie between 0 and 1, both excluded; it is {getattr(self, name)}."
                )
        if self.scope not in ("dataset", "auto-labelled"):
            raise ValueError(f"scope must be dataset or auto-labelled, not {self.scope!r}.")
        if self.batch is not None and self.batch < 1:
            raise ValueError(f"batch must be at least 1; it is {self.batch}.")


@dataclass(frozen=True)
class Ask:
    """Humans label `indices` next. `confidences`, `suggestions`: the model's, where there is a model; never of an audit
    (a guess that is shown biases whoever sees it)."""

    indices: list[int]
    purpose: Literal["train", "audit"]
    why: str
    confidences: dict[int, float] = field(default_factory=dict)
    suggestions: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Finish:
    """The machine labels `predictions` (index -> class, confidence 0..1), humans the `rest`: all of it, where there is
    no certificate."""

    predictions: dict[int, tuple[int, float]]
    certificate: Certificate | None
    rest: list[int]
    why: str


class AutoLabeler:
    """`features`: (N, d), dense or scipy sparse, finite (ValueError); or a `Space` made of them before. `exclude`: items
    that do not count at all."""

    def __init__(
        self, features: Any, n_classes: int, settings: Settings, exclude: Collection[int] = ()
    ) -> None:
        if n_classes < 1:
            raise ValueError(f"There must be at least one class; n_classes is {n_classes}.")
        self.space = features if isinstance(features, Space) else Space(features)
        self.n_classes = n_classes
        self.settings = settings
        self.items: Ints = np.setdiff1d(np.arange(self.space.size), np.asarray(list(exclude), dtype=np.int64))
        self.start: Strategy = TypiClust()
        self.strategy: Strategy = Margin()

    def step(self, labels: Mapping[int, int], state: State) -> tuple[Ask | Finish, State]:
        """What to do now, and the state for the next step. `state`: ``{}`` at first. ValueError: a label that is no class."""
        known = self._checked(labels)
        state = {"asked": [], "record": [], "history": [], "commits": 0, **state}
        if "audit" in state:
            return self._audit(known, state)
        return self._learn(known, state)

    # Learning

    def _learn(self, known: dict[int, int], state: State) -> tuple[Ask | Finish, State]:
        pool = self._pool(known, state)
        rule = self._rule(state["commits"] + 1)
        if len(pool) == 0:
            return Finish({}, None, self._rest(known, {}), "Humans have labelled everything."), state
        if stopping.ideal_draws(len(pool), rule) >= len(pool):
            why = (
                f"Not even an audit without any error could show an error of at most {rule.epsilon:.1%} at {len(pool):,} "
                "items: humans label all of them."
            )
            return Finish({}, None, self._rest(known, {}), why), state
        items = np.asarray(sorted(known), dtype=np.int64)
        now = Situation(self.space, pool, items, None)
        if len(items) == 0:
            chosen = self.start.choose(now, self._first(), self._stream(state))
            return self._ask(chosen, "train", "The most typical items, to begin with.", state)
        classes = np.asarray([known[one] for one in items.tolist()], dtype=np.int64)
        model = fit(self.space, items, classes, self.n_classes, self.settings.seed)
        doubts = self._doubts(model.gaps[pool], known, state)
        batch = min(self._batch(len(items)), len(pool))
        state = {**state, "history": [*state["history"], [len(items), float(doubts.mean())]]}
        expected = stopping.plan(doubts, rule)
        hopeful = expected.leave < len(pool) and len(items) >= self._first()
        if hopeful and not stopping.better_later(state["history"], doubts, rule, batch):
            return self._freeze(model, pool, doubts, expected.leave, known, state)
        chosen = self.strategy.choose(Situation(self.space, pool, items, model), batch, self._stream(state))
        why = f"The items that the model is least sure of; it expects {doubts.mean():.1%} errors among the rest."
        sure = dict(zip(pool.tolist(), (1.0 - doubts).tolist(), strict=True))
        foreseen = [[one, float(model.gaps[one]), int(model.classes[one]), len(items)] for one in chosen]
        state = {**state, "record": [*state["record"], *foreseen]}
        return self._ask(
            chosen, "train", why, state, {one: (int(model.classes[one]), sure[one]) for one in chosen}
        )

    def _doubts(self, gaps: Floats, known: dict[int, int], state: State) -> Floats:
        return doubts_of(gaps, state["record"], known, len(known))

    def _first(self) -> int:
        return max(2 * self.n_classes, 20)

    def _batch(self, labelled: int) -> int:
        return self.settings.batch or int(np.clip(labelled // 7, 10, max(10, len(self.items) // 25)))

    # The audit

    def _freeze(
        self, model: Model, pool: Ints, doubts: Floats, leave: int, known: dict[int, int], state: State
    ) -> tuple[Ask | Finish, State]:
        """From here the model's labels are fixed; the audit is drawn after this. The `leave` most doubtful stay humans'."""
        kept = np.sort(np.argsort(-doubts, kind="stable")[leave:])
        begun = frozen(model, pool[kept], doubts[kept], len(known))
        state = {**state, "commits": state["commits"] + 1, "audit": begun}
        return self._draw(Audit(begun, known), self._rule(state["commits"]), state)

    def _audit(self, known: dict[int, int], state: State) -> tuple[Ask | Finish, State]:
        """What the answers to an audit lead to."""
        audit, rule = Audit(state["audit"], known), self._rule(state["commits"])
        if len(audit.rest):
            reached = audit.wealth.log(rule.allowed(len(audit.rest)) + 1 + audit.wealth.found)
            if reached >= rule.need:
                return self._certify(audit, rule, known, state)
            believed = audit.doubts()
            further = stopping.plan(believed, replace(rule, need=rule.need - reached))
            # Or rather go on learning, and audit the better model, at the smaller delta of a later audit?
            history = [*state["history"][:-1], [len(known), float(believed.mean())]]
            again = stopping.outlook(
                history, believed, self._rule(state["commits"] + 1), self._batch(len(known))
            )
            if further.cost <= again and further.leave < len(audit.rest):
                if further.leave == 0:
                    return self._draw(audit, rule, state)
                chosen = audit.rest[np.argsort(-believed, kind="stable")[: further.leave]].tolist()
                events = [*audit.events, *([one] for one in chosen)]
                state = {**state, "audit": {**state["audit"], "events": events}}
                return self._ask(
                    chosen, "train", "The model is too unsure of these to be trusted with them.", state
                )
        # Given up: its labels are as good to learn from as others, and say how well the model foresaw them.
        state = {name: value for name, value in state.items() if name != "audit"}
        return self._learn(known, {**state, "record": [*state["record"], *audit.record()]})

    def _draw(self, audit: Audit, rule: stopping.Rule, state: State) -> tuple[Ask | Finish, State]:
        """As many items as prove the bound if all of them are right: with fewer there is nothing to be decided."""
        allowed = rule.allowed(len(audit.rest)) + 1
        bet = design(audit.doubts(), allowed)
        stream = np.random.default_rng([self.settings.seed, 2, state["commits"], len(audit.events)])
        drawn = audit.draws(bet, stream)
        count = until(drawn, audit.wealth, allowed + audit.wealth.found, rule.need)
        taken = [[one.item, one.weight, one.chance, one.total] for one in drawn[:count]]
        state = {**state, "audit": {**state["audit"], "events": [*audit.events, *taken]}}
        why = f"An audit, drawn by lot: if the machine is right about these, it may label {len(drawn) - count:,} items."
        # In the order of the manifest: the order of the draw would say which items the model doubts.
        return self._ask(sorted(one.item for one in drawn[:count]), "audit", why, state)

    def _certify(
        self, audit: Audit, rule: stopping.Rule, known: dict[int, int], state: State
    ) -> tuple[Finish, State]:
        wealth, rest = audit.wealth, audit.rest.tolist()
        remaining = wealth.bound(float(np.exp(-rule.need)), len(audit.population)) - wealth.found
        of = rule.total if rule.scope == "dataset" else len(rest)
        sure = audit.confidences()
        predictions = {
            item: (audit.classes[item], one) for item, one in zip(rest, sure.tolist(), strict=True)
        }
        certificate = Certificate(
            "betting-wor", self.settings.epsilon, self.settings.delta, rule.scope, float(sure.min()), wealth.drawn,
            wealth.drawn_wrong, min(remaining, len(rest)) / of, len(audit.population), rule.total, len(rest),
            state["commits"],
        )  # fmt: skip
        return Finish(predictions, certificate, self._rest(known, predictions), certificate.words()), state

    # Small things

    def _rule(self, commit: int) -> stopping.Rule:
        delta = self.settings.delta * (1 - _LATER) * _LATER ** (commit - 1)
        return stopping.Rule(
            self.settings.epsilon, self.settings.scope, len(self.items), float(-np.log(delta))
        )

    def _stream(self, state: State) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, 1, len(state["asked"])])

    def _checked(self, labels: Mapping[int, int]) -> dict[int, int]:
        inside = set(self.items.tolist())
        known = {int(item): int(one) for item, one in labels.items() if int(item) in inside}
        for item, one in known.items():
            if not 0 <= one < self.n_classes:
                raise ValueError(f"The label of item {item} is {one}; classes are 0 to {self.n_classes - 1}.")
        return known

    def _pool(self, known: dict[int, int], state: State) -> Ints:
        """Items without a label that may be asked: not excluded, not asked in vain before."""
        gone = np.asarray([*known, *state["asked"]], dtype=np.int64)
        return np.setdiff1d(self.items, gone)

    def _rest(self, known: dict[int, int], predictions: Mapping[int, Any]) -> list[int]:
        return [item for item in self.items.tolist() if item not in known and item not in predictions]

    def _ask(
        self, chosen: list[int], purpose: Literal["train", "audit"], why: str, state: State,
        guesses: Mapping[int, tuple[int, float]] = {},
    ) -> tuple[Ask, State]:  # fmt: skip
        state = {**state, "asked": [*state["asked"], *chosen]}
        sure = {one: confidence for one, (_, confidence) in guesses.items()}
        return Ask(chosen, purpose, why, sure, {one: guess for one, (guess, _) in guesses.items()}), state
