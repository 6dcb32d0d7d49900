"""The canvas's messages over a kernel: what the front end asks, and what this process answers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import forget_sockets_of, kill_everything_of

import clary
from clary.widgets.labeling import canvas_of, live_view
from clary.widgets.labeling.widget import Answering


class FrontEnd:
    """Hears what a widget sends."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.heard.append((content, list(buffers or [])))

    def answer(self, number: int) -> tuple[dict[str, Any], list[bytes]]:
        end = time.monotonic() + 30
        while len(self.heard) <= number:
            assert time.monotonic() < end
            time.sleep(0.01)
        return self.heard[number]


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clary.LabelingJob]:
    from PIL import Image

    tmp_path = tmp_path_factory.mktemp("canvas")
    patch = pytest.MonkeyPatch()
    patch.setenv("CLARY_HOME", str(tmp_path / "home"))
    patch.setenv("CLARY_ZYGOTE", "0")
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (640, 480), (number, 0, 0)).save(tmp_path / "photos" / f"{number}.png")
    made = clary.label(tmp_path / "photos", ["cat", "dog"], name="pets")
    end = time.monotonic() + 60
    while made.status == "Initializing":
        assert time.monotonic() < end
        time.sleep(0.05)
    yield made
    kill_everything_of(tmp_path / "home")
    forget_sockets_of(tmp_path / "home")
    patch.undo()


def test_a_canvas_asks_over_messages_and_gets_images_as_buffers(job: clary.LabelingJob) -> None:
    front, answering = FrontEnd(), Answering("pets")
    answering(front, {"id": "a-1", "method": "open", "params": {}})
    opened = front.answer(0)[0]
    assert opened["id"] == "a-1"
    assert [one["name"] for one in opened["result"]["labels"]] == ["cat", "dog"]
    answering(front, {"id": "a-2", "method": "next", "params": {"n": 2}})
    items = front.answer(1)[0]["result"]["items"]
    answering(front, {"id": "a-3", "method": "image", "params": {"object": items[0]["id"], "size": 100}})
    told, buffers = front.answer(2)
    assert told["result"]["type"] == "image/jpeg"
    assert buffers[0][:2] == b"\xff\xd8"
    answering(front, {"id": "a-4", "method": "image", "params": {"object": items[0]["id"]}})
    assert front.answer(3)[1][0].startswith(b"\x89PNG")
    act = {
        "action": "answer",
        "object": items[0]["id"],
        "answer": {"label": "dog"},
        "nonce": uuid.uuid4().hex,
    }
    for _ in range(2):  # A message that was sent again counts once.
        answering(front, {"id": "a-5", "method": "act", "params": act})
    assert front.answer(4)[0] == front.answer(5)[0]
    assert job.progress()["done"] == 1


def test_refusals_come_back_as_messages_and_nonsense_does_no_harm(job: clary.LabelingJob) -> None:
    front, answering = FrontEnd(), Answering("pets")
    wrong: list[Any] = [
        None,
        {"method": "open"},
        {"id": "1", "method": "dance", "params": {}},
        {"id": "2", "method": "act", "params": "x"},
        {"id": "3", "method": "image", "params": {"object": 99}},
        {"id": "4", "method": "image", "params": {"object": "x"}},
    ]
    for message in wrong:
        answering(front, message)
    answers = {front.answer(number)[0]["id"]: front.answer(number)[0] for number in range(4)}
    assert sorted(answers) == ["1", "2", "3", "4"]
    assert all("code" in one["error"] and "message" in one["error"] for one in answers.values())
    gone = FrontEnd()
    Answering("nowhere")(gone, {"id": "1", "method": "open", "params": {}})
    assert gone.answer(0)[0]["error"]["code"] == "NotFound"


def test_a_canvas_is_a_widget_with_its_script_in_it_and_nobody_sees_it_under_papermill(
    job: clary.LabelingJob,
) -> None:
    assert live_view("pets") == {}
    assert set(job._repr_mimebundle_()) == {"text/plain", "text/html"}
    canvas = job.canvas
    assert canvas is canvas_of("pets")
    assert "export default" in canvas._esm
    assert 'from "./' not in canvas._esm
