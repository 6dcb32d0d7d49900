"""The log is the truth: whatever people do, in whatever order, the tables are what a replay of it gives."""

from __future__ import annotations

import os
import shutil
import tempfile

from conftest_of_work import Person, make
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.home import Home
from clary.labeling.session import SessionError
from clary.labeling.work import replay, work

WORKERS = 2
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
ACTIONS = [
    "next",
    "answer",
    "answer",
    "skip",
    "undo",
    "redo",
    "flag",
    "unflag",
    "revise",
    "review",
    "wait",
    "grid",
    "release",
]
NAMES = ["anna", "ben", "cleo"]
deeds = st.tuples(
    st.sampled_from(NAMES), st.sampled_from(ACTIONS), st.integers(0, 3), st.sampled_from(["cat", "dog"])
)


class Clock:
    """The time that a job goes by, ours to move."""

    def __init__(self) -> None:
        self.now = 1e9

    def time(self) -> float:
        self.now += 0.001
        return self.now


def do(person: Person, action: str, thing: int, label: str, clock: Clock) -> None:
    if action == "next":
        person.next(2)
    elif action == "wait":
        clock.now += 3000
    elif action == "answer":
        person.answer((person.next() or [thing])[0], label)
    elif action == "revise":
        person.answer(thing, label, revise=True)
    elif action == "grid":
        items = [
            {"object": one, "answer": {"label": label}, "nonce": f"{clock.time()}"} for one in person.next(3)
        ]
        person.call("acts", items=items)
    elif action == "review":
        person.act("review", thing, answer={"label": label})
    else:
        person.act(action, thing)


@settings(max_examples=60, deadline=None)
@given(st.lists(deeds, max_size=60))
def test_replaying_the_events_gives_the_tables(actions):
    clock, real = Clock(), work.time
    folder = tempfile.mkdtemp(prefix="clary-", dir=MEMORY)
    work.time = clock
    try:
        home = Home.locate(folder)
        job = make(home, 4, workers_per_object=WORKERS, task_time_limit_s=5000)
        people = {name: Person(home, name, owner=True) for name in NAMES}
        for name, action, thing, label in actions:
            try:
                do(people[name], action, thing, label, clock)
            except SessionError:
                pass
            db = job.database.read()
            assert replay.differences(db, WORKERS) == []
            over = db.execute("SELECT id FROM objects WHERE votes + held > ?", (WORKERS,)).fetchall()
            assert over == []
            progress = people[name].session._progress()
            assert progress["left"] >= 0
            assert progress["labeled"] + progress["failed"] <= progress["total"] == 4
    finally:
        work.time = real
        job.close()
        shutil.rmtree(folder)
