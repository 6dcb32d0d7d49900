"""Simulated annotators for a labeling job: they work as a canvas does, by the same sessions, in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clary.sdk.api import engine
from clary.sdk.errors import ClaryError

if TYPE_CHECKING:
    from clary.labeling.simulation import Simulated

Annotators = int | Mapping[str, float | Mapping[str, Any]] | Sequence[Any]


def simulate(
    job: str, annotators: Annotators, truth: Any, *, accuracy: float, seed: int, timeout: float
) -> dict[str, int]:
    """Let simulated people label until nothing is left for them; returns how many answers each gave.

    Arguments as of :meth:`clary.LabelingJob.simulate`. Raises TimeoutError, ValueError, TypeError, ClaryError.
    """
    from clary.labeling.simulation import SimulationError, run
    from clary.labeling.work import WorkError

    people = _people(annotators, _known(truth), accuracy, seed)
    here = engine()
    try:
        return run(here.home, here.runner, here.store, job, people, timeout_s=timeout)
    except SimulationError as error:
        if "right answer" in str(error):
            raise ValueError(f"{error} Give truth an answer for it.") from None
        raise TimeoutError(str(error)) from None
    except WorkError as error:
        raise ClaryError("ResourceNotFound", str(error)) from None


def _known(truth: Any) -> Any:
    """The right answers as `Simulated` takes them: a mapping, or a function of the item."""
    if truth is None:
        raise ValueError(
            "Simulated people must know what is right: give truth, a list of answers in the data's order, a dict from text, "
            "file name or number to answer, or a function of the item."
        )
    if callable(truth) or isinstance(truth, Mapping):
        return truth
    if isinstance(truth, str) or not hasattr(truth, "__len__"):
        raise TypeError(f"truth is a list, a dict or a function, not {type(truth).__name__}.")
    return dict(enumerate(truth.tolist() if hasattr(truth, "tolist") else truth))


def _people(annotators: Annotators, truth: Any, accuracy: float, seed: int) -> list[Simulated]:
    from clary.labeling.simulation import Simulated

    if isinstance(annotators, int):
        if annotators < 1:
            raise ValueError(f"annotators is how many there are, at least 1; not {annotators}.")
        annotators = {f"simulated-{number}": accuracy for number in range(1, annotators + 1)}
    if isinstance(annotators, Mapping):
        return [
            Simulated(name, truth, seed=seed, **({"accuracy": one} if not isinstance(one, Mapping) else one))
            for name, one in annotators.items()
        ]
    return [
        one if isinstance(one, Simulated) else Simulated(str(one), truth, accuracy=accuracy, seed=seed)
        for one in annotators
    ]
