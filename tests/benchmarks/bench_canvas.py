"""The canvas in a real Chromium, over HTTP from `clary portal`: from a key to the next item on the screen.

A press of a label's key answers: the answer goes to disk (fsync), then the next photo, 12 megapixels, is painted. The time is
taken in the page, from the key event's own time stamp to the end of the frame in which the next item was drawn. Two a second is
faster than people look; without any pause not even prefetched photos are ready, and each waits for its preview to be made.
Also: from the press on a job in the portal to its first item, for jobs of 100 and of 100,000 objects.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import fresh_home, row
from tests.ui.lab import browser

PHOTOS = 60
SIZE = (4000, 3000)
TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/default"

_WATCH = """() => {
  const host = document.querySelector('.clary-canvas');
  window.painted = 0;
  window.taken = [];
  let pressed = 0;
  addEventListener('keydown', (event) => (pressed = event.timeStamp), true);
  new MutationObserver(() => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      window.taken.push(performance.now() - pressed);
      window.painted++;
    };
    channel.port2.postMessage(0);
  })).observe(host, { attributes: true, attributeFilter: ['data-item'] });
}"""


def photos(folder: Path) -> list[str]:
    """Lines of so many JPEGs of 12 megapixels, as detailed as photos are (3 to 4 MB)."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    lines = []
    for number in range(PHOTOS):
        coarse = random.integers(0, 255, (30, 40, 3), dtype=np.uint8)
        image = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC), dtype=np.int16)
        grain = random.integers(-18, 18, (SIZE[1] // 4, SIZE[0] // 4, 1), dtype=np.int16)
        image = np.clip(image + grain.repeat(4, 0).repeat(4, 1), 0, 255).astype(np.uint8)
        path = folder / f"photo-{number}.jpg"
        Image.fromarray(image).save(path, quality=88)
        lines.append(json.dumps({"source-ref": f"file://{path}"}))
    return lines


def make_job(engine: Any, folder: Path, name: str, task: str, lines: list[str]) -> None:
    """A job in progress, made through the API; its preparation is a job of the runner."""
    from tests.ui.lab import until

    (folder / f"{name}.manifest").write_text("\n".join(lines) + "\n")
    (folder / "labels.json").write_text(json.dumps({"labels": [{"label": "cat"}, {"label": "dog"}]}))
    account = "arn:aws:lambda:us-east-1:432418664414:function:"
    request = {
        "LabelingJobName": name,
        "LabelAttributeName": "label",
        "InputConfig": {
            "DataSource": {"S3DataSource": {"ManifestS3Uri": f"file://{folder}/{name}.manifest"}}
        },
        "OutputConfig": {"S3OutputPath": f"file://{folder}/out"},
        "RoleArn": "arn:aws:iam::000000000000:role/labeling",
        "LabelCategoryConfigS3Uri": f"file://{folder}/labels.json",
        "HumanTaskConfig": {
            "WorkteamArn": TEAM,
            "UiConfig": {},
            "PreHumanTaskLambdaArn": f"{account}PRE-{task}",
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{account}ACS-{task}"},
            "TaskTitle": name,
            "TaskDescription": name,
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 3600,
        },
    }
    engine.call("sagemaker", "CreateLabelingJob", request)

    def ready() -> bool:
        told = engine.call("sagemaker", "DescribeLabelingJob", {"LabelingJobName": name})
        assert told["LabelingJobStatus"] != "Failed", told
        return bool(told["LabelingJobStatus"] == "InProgress")

    until(ready, 300)


@contextlib.contextmanager
def portal() -> Iterator[str]:
    """`clary portal` in a process of its own; its address."""
    program = "import sys; from clary.api.portal_server import serve; sys.exit(serve('127.0.0.1', 0))"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[4]
    finally:
        process.terminate()
        process.wait()


def opened(page: Any, url: str, secret: str, job: str) -> float:
    """Open the job in the portal; milliseconds from the press on it to the first item on the screen."""
    page.goto(f"{url}#{secret}")
    page.get_by_role("button", name=job, exact=False).wait_for()
    script = """(name) => new Promise((resolve) => {
      const buttons = [...document.querySelectorAll('.jobs button')];
      const button = buttons.find((one) => one.querySelector('h2').textContent === name);
      const begun = performance.now();
      const look = () => {
        if (document.querySelector('.clary-canvas')?.dataset.item) resolve(performance.now() - begun);
        else requestAnimationFrame(look);
      };
      button.click();
      look();
    })"""
    taken: float = page.evaluate(script, job)
    return taken


def labeled(page: Any, count: int, pause_ms: int) -> list[float]:
    """Answer so many items by key, with a pause after each; milliseconds of each."""
    page.evaluate(_WATCH)
    for number in range(count):
        page.keyboard.press("1")
        page.wait_for_function("(number) => window.painted > number", arg=number, polling=5)
        page.wait_for_timeout(pause_ms)
    found: list[float] = page.evaluate("window.taken")
    return found


def show(label: str, times: list[float]) -> None:
    ordered = sorted(times)
    row(
        label,
        f"{statistics.median(ordered):.0f}",
        f"{ordered[int(len(ordered) * 0.95)]:.0f}",
        f"{ordered[-1]:.0f}",
    )


def main() -> None:
    from clary.api.engine import Engine
    from clary.home import Home
    from clary.labeling.people import People

    with fresh_home() as home, browser() as chromium:
        folder = home.parent
        engine = Engine(Home.locate(home))
        make_job(engine, folder, "photos", "ImageMultiClass", photos(folder))
        for name, count in (("small", 100), ("large", 100_000)):
            lines = [json.dumps({"source": f"text number {number}"}) for number in range(count)]
            make_job(engine, folder, name, "TextMultiClass", lines)
        _, secret = People(engine.store).invite("default", "Anna")
        with portal() as url:
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(60_000)
            row("key press to next item painted, ms", "median", "95 %", "slowest")
            opened(page, url, secret, "photos")
            page.wait_for_timeout(1500)  # a person looks at the first one, too
            show("  photos of 12 megapixels, two a second", labeled(page, PHOTOS // 2, 450))
            show("  photos of 12 megapixels, as fast as keys go", labeled(page, PHOTOS // 2 - 2, 0))
            opened(page, url, secret, "small")
            show("  texts", labeled(page, 40, 100))
            row("job to first item on the screen, ms", "100 objects", "100,000")
            times = [
                statistics.median(opened(page, url, secret, name) for _ in range(5))
                for name in ("small", "large")
            ]
            row("", *(f"{one:.0f}" for one in times))


if __name__ == "__main__":
    main()
