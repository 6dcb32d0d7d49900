"""Where jobs run. A backend starts the shim of an attempt somewhere, and can tell whether it lives."""

from __future__ import annotations

from abc import ABC, abstractmethod

from clary.config import Config
from clary.home import Home
from clary.runner.attempt import Attempt, Lock
from clary.runner.spec import JobSpec, Resources


class LaunchError(Exception):
    """An attempt could not be started here and now; the text says why. It will be tried again."""


class Backend(ABC):
    """All truth is in the store and in the attempt's folder; a backend keeps none of its own."""

    def __init__(self, home: Home, config: Config) -> None:
        self.home = home
        self.config = config

    @abstractmethod
    def capacity(self) -> Resources:
        """All that jobs may occupy together. Called by the scheduler, in its transaction: must be quick."""

    @abstractmethod
    def launch(self, attempt: Attempt, spec: JobSpec, lock: Lock) -> None:
        """Start the shim. Called by the scheduler after it has claimed the job and written ``spec.json``,
        with the attempt's lock held; the lock must pass to the shim, or be released. Raises LaunchError or
        OSError."""

    @abstractmethod
    def abandoned(self, attempt: Attempt) -> Lock | None:
        """The attempt's lock if no shim has it: the attempt is over, or was lost. None: it is alive. Called
        by `reconcile` for every running job, often: must be quick."""

    @abstractmethod
    def clean(self, attempt: Attempt) -> None:
        """Kill what a lost attempt has left running. Called by `reconcile` with the attempt's lock held."""

    @abstractmethod
    def stop(self, attempt: Attempt) -> None:
        """Ask the shim to stop the job, and return at once. Called by `Runner.stop`, and again by
        `reconcile`."""
