"""Twenty people at once, and a server that is killed under them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.benchmarks import portal_load

from clary.api.engine import Engine
from clary.home import Home

OBJECTS, ANNOTATORS = 1000, 20


@pytest.mark.slow
def test_no_answer_is_lost_or_doubled_when_the_server_is_killed_three_times(home: Home) -> None:
    secrets = portal_load.prepare(home, OBJECTS, ANNOTATORS)
    outcome = portal_load.run(home, secrets, kill_at=(200, 450, 700))
    portal_load.check(outcome, OBJECTS)
    assert sum(one.repeated for one in outcome.annotators) > 0, "nobody noticed"
    found = portal_load.wait(Engine(home), "Completed")
    assert found["LabelCounters"]["HumanLabeled"] == OBJECTS
    lines = Engine(home).objects.read_uri(found["LabelingJobOutput"]["OutputDatasetS3Uri"]).splitlines()
    assert len(lines) == OBJECTS
    assert all(b"kind-metadata" in line for line in lines)
