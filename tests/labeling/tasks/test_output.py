"""The output folder, as Ground Truth lays it out, on real buckets and folders."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.labeling.tasks.examples import settings

from clary.home import Home
from clary.labeling import tasks
from clary.labeling.output import Output, date, instant, stamp
from clary.labeling.task_type import DataObject, Verdict, Vote
from clary.objects import Objects

WHEN = 1_555_605_659.217995
MASK = {"width": 4, "height": 1, "runs": [[0, 2], [1, 2]]}


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    found = Objects(Home.locate(tmp_path / "home"))
    found.create_bucket("bucket")
    return found


def test_times_are_written_as_aws_writes_them() -> None:
    assert date(WHEN) == "2019-04-18T16:40:59.217995"
    assert date(5.0) == "1970-01-01T00:00:05.000000"
    assert instant(WHEN) == "2019-04-18T16:40:59.217Z"
    assert stamp(WHEN) == "2019-04-18_16:40:59"


@pytest.mark.parametrize("where", ["s3", "file"])
def test_a_job_leaves_what_ground_truth_leaves(objects: Objects, tmp_path: Path, where: str) -> None:
    base = "s3://bucket/out/" if where == "s3" else f"file://{tmp_path}/out"
    job = settings("semantic-segmentation", "road", "house", attribute="streets-ref", output_uri=base)
    task = tasks.of(job)
    output = Output(objects, job, task)
    raw = [b'{"source-ref": "s3://b/%d.png", "id": %d}' % (n, n) for n in range(3)]
    things = {n: DataObject(n, json.loads(raw[n]), 4, 1) for n in range(3)}
    votes = {1: [Vote("anna", MASK, WHEN, 40.543, WHEN - 50), Vote("ben", MASK, WHEN - 9)]}
    label = output.label(Verdict(MASK, 0.9), things[1], WHEN)
    assert output.label(Verdict(MASK, 0.9), things[1], WHEN, write=False) == label
    uri = output.write_manifest([raw[0], output.line(raw[1], label), raw[2]])
    root = f"{base.rstrip('/')}/a-job"
    assert uri == output.manifest_uri == f"{root}/manifests/output/output.manifest"

    lines = objects.read_uri(uri).splitlines()
    assert [lines[0], lines[2]] == [raw[0], raw[2]]
    written = json.loads(lines[1])
    assert lines[1].startswith(raw[1][:-1])
    assert (
        written["streets-ref"]
        == f"{root}/annotations/consolidated-annotation/output/1_2019-04-18T16:40:59.217995.png"
    )
    metadata = written["streets-ref-metadata"]
    assert metadata["job-name"] == "labeling-job/a-job"
    assert metadata["creation-date"] == "2019-04-18T16:40:59.217995"
    assert metadata["human-annotated"] == "yes"
    file = objects.read_uri(written["streets-ref"])
    assert task.read(written["streets-ref"], metadata, things[1], job, file) == MASK

    assert output.write_responses(1, votes, things) == 1
    assert output.write_responses(1, votes, things) == 0  # they are there
    place = f"{root}/annotations/worker-response/iteration-1/1/2019-04-18_16:40:59.json"
    answers = json.loads(objects.read_uri(place))["answers"]
    assert answers[0]["submissionTime"] == "2019-04-18T16:40:59.217Z"
    assert answers[0]["timeSpentInSeconds"] == 40.543
    assert answers[0]["workerId"] == "anna"
    assert answers[0]["acceptanceTime"] == "2019-04-18T16:40:09.217Z"
    assert set(answers[1]) == {"answerContent", "submissionTime", "workerId", "workerMetadata"}
    assert "annotatedResult" in answers[1]["answerContent"]

    request, response = output.write_consolidated(1, WHEN, votes, things, {1: label})
    asked = json.loads(objects.read_uri(request))
    assert asked[0]["datasetObjectId"] == "1"
    assert asked[0]["dataObject"] == {"s3Uri": "s3://b/1.png"}
    assert "annotatedResult" in json.loads(asked[0]["annotations"][0]["annotationData"]["content"])
    said = json.loads(objects.read_uri(response))
    assert said[0]["consolidatedAnnotation"]["content"]["streets-ref"] == written["streets-ref"]
    assert response.endswith("/consolidation-response/iteration-1/2019-04-18_16:40:59.json")
    assert output.write_intermediate(1, raw).endswith("/annotations/intermediate/1/output.manifest")
    assert (
        output.write_other("training", "round-1/metrics.json", b"{}")
        == f"{root}/training/round-1/metrics.json"
    )


def test_a_label_of_the_machine_says_so_and_shows_its_certificate(objects: Objects) -> None:
    job = settings("image-classification", attribute="pets")
    output = Output(objects, job, tasks.of(job))
    thing = DataObject(0, {"source-ref": "s3://b/0.png"})
    label = output.label(
        Verdict({"label": "dog"}, 0.993), thing, WHEN, human=False, more={"certificate": {"epsilon": 0.05}}
    )
    assert label.value == 1
    assert label.metadata["human-annotated"] == "no"
    assert label.metadata["certificate"] == {"epsilon": 0.05}
    assert label.metadata["confidence"] == 0.993


def test_a_manifest_of_a_hundred_thousand_lines_is_written_in_a_moment(objects: Objects) -> None:
    job = settings("image-classification", attribute="pets")
    output, thing = Output(objects, job, tasks.of(job)), DataObject(0, {})
    raw = b'{"source-ref":"s3://b/images/0.jpg"}'
    begun = time.process_time()
    lines = (
        output.line(raw, output.label(Verdict({"label": "dog"}, 0.9), thing, WHEN)) for _ in range(100_000)
    )
    output.write_manifest(lines)
    assert time.process_time() - begun < 5
