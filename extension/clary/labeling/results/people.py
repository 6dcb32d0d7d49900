"""The annotators: how much they did, how fast, and how right."""

from __future__ import annotations

import statistics
from typing import Any

from clary.labeling.agreement import Figure
from clary.labeling.results.look import Look


def annotators(look: Look) -> list[dict[str, Any]]:
    """[{name, answers, median_seconds, items_per_hour, agreement, agreement_low, agreement_high, gold}], the busiest first."""
    answers: dict[str, int] = {}
    seconds: dict[str, list[float]] = {}
    for votes in look.votes.values():
        for vote in votes:
            answers[vote.worker] = answers.get(vote.worker, 0) + 1
            if vote.seconds > 0:
                seconds.setdefault(vote.worker, []).append(vote.seconds)
    for name in look.gold:
        answers.setdefault(name, 0)
    figures = {one.name: one.figure for one in look.agreement.by_worker}
    found = []
    for name in sorted(answers, key=lambda one: (-answers[one], one)):
        pace = statistics.median(seconds[name]) if name in seconds else None
        with_others = figures.get(name, Figure())
        gold = look.gold.get(name)
        found.append(
            {
                "name": name,
                "answers": answers[name],
                "median_seconds": None if pace is None else round(pace, 2),
                "items_per_hour": None if pace is None else round(3600 / pace, 1),
                "agreement": with_others.value,
                "agreement_low": with_others.low,
                "agreement_high": with_others.high,
                "gold": None if gold is None else {"right": gold[0], "of": gold[1]},
            }
        )
    return found
