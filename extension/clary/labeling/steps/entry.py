"""The process of a step: does what is due, and what is due then, until there is nothing."""

from __future__ import annotations

import errno
import sqlite3
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clary.config import Config
from clary.home import Home
from clary.labeling.steps import outcome
from clary.labeling.steps.outcome import StepFailed
from clary.labeling.work import Work, WorkError
from clary.labeling.work.course import ENDED, Due, due, last_event
from clary.labeling.work.database import get, put
from clary.objects import Objects, ObjectsError
from clary.objects.errors import NoSpace
from clary.runner.attempt import Lock
from clary.runner.child import load_spec
from clary.store import Store

# A step that does the same thing again and again has a fault; it must not go on for ever.
_MOST_ROUNDS = 10_000
_RETRY_S = 30.0
_LINGER_S = 60.0
_LOOK_EVERY_S = 0.03
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Context:
    """What the parts of a step work with."""

    home: Home
    config: Config
    store: Store
    objects: Objects
    work: Work


def main(attempt_dir: Path) -> int:
    """Run one step; returns the exit code. The payload of the spec names the labeling job."""
    payload = load_spec(attempt_dir).payload
    home = Home.locate()
    try:
        work = Work.open(home, payload["job"])
    except WorkError as error:
        print(f"[clary] {error}", flush=True)
        return 0
    store = Store(home)
    context = Context(home, Config.load(home), store, Objects(home), work)
    lock = _turn(work.folder / "step.lock")
    if lock is None:
        print("[clary] Another step is at work, and does not end.", flush=True)
        return 1
    try:
        run(context, int(payload["step"]), _LINGER_S)
    except NoSpace as error:
        _later(context, str(error))
    except StepFailed as error:
        _failed(context, str(error))
    except ObjectsError as error:
        _failed(context, f"ClientError: {error}")
    except Exception as error:
        traceback.print_exc()
        if _is_full(error):
            _later(context, str(error))
        else:
            _failed(context, f"InternalServerError: {type(error).__name__}: {error}")
    finally:
        lock.release()
    return 0


def run(context: Context, number: int, linger_s: float = 0.0) -> None:
    """Do all that is due. Raises StepFailed when the job cannot go on.

    `linger_s`: how long after the last event a step that learns stays for what is due next: to come anew, with everything that
    it imports, would take longer than what it does, and people wait.
    """
    work = context.work
    for _ in range(_MOST_ROUNDS):
        _linger(context, linger_s)
        with work.transaction() as db:
            what = due(db, work.settings)
            if what is None:
                _cross_off(context, number)
                break
        began = time.perf_counter()
        _part(what)(context)
        print(f"[clary] {what}: {time.perf_counter() - began:.2f} s", flush=True)
        outcome.show(context.store, work)
    outcome.show(context.store, work)


def _linger(context: Context, patience_s: float) -> None:
    """Return when something is due, or nothing has happened for so long, or the job does not learn."""
    work = context.work
    db = work.database.read()
    if not patience_s or work.settings.automatic is None:
        return
    seen, since = last_event(db), time.monotonic()
    while due(db, work.settings) is None and time.monotonic() < since + patience_s:
        if get(db, "status") in ENDED or get(db, "automatic_done", False) or not work.database.path.exists():
            return
        time.sleep(_LOOK_EVERY_S)
        if last_event(db) != seen:
            seen, since = last_event(db), time.monotonic()


def _part(what: Due) -> Callable[[Context], None]:
    from importlib import import_module

    module = import_module(f"clary.labeling.steps.{what}")
    function: Callable[[Context], None] = getattr(module, what)
    return function


def _cross_off(context: Context, number: int) -> None:
    with context.work.transaction() as db:
        step = get(db, "step")
        if step is not None and step["n"] == number:
            put(db, "step", None)
        put(db, "crashes", {})


def _turn(path: Path) -> Lock | None:
    """The right to work on the job; the step before may still be on its way out."""
    deadline = time.monotonic() + _PATIENCE_S
    while (lock := Lock.take(path)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return lock


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)


def _later(context: Context, reason: str) -> None:
    """What people did must not be given up for a full disk: the step is done again when there may be space."""
    print(f"[clary] {reason} It will be tried again.", flush=True)
    context.work.set(step=None, retry_at=time.time() + _RETRY_S)


def _failed(context: Context, reason: str) -> None:
    print(f"[clary] {reason}", flush=True)
    outcome.fail(context.store, context.work, reason)
    _cross_off(context, context.work.fact("steps", 0))
