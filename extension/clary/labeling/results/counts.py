"""How often each label was given, and how sure the labels are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from clary.labeling.results.look import Look

_BINS = 20


def classes(look: Look) -> list[dict[str, Any]]:
    """[{label, human, machine, share}] in the order of the job's labels; boxes and entities count each by itself."""
    human: Counter[str] = Counter()
    machine: Counter[str] = Counter()
    for thing, verdict in look.verdicts.items():
        (machine if thing in look.machine else human).update(look.labels_in(verdict.answer))
    for answer in look.chained.values():
        human.update(look.labels_in(answer))
    total = human.total() + machine.total()
    # An adjusted or chained label may have a class that the job does not know.
    names = [*look.labels, *sorted(name for name in {*human, *machine} if name not in look.labels)]
    return [
        {
            "label": name,
            "human": human[name],
            "machine": machine[name],
            "share": (human[name] + machine[name]) / total if total else 0.0,
        }
        for name in names
    ]


def confidence(look: Look) -> dict[str, Any] | None:
    """{edges, human, machine}: how many objects have a confidence between two edges (the last bin has its upper edge, too).

    A person alone has 0.00 on Ground Truth, which tells nothing: None where there is nothing else."""
    alone = look.settings.workers_per_object == 1
    human, machine = [0] * _BINS, [0] * _BINS
    for thing, verdict in look.verdicts.items():
        by_machine = thing in look.machine
        if by_machine or not (alone or verdict.confidence == 0.0):
            place = min(_BINS - 1, max(0, int(verdict.confidence * _BINS + 1e-9)))
            (machine if by_machine else human)[place] += 1
    if not any(human) and not any(machine):
        return None
    edges = [round(place / _BINS, 4) for place in range(_BINS + 1)]
    return {"edges": edges, "human": human, "machine": machine}
