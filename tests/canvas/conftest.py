"""Labeling jobs, a host for the canvas in a process of its own, and Chromium."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[2]))

from playwright.sync_api import expect
from tests.ui.lab import browser

from clary.home import Home
from clary.labeling.settings import JobSettings, Label
from clary.labeling.work import NewObject, Work

REPOSITORY = Path(__file__).parents[2]
expect.set_options(timeout=10_000)


class Jobs:
    """Labeling jobs in one home, and a server that can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home.locate(folder / "home")
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.canvas.server", str(self.home.root), str(self.port)]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def make(self, name: str, task: str, lines: list[dict[str, Any]], **members: Any) -> Work:
        """A job in progress. ``known``: a line's prelabel; sizes are those of the images."""
        known = members.pop("known", [])
        labels = members.pop("labels", ("cat", "dog", "bird"))
        values = {
            "arn": f"arn:aws:sagemaker:us-east-1:000000000000:labeling-job/{name}",
            "attribute": "label",
            "input_uri": "file:///nowhere",
            "output_uri": "file:///nowhere",
            "labels": tuple(one if isinstance(one, Label) else Label(one) for one in labels),
            **members,
        }
        work = Work.create(self.home, JobSettings(name=name, task=task, **values))
        work.add(
            self._object(line, known[index] if index < len(known) else {}) for index, line in enumerate(lines)
        )
        work.start()
        return work

    def _object(self, line: dict[str, Any], known: dict[str, Any]) -> NewObject:
        width, height = line.pop("size", (0, 0))
        return NewObject(json.dumps(line), width, height, known=known)

    def photos(self, count: int, size: tuple[int, int] = (400, 300)) -> list[dict[str, Any]]:
        """Lines of so many JPEGs, told apart by their colours."""
        from PIL import Image

        lines = []
        for number in range(count):
            path = self.folder / f"photo-{size[0]}x{size[1]}-{number}.jpg"
            if not path.exists():
                Image.new("RGB", size, (40 * number % 256, 90, 200 - 30 * number % 200)).save(path)
            lines.append({"source-ref": f"file://{path}", "size": size})
        return lines

    def url(self, job: str, worker: str = "anna", more: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/host.html?job={job}&worker={worker}{more}"


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    # In memory, where the system has such a place: every act waits for the disk, and a busy one takes its time.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="clary-canvas-", dir=memory) as folder:
        made = Jobs(Path(folder))
        yield made
        made.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as one:
        yield one


class Canvas:
    """What a person sees and does, by keys and by the names of things."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.host = page.locator(".clary-canvas")
        self.fingers: Any = None

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shows(self, item: int) -> None:
        expect(self.host).to_have_attribute("data-item", str(item))

    def answer(self, *keys: str, then: int | None = None) -> None:
        """Press, and wait until the next item shows."""
        self.press(*keys)
        if then is None:
            expect(self.page.get_by_role("heading", name="All done")).to_be_visible()
        else:
            self.shows(then)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the image is on the page; the image fits its place."""
        found: list[float] = self.page.evaluate(
            """([x, y]) => {
              const layer = document.querySelector('.clary-canvas').shadowRoot.querySelector('.view-layer');
              const edge = layer.getBoundingClientRect();
              const scale = Math.min(edge.width / 400, edge.height / 300, 640 / 400);
              const left = edge.left + (edge.width - 400 * scale) / 2;
              const top = edge.top + (edge.height - 300 * scale) / 2;
              return [left + x * scale, top + y * scale];
            }""",
            [x, y],
        )
        return found[0], found[1]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one pixel of a 400 x 300 image to another."""
        mouse = self.page.mouse
        mouse.move(*self.point(*start))
        mouse.down()
        mouse.move(*self.point((start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
        mouse.move(*self.point(*end))
        mouse.up()

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.point(x, y))

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """``touchStart``, ``touchMove`` or ``touchEnd``: fingers on pixels of a 400 x 300 image."""
        if self.fingers is None:
            self.fingers = self.page.context.new_cdp_session(self.page)
        where = [
            dict(zip(("x", "y"), self.point(*point), strict=True)) | {"id": index}
            for index, point in enumerate(points)
        ]
        self.fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    def focused(self) -> str:
        """What has the focus within the canvas: its tag and classes; empty where the page around has it."""
        found: str = self.page.evaluate(
            """() => {
              const active = document.querySelector('.clary-canvas').shadowRoot.activeElement;
              return active ? `${active.localName}.${active.className}` : '';
            }"""
        )
        return found

    def leaked(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.leaked")
        return found


@pytest.fixture
def open_canvas(jobs: Jobs, chromium: Any) -> Iterator[Callable[..., Canvas]]:
    """Opens a job's canvas in a browser of its own, and waits for an item. A script that fails on the page fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def opened(
        job: str, worker: str = "anna", more: str = "", item: int | None = 0, **options: Any
    ) -> Canvas:
        context = chromium.new_context(**{"viewport": {"width": 1200, "height": 760}, **options})
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda message: problems.append(message.text) if "Security Policy" in message.text else None,
        )
        page.goto(jobs.url(job, worker, more))
        canvas = Canvas(page)
        if item is not None:
            canvas.shows(item)
        return canvas

    yield opened
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture
def answers() -> Callable[[Work], dict[int, Any]]:
    """What stands in the job's database, by object and, if there are several people, by worker."""

    def read(work: Work) -> dict[int, Any]:
        return {thing: votes[0].answer for thing, votes in work.votes().items() if votes}

    return read
