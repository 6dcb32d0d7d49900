"""Automatic labels of classification jobs: a model that learns from people's labels, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.labeling.steps import vectors
from clary.labeling.steps.advance import Move

if TYPE_CHECKING:
    from clary.labeling.steps.entry import Context


def weigh(context: Context) -> Move:
    """What `AutoLabeler` makes of the labels so far."""
    from clary.labeling.active.rounds import Ask, AutoLabeler, Settings

    work = context.work
    automatic = work.settings.automatic
    assert automatic is not None
    names = [label.name for label in work.settings.labels]
    labels, excluded = _labels(context, names)
    settings = Settings(automatic.epsilon, automatic.delta, automatic.scope, automatic.seed)
    labeler = AutoLabeler(vectors.of(context), len(names), settings, excluded)
    outcome, state = labeler.step(labels, work.fact("automatic", {}))
    if isinstance(outcome, Ask):
        guesses = {
            thing: ({"label": names[guess]}, outcome.confidences.get(thing, 0.0))
            for thing, guess in outcome.suggestions.items()
        }
        return Move(outcome.indices, outcome.purpose, outcome.why, state, guesses)
    machine = {thing: ({"label": names[guess]}, sure) for thing, (guess, sure) in outcome.predictions.items()}
    proof = outcome.certificate
    return Move(
        outcome.rest,
        "rest",
        outcome.why,
        state,
        machine=machine,
        certificate=proof.to_metadata() if proof is not None else None,
        words=proof.words() if proof is not None else "",
        last=True,
    )


def _labels(context: Context, names: list[str]) -> tuple[dict[int, int], list[int]]:
    """Every object's class as people see it, of this job and of earlier ones; and the objects that cannot be labelled at all."""
    work = context.work
    position = {name: number for number, name in enumerate(names)}
    found: dict[int, int] = {}
    excluded: list[int] = []
    states, batches = work.states(), work.batch_of()
    earlier: dict[int, Any] = work.known("earlier")
    for thing, state in states.items():
        if state == "chained":
            known = earlier.get(thing)
            name = known[0].get("label") if known is not None else None
            if name in position:
                found[thing] = position[name]
            else:
                excluded.append(thing)
        elif state == "failed" and thing not in batches:
            excluded.append(thing)  # never shown; one that people could not answer is seen to by the labeler
    for thing, verdict in work.verdicts().items():
        if states[thing] == "labeled" and verdict.answer["label"] in position:
            found[thing] = position[verdict.answer["label"]]
    return found, excluded
