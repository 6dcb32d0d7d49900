"""Photos in the portal, in a real browser: they come with the secret in a header and are shown as blobs, which the page's policy
must let through."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

# Under xdist and with a bare `pytest` the repository is not on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))

from playwright.sync_api import expect
from tests.ui.lab import browser

LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"


@pytest.mark.slow
def test_photos_are_shown_and_labelled_and_names_are_only_text(front: Any, job: Any, put: Any) -> None:
    from PIL import Image

    lines = []
    for number in range(2):
        buffer = io.BytesIO()
        Image.new("RGB", (64, 48), (80 * number, 90, 160)).save(buffer, "PNG")
        lines.append(json.dumps({"source-ref": put(f"{number}.png", buffer.getvalue())}))
    put("in.manifest", "\n".join(lines))
    evil = "<img src=x onerror=alert(1)>"
    put("labels.json", {"labels": [{"label": "good"}, {"label": evil}]})
    job(human={
        "TaskTitle": evil, "PreHumanTaskLambdaArn": f"{LAMBDA}PRE-ImageMultiClass",
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-ImageMultiClass"},
    })  # fmt: skip
    with browser() as chromium:
        page = chromium.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.goto(f"{front.url}/clary/portal/#{front.invite()['X-Clary-Annotator']}")
        expect(page.get_by_text(evil).first).to_be_visible(timeout=20_000)
        end = time.monotonic() + 30
        while len(answers(front)) < 2:
            assert time.monotonic() < end, answers(front)
            expect(page.locator("img, canvas").first).to_be_visible()
            page.keyboard.press("1")
            page.wait_for_timeout(100)
        assert answers(front) == ["good"] * 2
        assert complaints == []


def answers(front: Any) -> list[str]:
    events = json.loads(front.ask("GET", "/clary/labeling-jobs/mood/events", front.login)[2])["events"]
    return [one["body"]["answer"]["label"] for one in events if one["action"] == "answer"]
