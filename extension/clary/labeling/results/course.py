"""How the job went: its batches, and the labels over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.labeling.results.look import Look

if TYPE_CHECKING:
    from clary.labeling.work import Work

_POINTS = 200


def rounds(work: Work, look: Look) -> list[dict[str, Any]]:
    """[{batch, purpose, size, accuracy, opened, closed, why}]; accuracy: how much of the batch the model had right before people
    told, None where it had not guessed."""
    return [
        {
            "batch": one.id,
            "purpose": one.purpose,
            "size": one.size,
            "accuracy": one.facts.get("accuracy"),
            "opened": one.opened,
            "closed": one.closed,
            "why": one.facts.get("why", ""),
        }
        for one in work.batches()
    ]


def progress(work: Work, look: Look) -> list[dict[str, Any]]:
    """[{time, labeled}]: seconds since the epoch, labelled objects until then; at most a few hundred points.

    An object is labelled with the last of its answers; what the machine labelled came at once."""
    human = look.verdicts.keys() - look.machine
    times = sorted(max(vote.time for vote in look.votes[thing]) for thing in human if thing in look.votes)
    if not times:
        return []
    step = max(1, len(times) // _POINTS)
    points = [
        {"time": times[place - 1], "labeled": place} for place in {*range(step, len(times), step), len(times)}
    ]
    points.sort(key=lambda point: point["labeled"])
    points.insert(0, {"time": times[0], "labeled": 0})
    if look.machine:
        moment = float(work.fact("automatic_time", 0.0)) or times[-1]
        before = sum(time <= moment for time in times)
        machine = len(look.machine)
        points = [
            *[point for point in points if point["time"] <= moment],
            {"time": moment, "labeled": before + machine},
            *[{**point, "labeled": point["labeled"] + machine} for point in points if point["time"] > moment],
        ]
    return points
