"""Pairs of things that two people marked: the closest first, each used once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Likeness = Callable[[Mapping[str, Any], Mapping[str, Any]], float]


def pairs(
    ones: Sequence[Mapping[str, Any]],
    others: Sequence[Mapping[str, Any]],
    likeness: Likeness,
    least: float = 0.0,
    same_label: bool = True,
) -> list[tuple[int, int, float]]:
    """(index in `ones`, index in `others`, likeness) of matched pairs that are more alike than `least`, greedily.

    Greedy is what COCO's evaluation does; the best assignment differs from it only where things crowd.
    """
    near = [
        (likeness(one, other), i, j)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
        if not same_label or one["label"] == other["label"]
    ]
    near.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    found: list[tuple[int, int, float]] = []
    left: set[int] = set()
    right: set[int] = set()
    for value, i, j in near:
        if value <= least:
            break
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            found.append((i, j, value))
    return found


def overlap(
    ones: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], likeness: Likeness
) -> float:
    """How far two sets of marks are the same, 0..1: the likeness of matched ones summed, over the number of different ones."""
    if not ones and not others:
        return 1.0
    if ones == others:
        return 1.0
    matched = pairs(ones, others, likeness)
    return sum(one[2] for one in matched) / (len(ones) + len(others) - len(matched))
