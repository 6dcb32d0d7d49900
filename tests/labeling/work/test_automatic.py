"""Automatic labels: rounds of people and machine, and a certificate that holds."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest

from clary.labeling.session import SessionError
from clary.labeling.settings import Automatic
from clary.labeling.simulation import Simulated

NOUNS = {"cat": ["purr", "whiskers", "meow", "paw"], "dog": ["bark", "bone", "leash", "fetch"]}
FILL = ["the", "house", "garden", "today", "and", "always", "some", "people"]


def sentences(count: int, doubt: float = 0.0) -> tuple[list[dict[str, str]], dict[int, str]]:
    chance, lines, truth = random.Random(3), [], {}
    for number in range(count):
        truth[number] = chance.choice(["cat", "dog"])
        other = "dog" if truth[number] == "cat" else "cat"
        nouns = [chance.choice(NOUNS[other if chance.random() < doubt else truth[number]]) for _ in range(3)]
        words = nouns + chance.choices(FILL, k=5)
        chance.shuffle(words)
        lines.append({"source": f"{' '.join(words)} {number}"})
    return lines, truth


def test_the_machine_labels_the_rest_under_a_certificate(desk, person):
    lines, truth = sentences(220, 0.08)
    work = desk.job(lines, automatic=Automatic(epsilon=0.05))
    assert work.counts()["open"] < 100
    shown: dict[str, list[bool]] = {"train": [], "audit": [], "rest": []}
    anna, right = person(), Simulated("x", truth)
    opened = anna.call("open")
    while work.status == "InProgress":
        for item in anna.call("next", n=50)["items"]:
            purpose = work.purpose(work.object(item["id"]).batch)
            shown[purpose].append(item["suggestion"] is not None)
            anna.answer(item["id"], right.answer(item, opened)["label"])
        desk.step(work)
    assert work.status == "Completed"
    assert any(shown["train"])
    assert shown["audit"]
    assert not any(shown["audit"])  # a guess would bias whoever is to judge it
    counters = work.counters()
    assert counters["TotalLabeled"] == 220
    assert counters["MachineLabeled"] > 30
    certificate = work.fact("certificate")
    assert certificate["epsilon"] == 0.05
    assert certificate["upper-bound"] <= 0.05
    by_machine = [line for line in desk.lines() if line["pet-metadata"]["human-annotated"] == "no"]
    assert len(by_machine) == counters["MachineLabeled"]
    assert all(line["pet-metadata"]["certificate"] == certificate for line in by_machine)
    assert all(0 <= line["pet-metadata"]["confidence"] <= 1 for line in by_machine)
    wrong = sum(
        line["pet-metadata"]["class-name"] != truth[number] for number, line in enumerate(desk.lines())
    )
    assert wrong <= 11
    batches = work.batches()
    assert {"train", "audit"} <= {batch.purpose for batch in batches}
    assert all(batch.closed for batch in batches)
    assert any("accuracy" in batch.facts for batch in batches)
    assert (desk.folder / "out/pets/inference").is_dir()


def test_training_answers_can_be_undone_and_those_that_decided_an_audit_cannot(desk, person):
    lines, truth = sentences(250)
    work = desk.job(lines, automatic=Automatic())
    anna, right = person(), Simulated("x", truth)
    opened = anna.call("open")
    for item in anna.call("next", n=100)["items"]:
        anna.answer(item["id"], right.answer(item, opened)["label"])
    item = anna.act("undo")["item"]
    assert work.due() is None
    anna.answer(item["id"], right.answer(item, opened)["label"])
    assert work.due() == "advance"
    with work.transaction() as db:  # as it is once a step has weighed an audit
        db.execute("UPDATE batches SET purpose = 'audit', closed = 1")
    for params in ({"action": "undo"}, {"action": "answer", "thing": item["id"], "revise": True}):
        with pytest.raises(SessionError, match="audit"):
            anna.act(**{**params, "answer": {"label": "cat"}})


def test_a_job_too_small_for_any_certificate_is_labelled_by_people(desk):
    lines, truth = sentences(12)
    work = desk.job(lines, automatic=Automatic())
    assert desk.label(work, Simulated("anna", truth)) == "Completed"
    assert work.counters()["HumanLabeled"] == 12
    assert work.fact("certificate") is None


def test_chained_labels_teach_the_machine(desk):
    lines, truth = sentences(250)
    for number in range(150):
        name = truth[number]
        lines[number]["pet"] = ["cat", "dog"].index(name)
        lines[number]["pet-metadata"] = {"class-name": name, "type": "groundtruth/text-classification"}
    work = desk.job(lines, automatic=Automatic())
    assert work.batches()[0].purpose == "audit"
    assert desk.label(work, Simulated("anna", truth)) == "Completed"
    assert work.counters()["HumanLabeled"] + work.counters()["MachineLabeled"] == 100


def boxes_of(number: int) -> list[dict]:
    chance = random.Random(number)
    return [
        {"label": "cat", "left": chance.randint(0, 9), "top": chance.randint(0, 9), "width": 20, "height": 15}
    ]


def detected(desk, count: int, wrong: float) -> tuple[list[dict], dict[int, dict]]:
    """Images whose detector is wrong at the unsure ones."""
    uri, lines, truth = desk.picture("one.png"), [], {}
    for number in range(count):
        (box,) = boxes_of(number)
        truth[number] = {"boxes": [box]}
        chance = random.Random(f"detector/{number}")
        sure = chance.random()
        left = box["left"] if sure > wrong else (box["left"] + 15) % 20
        found = {"class_id": 0, "left": left, "top": box["top"], "width": 20, "height": 15}
        lines.append(
            {
                "source-ref": uri,
                "raw": {"image_size": [{"width": 40, "height": 30, "depth": 3}], "annotations": [found]},
                "raw-metadata": {"objects": [{"confidence": sure}], "class-map": {"0": "cat"}},
            }
        )
    return lines, truth


BOXES = {"task": "bounding-box", "attribute": "found", "prelabel_attribute": "raw"}


def test_a_detectors_boxes_are_taken_over_under_the_same_certificate(desk):
    lines, truth = detected(desk, 500, 0.15)
    work = desk.job(lines, automatic=Automatic(epsilon=0.05, iou=0.7), **BOXES)
    assert desk.label(work, Simulated("anna", truth, noise=0.0)) == "Completed"
    assert work.counters()["MachineLabeled"] > 200
    certificate = work.fact("certificate")
    assert certificate["method"] == "ltt-hypergeometric"
    wrong = 0
    for number, line in enumerate(desk.lines()):
        left = line["found"]["annotations"][0]["left"]
        wrong += left != truth[number]["boxes"][0]["left"]
    assert wrong <= 25
    assert work.fact("curve")


def test_what_a_detector_calls_by_a_name_that_the_job_has_not_goes_to_people(desk, person):
    lines, truth = detected(desk, 200, 0.0)
    for number in (3, 77, 150):
        (box,) = lines[number]["raw"]["annotations"]
        lines[number]["raw"]["annotations"] = [box, {**box, "class_id": 7, "width": 9}]
        lines[number]["raw-metadata"]["class-map"]["7"] = "truck"
    work = desk.job(lines, automatic=Automatic(), **BOXES)
    assert set(work.known("hint")) == {3, 77, 150}
    assert desk.label(work, Simulated("anna", truth, noise=0.0)) == "Completed"
    assert work.counters()["MachineLabeled"] > 50
    assert not {3, 77, 150} & set(work.machine())
    desk.job(lines[3:4], name="hand", **BOXES)
    (item,) = person("ben", job="hand").call("next")["items"]
    assert [box["label"] for box in item["suggestion"]["answer"]["boxes"]] == ["cat"]


def test_a_detector_that_is_mostly_wrong_is_not_believed(desk):
    lines, truth = detected(desk, 200, 0.9)
    work = desk.job(lines, automatic=Automatic(epsilon=0.02), **BOXES)
    assert desk.label(work, Simulated("anna", truth, noise=0.0)) == "Completed"
    assert work.counters()["MachineLabeled"] <= 10


def test_the_users_own_model_finds_the_boxes(desk):
    script = desk.folder / "inference.py"
    script.write_text(
        "import json\n"
        "def model_fn(folder): return None\n"
        "def input_fn(body, kind): return len(body)\n"
        "def predict_fn(size, model): return {'boxes': [[1, 2, 21, 17.4]], 'labels': [0], 'scores': [0.9]}\n"
        "def output_fn(found, accept): return json.dumps(found)\n"
    )
    archive = desk.folder / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(script, "code/inference.py")
    lines = [{"source-ref": desk.picture(f"{number}.png")} for number in range(200)]
    truth = {
        number: {"boxes": [{"label": "cat", "left": 1, "top": 2, "width": 20, "height": 15}]}
        for number in range(200)
    }
    automatic = Automatic(model=f"file://{archive}")
    work = desk.job(lines, automatic=automatic, task="bounding-box", attribute="found")
    assert desk.label(work, Simulated("anna", truth, noise=0.0)) == "Completed"
    assert work.counters()["MachineLabeled"] > 30
    script.write_text("def model_fn(folder): raise ValueError('no weights')\n")
    with tarfile.open(archive, "w:gz") as file:
        file.add(script, "code/inference.py")
    desk.job(lines, name="broken", automatic=automatic, task="bounding-box", attribute="found")
    assert "no weights" in desk.reason("broken")


def stripes(desk, number: int) -> str:
    """A picture with stripes down (even numbers) or across."""
    from PIL import Image

    chance = random.Random(number)
    first = chance.randint(0, 3)
    image = Image.new("L", (32, 32), chance.randint(0, 60))
    for line in range(first, 32, 6):
        box = (line, 0, line + 3, 32) if number % 2 == 0 else (0, line, 32, line + 3)
        image.paste(chance.randint(150, 255), box)
    path = desk.folder / f"stripes-{number}.png"
    image.save(path)
    return f"file://{path}"


PICTURES = {"task": "image-classification"}


def test_pictures_are_labelled_by_what_they_look_like(desk):
    lines = [{"source-ref": stripes(desk, number)} for number in range(150)]
    truth = {f"stripes-{number}": ("cat", "dog")[number % 2] for number in range(150)}
    work = desk.job(lines, automatic=Automatic(epsilon=0.1), **PICTURES)
    assert desk.label(work, Simulated("anna", truth)) == "Completed"
    assert work.counters()["MachineLabeled"] > 50
    said = [
        line["pet-metadata"]["class-name"] == truth[f"stripes-{n}"] for n, line in enumerate(desk.lines())
    ]
    assert sum(said) >= 135


def archive(path: Path, files: dict[str, bytes]) -> str:
    with tarfile.open(path, "w:gz") as file:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return f"file://{path}"


def weights_of(architecture: str) -> bytes:
    from clary.labeling.active import features

    torch, models = features._torchvision()
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(models.get_model(architecture, weights=None, num_classes=2).state_dict(), file)
    return file.getvalue()


@pytest.mark.slow  # torch is imported
def test_a_networks_weights_come_from_a_training_jobs_artifact(desk):
    weights = weights_of("mobilenet_v3_small")
    uri = archive(desk.folder / "model.tar.gz", {"model.pth": weights, "code/inference.py": b""})
    lines = [{"source-ref": stripes(desk, number)} for number in range(120)]
    truth = {f"stripes-{number}": ("cat", "dog")[number % 2] for number in range(120)}
    automatic = Automatic(epsilon=0.1, features="torchvision:mobilenet_v3_small", model=uri)
    work = desk.job(lines, automatic=automatic, **PICTURES)
    assert desk.label(work, Simulated("anna", truth)) == "Completed"
    assert work.counters()["TotalLabeled"] == 120
    assert work.counters()["MachineLabeled"] > 20  # weights that have learned nothing see stripes as well


@pytest.mark.slow  # torch is imported
def test_models_that_are_not_what_the_features_need_fail_the_job(desk):
    weights = weights_of("mobilenet_v3_small")
    two = archive(desk.folder / "two.tar.gz", {"a.pt": weights, "b.pt": weights})
    none = archive(desk.folder / "none.tar.gz", {"readme.txt": b"soon"})
    (desk.folder / "broken.tar.gz").write_bytes((desk.folder / "two.tar.gz").read_bytes()[:5000])
    lines = [{"source-ref": stripes(desk, number)} for number in range(3)]
    for name, architecture, uri, words in (
        ("two", "mobilenet_v3_small", two, "one file of weights"),
        ("nothing", "mobilenet_v3_small", none, "it holds none"),
        ("broken", "mobilenet_v3_small", f"file://{desk.folder}/broken.tar.gz", "not a readable tar archive"),
        ("other", "resnet18", archive(desk.folder / "one.tar.gz", {"a.pt": weights}), "do not fit"),
    ):
        desk.job(
            lines,
            name=name,
            automatic=Automatic(features=f"torchvision:{architecture}", model=uri),
            **PICTURES,
        )
        assert words in desk.reason(name)
        assert not list((desk.home.root / "labeling" / name).glob("model/*.pt")) or name in ("two", "other")
    texts, _ = sentences(5)
    desk.job(texts, name="texts", automatic=Automatic(features="embedding", model=none))
    assert "modules.json" in desk.reason("texts")


def test_features_that_cannot_be_had_fail_the_job_and_say_what_to_do(desk):
    lines = [{"source-ref": stripes(desk, number)} for number in range(3)]
    for name, automatic, words in (
        ("unknown", Automatic(features="smell"), "scattering, pixels, torchvision"),
        ("which", Automatic(model="s3://none/weights.pt"), "torchvision:<architecture>"),
        ("none", Automatic(features="torchvision:resnet18"), "need a model"),
        ("gone", Automatic(features="torchvision:resnet18", model="file:///none.pt"), "does not exist"),
    ):
        desk.job(lines, name=name, automatic=automatic, **PICTURES)
        assert words in desk.reason(name)
