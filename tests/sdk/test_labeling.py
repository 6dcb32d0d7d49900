"""clary.label from the first call to the labels, with people who are simulated or speak through the canvas's protocol."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

import clary
from clary.sdk import storage

TEXTS = [f"the {'good' if i % 2 else 'bad'} film number {i}" for i in range(12)]
TRUTH = ["good" if i % 2 else "bad" for i in range(12)]


def started(job: clary.LabelingJob) -> clary.LabelingJob:
    import time

    end = time.monotonic() + 60
    while job.status == "Initializing":
        assert time.monotonic() < end
        time.sleep(0.05)
    return job


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One job of three people that is complete; only looked at."""
    from tests.conftest import forget_sockets_of, kill_everything_of

    home = tmp_path_factory.mktemp("labeling") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARY_HOME", str(home))
        patch.setenv("CLARY_ZYGOTE", "0")
        job = clary.label(
            TEXTS, ["bad", "good"], name="films", workers=3, instructions="Is it <good> or {{bad}}?"
        )
        job.simulate({"anna": 1.0, "ben": 1.0, "cleo": {"accuracy": 0.7, "seconds": 5}}, TRUTH)
        job.wait(timeout=60, quiet=True)
        yield job
        kill_everything_of(home)
        forget_sockets_of(home)


def test_a_job_of_texts_is_labelled_and_read_back(done: Any) -> None:
    assert done.status == "Completed"
    assert done.counters["HumanLabeled"] == 12
    table = done.annotations()
    assert table["source"].tolist() == TEXTS
    assert table["label"].tolist() == TRUTH
    assert table["human"].all()
    assert (table["confidence"] > 0.5).all()
    assert done.manifest.endswith("/films/manifests/output/output.manifest")
    assert len(done.events()) == 36
    assert set(done.events()["worker"]) == {"anna", "ben", "cleo"}
    assert done.certificate is None


def test_the_request_is_one_that_boto3_users_could_have_made(done: Any) -> None:
    task = done.describe()["HumanTaskConfig"]
    assert task["PreHumanTaskLambdaArn"].endswith(":PRE-TextMultiClass")
    assert task["NumberOfHumanWorkersPerDataObject"] == 3
    template = storage.get(task["UiConfig"]["UiTemplateS3Uri"]).decode()
    assert "<crowd-classifier " in template
    assert "<p>Is it &lt;good&gt; or &#123;&#123;bad}}?</p>" in template
    categories = json.loads(storage.get(done.describe()["LabelCategoryConfigS3Uri"]))
    assert categories["labels"] == [{"label": "bad"}, {"label": "good"}]
    assert "describe_labeling_job(LabelingJobName='films')" in done.boto3


def test_what_people_agree_on_is_told(done: Any) -> None:
    results = done.results()
    people = results.annotators().set_index("name")
    assert people.loc["anna", "answers"] == 12
    agreement = done.agreement()
    assert set(agreement["of"]) == {"all", "class", "annotator"}
    alpha = agreement["value"].iloc[0]
    assert 0 < alpha < 1
    bundle = results._repr_mimebundle_()
    assert "anna" in bundle["text/html"]
    shown = bundle["text/plain"].splitlines()
    assert shown[0] == "films  Completed  12 of 12 labeled"
    assert shown[1:3] == ["  labels: bad 6, good 6", "  answers: anna 12, ben 12, cleo 12"]
    assert shown[3].startswith(f"  agreement: {alpha:.3f}, 95 % interval ")


def test_labels_become_a_dataset_and_files(done: Any, tmp_path: Path) -> None:
    data = done.to_dataset()
    assert len(data) == 12
    assert data[1] == (TEXTS[1], data.classes.index("good"))
    written = done.export("csv", tmp_path / "labels.csv")
    assert TEXTS[0] in Path(written).read_text()


def test_without_anybody_who_looks_a_job_shows_as_a_card(done: Any) -> None:
    bundle = done._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == "films  Completed  12 of 12 labeled"
    assert 'aria-label="12 of 12 labeled"' in bundle["text/html"]
    assert "12 of 12 labeled" in bundle["text/html"]
    (row,) = clary.labeling_jobs()
    assert row == done


def test_a_later_job_corrects_the_labels_of_an_earlier_one(done: Any) -> None:
    later = started(clary.label(done, ["bad", "good"], adjust="films", name="films-again"))
    item = later.canvas_call("next", {"n": 1})["items"][0]
    assert item["prelabel"] == {"label": "bad"}
    later.canvas_call(
        "act",
        {"action": "answer", "object": item["id"], "answer": {"label": "good"}, "nonce": uuid.uuid4().hex},
    )
    assert later.progress()["done"] == 1
    assert clary.labeling_jobs(limit=1) == [later]
    with pytest.raises(clary.ClaryError, match="it is InProgress"):
        later.retry()
    later.stop()
    assert later.wait(timeout=60, quiet=True).status == "Stopped"
    assert later.annotations()["label"].tolist()[0] == "good"
    later.retry()  # once more, and nothing changes
    assert later.status == "Stopped"
    with pytest.raises(clary.ClaryError, match="JobEnded"):
        later.canvas_call("act", {"action": "answer", "object": 1, "answer": {"label": "good"}, "nonce": "n"})


def test_people_are_invited_once_and_their_links_revoked(
    home_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (team,) = [clary.Workteam("default")]
    link = team.invite("anna b")
    assert "/clary/portal/#" in link
    assert "clary portal" in capsys.readouterr().out
    assert [(one["name"], one["status"]) for one in team.members] == [("anna b", "Active")]
    with pytest.raises(clary.ClaryError, match=r"opens all jobs of the team, .*revoke\('anna b'\)") as caught:
        team.invite("anna b")
    assert caught.value.code == "ResourceInUse"
    team.revoke("anna b")
    assert team.members[0]["status"] == "Revoked"
    assert "anna b" in team._repr_html_()
    assert clary.workteams() == [team]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"labels": "cat"}, "labels is a list"),
        ({"labels": []}, "Give the classes"),
        ({"labels": ["a", "a"]}, "a is there more often"),
        ({"task": "poetry"}, "There is no task 'poetry'"),
        ({"task": "bounding-box"}, "The data are texts, but bounding-box is for images"),
        (
            {"task": "named-entity-recognition", "epsilon": 0.05},
            "no automatic labels for named-entity-recognition",
        ),
        ({"epsilon": 5}, "epsilon is a share between 0 and 1, such as 0.05; not 5"),
        ({"verify": "x", "adjust": "y"}, "not both"),
        ({"gold": 3}, "gold is a dict"),
        ({"workers": 20}, "NumberOfHumanWorkersPerDataObject|numberOfHumanWorkers"),
        ({"attribute": "x-metadata"}, "metadata"),
        ({"data": "nowhere/"}, "There is no nowhere"),
    ],
)
def test_what_is_wrong_is_told_before_there_is_a_job(
    home_path: Path, arguments: dict[str, Any], said: str
) -> None:
    wanted: dict[str, Any] = {"data": ["a", "b"], "labels": ["x", "y"], **arguments}
    with pytest.raises((ValueError, TypeError, FileNotFoundError, clary.ClaryError), match=said):
        clary.label(**wanted)
    assert clary.labeling_jobs() == []


def test_a_simulation_must_know_what_is_right(home_path: Path) -> None:
    job = clary.LabelingJob("none")
    with pytest.raises(ValueError, match="give truth"):
        job.simulate(2)
    with pytest.raises(clary.ClaryError, match="none"):
        job.simulate(2, ["a"])


def test_a_simulation_of_a_failed_job_tells_why_it_failed(home_path: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"source-ref": (tmp_path / f"{i}.png").as_uri()}) for i in range(2)]
    (tmp_path / "gone.jsonl").write_text("\n".join(lines))
    job = clary.label(tmp_path / "gone.jsonl", ["x", "y"])
    with pytest.raises(clary.ClaryError, match=rf"{job.name} failed: .*retry\(\)"):
        job.simulate(1, ["x", "y"])


def test_a_detector_with_its_code_finds_the_boxes(home_path: Path, tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "images").mkdir()
    for number in range(130):
        Image.new("RGB", (40, 30), "navy").save(tmp_path / "images" / f"{number:03}.png")
    (tmp_path / "detector.json").write_text("[1, 2, 21, 17]")
    (tmp_path / "detect.py").write_text(
        "import json, pathlib\n"
        "def model_fn(folder): return json.loads(pathlib.Path(folder, 'detector.json').read_text())\n"
        "def input_fn(body, kind): return len(body)\n"
        "def predict_fn(size, box): return {'boxes': [box], 'labels': ['cat'], 'scores': [0.9]}\n"
        "def output_fn(found, accept): return json.dumps(found)\n"
    )
    model = clary.Model.create(tmp_path / "detector.json", code=tmp_path / "detect.py", name="detector")
    job = clary.label(
        tmp_path / "images", ["cat"], task="bounding-box", epsilon=0.1, model=model, name="found"
    )
    box = {"label": "cat", "left": 1, "top": 2, "width": 20, "height": 15}
    job.simulate({"anna": {"accuracy": 1.0, "noise": 0.0}}, [{"boxes": [box]}] * 130, timeout=90)
    job.wait(timeout=60, quiet=True)
    assert job.counters["MachineLabeled"] > 60, job.describe()
    assert job.certificate is not None
    assert job.certificate.words


def test_a_model_is_made_of_a_path(home_path: Path, tmp_path: Path) -> None:
    from clary.sdk.labeling_start import _model_arn

    (tmp_path / "sentences").mkdir()
    (tmp_path / "sentences" / "modules.json").write_text("[]")
    for given in (tmp_path / "sentences", f"{tmp_path}/sentences"):
        assert ":model/sentences-" in _model_arn(given)
    with pytest.raises(FileNotFoundError, match="There is no model"):
        _model_arn(tmp_path / "nothing")
    with pytest.raises(clary.ClaryError, match="nobody"):
        _model_arn("nobody")


def test_a_team_of_its_own_keeps_a_jobs_people_from_others(home_path: Path) -> None:
    team = clary.Workteam.create("cats")
    job = clary.label(["a", "b"], ["x", "y"], name="apart", team=team)
    assert job.team.name == "cats"
    assert "/portal/#" in job.invite("anna")
    assert [one["name"] for one in team.members] == ["anna"]
    with pytest.raises(clary.ClaryError, match="cats"):
        clary.Workteam.create("cats")
