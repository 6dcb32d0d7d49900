"""Nothing is lost and nothing is doubled, whoever is killed and whenever."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from clary.labeling.work import replay

CROWD = Path(__file__).with_name("crowd.py")


def test_twenty_people_killed_again_and_again_lose_no_answer_and_double_none(job, home, tmp_path):
    work = job(100, workers_per_object=3, task_time_limit_s=0.5)
    acknowledged = tmp_path / "acknowledged"
    acknowledged.touch()
    ran = subprocess.run(
        [sys.executable, str(CROWD), str(home.root), "pets", str(acknowledged)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 10
    votes = work.votes()
    assert {thing: len(cast) for thing, cast in votes.items()} == dict.fromkeys(range(100), 3)
    assert all(len({vote.worker for vote in cast}) == 3 for cast in votes.values())
    given = {(thing, vote.worker): vote.answer["label"] for thing, cast in votes.items() for vote in cast}
    seen = Counter(tuple(line.split()) for line in acknowledged.read_text().splitlines())
    assert max(seen.values()) == 1
    for thing, worker, label in seen:
        assert given[(int(thing), worker)] == label
    assert len(work.events(limit=10_000)) == 300
    assert replay.differences(work.database.read(), 3) == []
    assert work.due() == "finish"
