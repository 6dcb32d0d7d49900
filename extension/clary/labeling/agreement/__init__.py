"""How far people agree: Krippendorff's alpha, kappas, mean likeness, with intervals; per object, class and person.

`measure` is the way in; `coefficients` and `bootstrap` work on arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.labeling.agreement.figures import Agreement, Figure, OfClass, OfWorker
from clary.labeling.agreement.marks import likeness
from clary.labeling.settings import JobSettings
from clary.labeling.task_type import Vote


def measure(votes: Mapping[int, Sequence[Vote]], settings: JobSettings, seed: int = 0) -> Agreement:
    """The agreement of a job's answers: `votes`, object by object. Intervals are 95 %, seeded."""
    from clary.labeling.agreement.labels import of_labels, of_sets
    from clary.labeling.agreement.marks import of_marks
    from clary.labeling.tasks import of

    votes = {number: given for number, given in votes.items() if given}
    if not votes:
        return Agreement()
    names = [one.name for one in settings.labels]
    sample = next(iter(votes.values()))[0].answer
    if "label" in sample:
        return of_labels(votes, names, seed)
    if "labels" in sample:
        return of_sets(votes, names, seed)
    return of_marks(votes, of(settings), names, seed)


__all__ = ["Agreement", "Figure", "OfClass", "OfWorker", "likeness", "measure"]
