"""What a mirror needs of an MLflow tracking store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# MLflow's own limits of one call.
MOST_METRICS, MOST_PARAMS, MOST_TAGS = 1_000, 100, 100
LONGEST_PARAM, LONGEST_TAG = 6_000, 5_000


class TrackerError(Exception):
    """The tracking store refuses for good; the text says why."""


class Unreachable(TrackerError):
    """It does not answer, or not now: worth trying again."""


@dataclass(frozen=True)
class Metric:
    """One value; `time` in epoch seconds."""

    name: str
    value: float
    time: float
    step: int


@dataclass(frozen=True)
class RunState:
    """As much of a run as must be known: its parameters, and the names of its metrics."""

    params: Mapping[str, str]
    metrics: frozenset[str]


class Tracker(ABC):
    """Calls may take as long as the store takes. All of them raise TrackerError, or Unreachable."""

    @abstractmethod
    def create_run(self, experiment: str, name: str, tags: Mapping[str, str], started: float) -> str:
        """A new run of the experiment of that name (made, if it is not there); returns the run's id."""

    @abstractmethod
    def log(
        self, run_id: str, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        """Add to a run, within the limits of one call."""

    @abstractmethod
    def state(self, run_id: str) -> RunState:
        """What the run has by now, from whomever."""

    @abstractmethod
    def finish(self, run_id: str, status: str, ended: float) -> None:
        """FINISHED, FAILED or KILLED."""

    @abstractmethod
    def delete(self, run_id: str) -> None:
        """Take back a run that was made for nothing."""


def open_tracker(uri: str, variables: Mapping[str, str], timeout_s: float) -> Tracker:
    """The tracker for a tracking URI. Raises TrackerError when what it needs is not installed."""
    if uri.startswith(("http://", "https://")):
        from clary.mirror.rest import RestTracker

        return RestTracker(uri, variables, timeout_s)
    from clary.mirror.library import LibraryTracker

    return LibraryTracker(uri, variables)
