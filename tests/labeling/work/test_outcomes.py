"""What comes of a job: the steps run in this process, one after the other, as the runner would run them."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from types import SimpleNamespace
from typing import Any

import pytest

from clary.config import Config
from clary.labeling.output import Output
from clary.labeling.session import SessionError
from clary.labeling.settings import Gold, Label
from clary.labeling.simulation import Simulated, run
from clary.labeling.steps import entry
from clary.labeling.steps.submitting import stop
from clary.labeling.work import Work
from clary.objects.errors import NoSpace
from clary.runner.runner import Runner


def texts(count: int) -> list[dict[str, Any]]:
    return [{"source": f"text {number}"} for number in range(count)]


BOXES = {"task": "bounding-box", "attribute": "found"}


def test_a_manifest_that_is_no_good_fails_the_job_with_line_and_reason(desk):
    for name, lines, words in (
        ("broken", ['{"source": "a"}', "{broken"], "Line 2"),
        ("neither", [{"text": "a"}], "source"),
        ("long", [{"source": "a" * 100_001}], "100,000"),
        ("wrong", [{"source-ref": "s3://b/k"}], "source"),
        ("empty", [], "nothing to label"),
    ):
        work = desk.job(lines, name=name)
        assert work.status == "Failed"
        assert "ClientError" in desk.reason(name)
        assert words in desk.reason(name)
    work = desk.job([], name="nowhere", input_uri="s3://no-such-bucket/x")
    assert "no-such-bucket" in desk.reason("nowhere")


def test_images_that_cannot_be_shown_fail_alone_and_say_why(desk, person):
    good, cut = desk.picture("good.jpg"), desk.picture("cut.jpg", (400, 300))
    path = desk.folder / "cut.jpg"
    path.write_bytes(path.read_bytes()[:-300])
    png = desk.picture("cut.png", (400, 300))
    (desk.folder / "cut.png").write_bytes((desk.folder / "cut.png").read_bytes()[:-200])
    (desk.folder / "text.jpg").write_text("no image")
    upside = desk.picture(
        "turned.jpg",
        (40, 30),
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
    )
    refs = [good, cut, png, f"file://{desk.folder}/text.jpg", f"file://{desk.folder}/none.jpg", upside]
    work = desk.job([{"source-ref": one} for one in refs], **BOXES)
    states = {row.id: (row.state, row.reason) for row in work.objects()}
    assert [state for state, _ in states.values()] == ["open", "failed", "failed", "failed", "failed", "open"]
    assert "does not exist" in states[4][1]
    assert "cannot be read" in states[3][1]
    assert (work.object(0).width, work.object(0).height) == (40, 30)
    assert (work.object(5).width, work.object(5).height) == (30, 40)
    assert work.counters()["FailedNonRetryableError"] == 4
    anna = person()
    items = anna.call("next", n=5)["items"]
    assert items[0]["source"] == {
        "kind": "image", "width": 40, "height": 30, "type": "image/jpeg",
        "bytes": (desk.folder / "good.jpg").stat().st_size, "name": "good.jpg",
    }  # fmt: skip
    image = anna.call("image", object=0)
    assert image.type == "image/jpeg"
    assert image.data == (desk.folder / "good.jpg").read_bytes()
    from PIL import Image

    small = Image.open(io.BytesIO(anna.call("image", object=5, size=20).data))
    assert small.size == (15, 20)
    with pytest.raises(SessionError, match="not given"):
        person("ben").call("image", object=0)
    for number in (0, 5):
        anna.act(
            "answer",
            number,
            answer={"boxes": [{"label": "cat", "left": 1, "top": 2, "width": 3, "height": 4}]},
        )
    assert desk.step(work) == "Completed"
    lines = desk.lines()
    assert "found" not in lines[1]
    assert lines[5]["found"]["image_size"] == [{"width": 30, "height": 40, "depth": 3}]


def test_a_job_none_of_whose_objects_can_be_shown_has_failed(desk):
    desk.job([{"source-ref": f"file://{desk.folder}/none.png"}], **BOXES)
    assert "None of the 1 data objects" in desk.reason()
    assert "does not exist" in desk.reason()


def test_a_stopped_job_keeps_what_was_labelled_and_leaves_the_rest_as_it_was(desk, person):
    work = desk.job(texts(3), workers_per_object=2)
    anna = person()
    anna.next(3)
    anna.answer(1, "dog")
    runner = Runner(desk.home, Config.load(desk.home), desk.store)
    runner.submit = runner.schedule = lambda *_: None  # type: ignore[method-assign, assignment]
    stop(desk.home, desk.store, runner, "pets")
    assert desk.store.documents.get("labeling-job", "pets").status == "Stopping"
    assert desk.step(work) == "Stopped"
    assert ["pet" in line for line in desk.lines()] == [False, True, False]
    assert work.counters() == {
        "TotalLabeled": 1, "HumanLabeled": 1, "MachineLabeled": 0, "FailedNonRetryableError": 0, "Unlabeled": 2,
    }  # fmt: skip


def test_what_nobody_labelled_in_time_has_failed(desk, person):
    work = desk.job(texts(2), availability_s=1000)
    person().next()
    person().answer(0)
    work.set(opened=time.time() - 1001)
    assert desk.step(work) == "Completed"
    assert work.object(1).state == "failed"
    assert work.object(1).reason.startswith("Nobody labeled it")
    assert "pet" not in desk.lines()[1]
    late = desk.job(texts(1), name="late", availability_s=1000)
    late.set(opened=time.time() - 1001)
    assert desk.step(late) == "Failed"
    assert "expired" in desk.reason("late")


def test_a_chained_job_works_on_what_has_no_label_and_passes_on_the_rest_byte_for_byte(desk, person):
    first = desk.job(texts(2), max_human_labeled=1)
    person().next()
    person().answer(0, "dog")
    assert desk.step(first) == "Stopped"
    uri = Output(desk.objects, first.settings, first.task).manifest_uri
    before = (desk.folder / "out/pets/manifests/output/output.manifest").read_text().splitlines()
    second = desk.job([], name="second", input_uri=uri)
    assert [row.state for row in second.objects()] == ["chained", "open"]
    assert second.known("earlier")[0][0] == {"label": "dog"}
    ben = person("ben", job="second")
    assert ben.call("open")["progress"]["total"] == 1
    assert ben.label_all() == [1]
    assert desk.step(second) == "Completed"
    after = (desk.folder / "out/second/manifests/output/output.manifest").read_text().splitlines()
    assert after[0] == before[0]
    assert json.loads(after[1])["pet-metadata"]["job-name"] == "labeling-job/second"


def test_labels_are_verified_and_adjusted(desk, person):
    boxes = [{"label": "cat", "left": 1, "top": 2, "width": 13, "height": 14}]
    first = desk.job([{"source-ref": desk.picture("a.png")}], **BOXES)
    person().next()
    person().act("answer", 0, answer={"boxes": boxes})
    desk.step(first)
    uri = Output(desk.objects, first.settings, first.task).manifest_uri
    common = {"input_uri": uri, "audit_attribute": "found"}
    members = {"mode": "verify", "attribute": "fine", "labels": (Label("good"), Label("bad"))}
    verify = desk.job([], name="verify", **{**BOXES, **common, **members})
    (item,) = person("ben", job="verify").call("next")["items"]
    assert item["prelabel"] == {"boxes": boxes}
    person("ben", job="verify").act("answer", 0, answer={"label": "bad", "comment": "too wide"})
    assert desk.step(verify) == "Completed"
    assert desk.lines("verify")[0]["fine-metadata"]["worker-feedback"] == [{"comment": "too wide"}]
    adjust = desk.job([], name="adjust", **{**BOXES, **common, "mode": "adjust", "attribute": "better"})
    (item,) = person("ben", job="adjust").call("next")["items"]
    assert item["prelabel"] == {"boxes": boxes}
    person("ben", job="adjust").act("answer", 0, answer={"boxes": [{**boxes[0], "width": 10}]})
    assert desk.step(adjust) == "Completed"
    line = desk.lines("adjust")[0]
    assert line["better-metadata"]["adjustment-status"] == "adjusted"
    assert line["found"] == desk.lines()[0]["found"]
    none = desk.job(texts(1), name="none", mode="adjust", audit_attribute="found", attribute="better")
    assert "no label 'found'" in desk.reason("none")
    assert none.status == "Failed"


def test_gold_items_come_from_their_manifest_and_never_into_the_output(desk, person):
    gold = desk.folder / "gold.manifest"
    gold.write_text("".join(json.dumps({"source": f"gold {n}", "truth": n % 2}) + "\n" for n in range(30)))
    work = desk.job(texts(40), gold=Gold(f"file://{gold}", "truth", 0.4))
    truth = dict.fromkeys(range(40), "cat")  # what gold items are is known to the job
    run(desk.home, None, None, "pets", [Simulated("anna", truth)])
    right, of = work.gold()["anna"]
    assert 5 < right == of
    assert desk.step(work) == "Completed"
    assert [line["source"] for line in desk.lines()] == [f"text {n}" for n in range(40)]
    gold.write_text(json.dumps({"source": "x", "truth": 7}) + "\n")
    desk.job(texts(1), name="wrong", gold=Gold(f"file://{gold}", "truth", 0.4))
    assert "Line 1 of the manifest of gold items" in desk.reason("wrong")
    gold.write_text(json.dumps({"source": "x", "truth": 0, "truth-metadata": {"class-name": "cat "}}) + "\n")
    desk.job(texts(1), name="misspelt", gold=Gold(f"file://{gold}", "truth", 0.4))
    assert "Line 1 of the manifest of gold items" in desk.reason("misspelt")
    assert "'cat ', which is no label of this job" in desk.reason("misspelt")


def test_a_review_after_the_end_is_written_into_the_output(desk, person):
    work = desk.job(texts(2))
    anna, owner = person(), person("me", owner=True)
    anna.next(2)
    anna.act("flag", 1, comment="?")
    anna.answer(0)
    anna.answer(1)
    assert desk.step(work) == "Completed"
    owner.act("review", 1, answer={"label": "dog"})
    assert work.due() == "finish"
    assert desk.step(work) == "Completed"
    assert desk.lines()[1]["pet"] == 1
    assert desk.lines()[1]["pet-metadata"]["reviewed-by"] == "me"
    assert work.due() is None


def test_the_output_so_far_is_written_while_people_work(desk, person):
    work = desk.job(texts(3))
    anna = person()
    anna.next(3)
    anna.answer(2, "dog")
    assert work.due() is None
    work.set(opened=time.time() - 11)
    assert work.due() == "refresh"
    assert desk.step(work) == "InProgress"
    manifest = desk.folder / "out/pets/annotations/intermediate/1/output.manifest"
    assert [json.loads(line).get("pet") for line in manifest.read_text().splitlines()] == [None, None, 1]
    assert work.due() is None


def test_functions_before_and_after_the_task_are_the_users(desk, person):
    from clary.labeling import functions

    source = desk.folder / "mine.py"
    source.write_text(
        "import json\n"
        "def pre(event):\n"
        "    text = event['dataObject']['source']\n"
        "    return {'taskInput': {'taskObject': text.upper()}, 'isHumanAnnotationRequired': 'skip' not in text}\n"
        "def post(event, context):\n"
        "    asked = json.load(open(event['payload']['s3Uri'].removeprefix('file://')))\n"
        "    name = event['labelAttributeName']\n"
        "    return [{'datasetObjectId': one['datasetObjectId'], 'consolidatedAnnotation': {'content': {name:"
        " len(one['annotations'])}}} for one in asked]\n"
    )
    for name in ("pre", "post"):
        functions.add(desk.home, name, f"{source}:{name}")
    work = desk.job(
        [{"source": "shout"}, {"source": "skip me"}], pre="pre", post="post", workers_per_object=2
    )
    for name in ("anna", "ben"):
        (item,) = person(name).call("next", n=2)["items"]
        assert item["source"] == {"kind": "text", "text": "SHOUT"}
        person(name).answer(0)
    assert desk.step(work) == "Completed"
    assert [line.get("pet") for line in desk.lines()] == [2, None]
    source.write_text("def pre(event):\n    raise ValueError('not today')\n")
    functions.add(desk.home, "pre", f"{source}:pre")
    desk.job(texts(1), name="raises", pre="pre")
    assert "not today" in desk.reason("raises")


def test_entities_lie_in_the_text_that_the_users_function_shows(desk, person):
    from clary.labeling import functions

    source = desk.folder / "country.py"
    source.write_text(
        "def pre(event):\n"
        "    return {'taskInput': {'taskObject': 'Paris is in ' + event['dataObject']['country']}}\n"
    )
    functions.add(desk.home, "country", f"{source}:pre")
    found = [{"label": "cat", "startOffset": 12, "endOffset": 18}]
    line = {"source": "row 1", "country": "France"}
    gold = desk.folder / "gold.manifest"
    label = {"annotations": {"labels": [{"label": "cat"}], "entities": found}}
    gold.write_text(json.dumps({**line, "names": label, "names-metadata": {}}) + "\n")
    work = desk.job(
        [line], task="named-entity-recognition", attribute="names", pre="country",
        gold=Gold(f"file://{gold}", "names", 0.4),
    )  # fmt: skip
    assert work.known("gold")[1][0] == {"entities": found}
    assert 0 in person("anna").next(2)
    person("anna").act("answer", 0, answer={"entities": found})
    with pytest.raises(SessionError, match="behind the text, which has 18 characters"):
        person("anna").act("answer", 0, answer={"entities": [{**found[0], "endOffset": 19}]}, revise=True)
    assert desk.step(work) == "Completed"
    assert desk.lines()[0]["names"]["annotations"]["entities"] == found
    (request,) = (desk.folder / "out/pets/annotations").rglob("consolidation-request/*/*.json")
    assert json.loads(request.read_text())[0]["dataObject"] == {"content": "row 1"}  # as on AWS, the line's


MASK = {"width": 40, "height": 30, "runs": [[0, 400], [1, 200], [2, 600]]}
SPANS = {"entities": [{"label": "cat", "startOffset": 0, "endOffset": 4}]}


@pytest.mark.parametrize(
    ("task", "attribute", "right"),
    [
        ("text-classification-multilabel", "tags", {"labels": ["dog"]}),
        ("named-entity-recognition", "names", SPANS),
        ("semantic-segmentation", "areas-ref", MASK),
        (
            "bounding-box",
            "found",
            {"boxes": [{"label": "dog", "left": 3, "top": 4, "width": 20, "height": 10}]},
        ),
    ],
)
def test_every_kind_of_label_is_written_read_again_verified_and_adjusted(
    desk, person, task, attribute, right
):
    source = texts(2) if "text" in task or "named" in task else [{"source-ref": desk.picture("a.png")}] * 2
    first = desk.job(source, task=task, attribute=attribute, workers_per_object=2)
    people = [Simulated(name, {0: right, 1: right}, noise=0.0) for name in ("anna", "ben")]
    assert desk.label(first, *people) == "Completed"
    assert len(desk.lines()) == 2
    uri = Output(desk.objects, first.settings, first.task).manifest_uri
    common = {"input_uri": uri, "task": task, "audit_attribute": attribute}
    fine = {"mode": "verify", "attribute": "fine", "labels": (Label("good"), Label("bad"))}
    verify = desk.job([], name="verify", **common, **fine)
    (item,) = person("anna", job="verify").call("next")["items"]
    assert {name: item["prelabel"][name] for name in right} == right
    assert desk.label(verify, Simulated("anna", {0: "good", 1: "bad"})) == "Completed"
    assert [line["fine-metadata"]["class-name"] for line in desk.lines("verify")] == ["good", "bad"]
    better = attribute.replace("areas", "better") if attribute.endswith("-ref") else "better"
    adjust = desk.job([], name="adjust", **common, mode="adjust", attribute=better)
    (item,) = person("anna", job="adjust").call("next")["items"]
    assert {name: item["prelabel"][name] for name in right} == right
    assert desk.label(adjust, Simulated("anna", {0: right, 1: right}, noise=0.0)) == "Completed"
    statuses = [line[f"{better}-metadata"]["adjustment-status"] for line in desk.lines("adjust")]
    assert statuses == ["unadjusted", "unadjusted"]
    chained = desk.job([], name="again", input_uri=uri, task=task, attribute=attribute)
    assert chained.status == "Completed"
    assert {name: chained.known("earlier")[0][0][name] for name in right} == right


def test_owners_review_what_people_differ_on_in_a_simulation_too(desk):
    work = desk.job(texts(12), workers_per_object=2, review_below=0.9)
    truth = dict.fromkeys(range(12), "cat")
    people = [
        Simulated("anna", truth),
        Simulated("ben", truth, accuracy=0.5),
        Simulated("me", truth, owner=True),
    ]
    assert desk.label(work, *people[:2], Simulated("me", truth, owner=True, seconds=1000)) == "Completed"
    assert {line["pet-metadata"]["class-name"] for line in desk.lines()} == {"cat"}
    assert any("reviewed-by" in line["pet-metadata"] for line in desk.lines())
    assert any(event.action == "review" for event in work.events())


def test_an_image_that_is_too_large_is_refused_by_its_size(desk):
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 9_500, 8, 2, 0, 0, 0))
    path = desk.folder / "large.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    desk.job([{"source-ref": f"file://{path}"}], **BOXES)
    assert "178,956,970 pixels" in desk.reason()


class Killed(BaseException):
    """Stands for kill -9 at this very line."""


@pytest.mark.parametrize(
    "line",
    ["output.Output.write_responses", "output.Output.write_consolidated", "output.Output.write_manifest", "steps.outcome.show"],
)  # fmt: skip
def test_a_finish_that_is_killed_anywhere_is_done_again(desk, person, monkeypatch, line):
    work = desk.job(texts(3))
    person().label_all()
    with monkeypatch.context() as patch:
        patch.setattr(f"clary.labeling.{line}", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            desk.step(work)
    assert desk.step(work) == "Completed"
    assert [line["pet"] for line in desk.lines()] == [0, 0, 0]
    assert len(list((desk.folder / "out/pets/annotations/worker-response").rglob("*.json"))) == 3


def test_a_disk_that_is_full_loses_nothing(desk, person, monkeypatch):
    work = desk.job(texts(2))
    person().label_all()
    with monkeypatch.context() as patch:
        patch.setattr(
            "clary.labeling.output.Output.write_manifest", lambda *_: (_ for _ in ()).throw(NoSpace("full"))
        )
        patch.setattr(entry, "load_spec", lambda _: SimpleNamespace(payload={"job": "pets", "step": 1}))
        assert entry.main(desk.folder) == 0
    assert work.status == "InProgress"
    assert work.due() is None
    work.set(retry_at=0)
    assert desk.step(work) == "Completed"


def test_a_job_that_is_stopped_while_it_is_prepared_passes_every_line_on(desk, monkeypatch):
    from clary.labeling.steps import prepare

    add = Work.add

    def stop_after_the_first_piece(work, things):
        count = add(work, things)
        work.set(status="Stopping")
        return count

    monkeypatch.setattr(prepare, "_PIECE", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Work, "add", stop_after_the_first_piece)
        desk.job(texts(5))
    assert desk.store.documents.get("labeling-job", "pets").status == "Stopped"
    assert desk.lines() == texts(5)


def test_masks_are_held_in_a_tenth_of_what_lists_of_them_take(desk):
    import tracemalloc

    count, width = 20_000, 200
    runs = [[number % 2, 300 + number % 3] for number in range(count - 1)]
    runs.append([0, 40_000 * width - sum(length for _, length in runs)])
    answer = json.dumps({"width": width, "height": 40_000, "runs": runs})
    work = desk.job(
        [{"source-ref": desk.picture("a.png")}] * 5, task="semantic-segmentation", attribute="m-ref"
    )
    with work.transaction() as db:
        db.executemany(
            "INSERT INTO marks (object, worker, seq, answer, answered) VALUES (?, 'anna', ?, ?, 1)",
            [(number, number, answer) for number in range(5)],
        )
    work.verdicts()[0].answer["runs"].__array__()  # what is imported on the way
    work._verdicts = None
    tracemalloc.start()
    held = work.verdicts()
    votes = work.votes()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 2 * 5 * count * 8 * 1.2
    assert held[4].answer["runs"] == votes[4][0].answer["runs"] == runs
    assert json.dumps(work.votes([4])[4][0].answer)  # of a few objects: as a canvas gets them
