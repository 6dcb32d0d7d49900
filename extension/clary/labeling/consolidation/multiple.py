"""Sets of labels from the sets that several people chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clary.labeling.task_type import Vote


@dataclass(frozen=True)
class Chosen:
    """`confidences`: of everything that anybody chose, in the labels' order; `holding`: the labels of 0.5 or more; `confidence`:
    that of the whole set, the least of its decisions' confidences."""

    holding: list[str]
    confidence: float
    confidences: dict[str, float]


def consolidate(
    votes: Mapping[int, Sequence[Vote]], names: Sequence[str], gold: Mapping[int, frozenset[str]], alone: bool = False
) -> dict[int, Chosen]:  # fmt: skip
    """What holds of every object that has votes and is not gold. `alone`: confidences are 0, and all that was chosen holds."""
    found = {}
    for number, given in votes.items():
        if not given or number in gold:
            continue
        counted = Counter(name for vote in given for name in vote.answer["labels"])
        shares = {name: counted[name] / len(given) for name in names if counted[name]}
        if alone:
            found[number] = Chosen(list(shares), 0.0, dict.fromkeys(shares, 0.0))
            continue
        sure = min((max(one, 1 - one) for one in shares.values()), default=1.0)
        found[number] = Chosen([name for name, one in shares.items() if one >= 0.5], sure, shares)
    return found
