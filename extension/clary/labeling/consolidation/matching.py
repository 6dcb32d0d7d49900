"""Pairs of things that two people marked: the closest first, each used once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clary.labeling.consolidation.overlaps import Extent, Marks, ranked

Mark = Mapping[str, Any]
Place = Callable[[Mark], Extent]  # where a mark is


def placed(marks: Sequence[Mark], place: Place) -> Marks:
    return Marks([place(one) for one in marks], [str(one["label"]) for one in marks])


def pairs(
    ones: Sequence[Mark], others: Sequence[Mark], place: Place, least: float = 0.0, same_label: bool = True
) -> list[tuple[int, int, float]]:
    """(index in `ones`, index in `others`, likeness) of matched pairs that are more alike than `least`, greedily.

    Greedy is what COCO's evaluation does; the best assignment differs from it only where things crowd.
    """
    found: list[tuple[int, int, float]] = []
    left: set[int] = set()
    right: set[int] = set()
    for value, i, j in ranked(placed(ones, place), placed(others, place), least):
        if value <= least or len(found) == min(len(ones), len(others)):
            break
        if i in left or j in right or (same_label and ones[i]["label"] != others[j]["label"]):
            continue
        left.add(i)
        right.add(j)
        found.append((i, j, value))
    return found


def overlap(ones: Sequence[Mark], others: Sequence[Mark], place: Place) -> float:
    """How far two sets of marks are the same, 0..1: the likeness of matched ones summed, over the number of different ones."""
    if not ones and not others:
        return 1.0
    if ones == others:
        return 1.0
    matched = pairs(ones, others, place)
    return sum(one[2] for one in matched) / (len(ones) + len(others) - len(matched))
