"""Supervised jobs: a queue, slots, and one small shim per attempt; nothing here needs a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.runner.kinds import Finish, JobKind, Outcome
    from clary.runner.pump import Pump
    from clary.runner.runner import Runner, RunnerError
    from clary.runner.spec import JobSpec, Resources

_HOMES = {
    "Finish": "kinds",
    "JobKind": "kinds",
    "JobSpec": "spec",
    "Outcome": "kinds",
    "Pump": "pump",
    "Resources": "spec",
    "Runner": "runner",
    "RunnerError": "runner",
}

__all__ = ["Finish", "JobKind", "JobSpec", "Outcome", "Pump", "Resources", "Runner", "RunnerError"]


if not TYPE_CHECKING:

    def __getattr__(name):
        """Load what is asked for; a job's own process needs next to nothing of this."""
        if name in _HOMES:
            import importlib

            return getattr(importlib.import_module(f"clary.runner.{_HOMES[name]}"), name)
        raise AttributeError(f"module 'clary.runner' has no attribute {name!r}")
