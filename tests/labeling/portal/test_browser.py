"""The portal in a real browser, under its own policy: from the link to the last answer, and to the revocation."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.ui.lab import browser

LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"


@pytest.mark.slow
def test_a_link_opens_the_canvas_and_nothing_breaks_the_policy(front: Any, job: Any, put: Any) -> None:
    from PIL import Image

    lines = []
    for number in range(3):
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
    link = f"{front.url}/clary/portal/#{front.invite()['X-Clary-Annotator']}"
    with browser() as chromium:
        page = chromium.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.goto(link)
        expect(page.get_by_text(evil).first).to_be_visible()
        assert page.url == f"{front.url}/clary/portal/"
        end = time.monotonic() + 30
        while len(answers(front)) < 3:
            assert time.monotonic() < end, answers(front)
            expect(page.locator("img, canvas").first).to_be_visible()
            page.keyboard.press("1")
            page.wait_for_timeout(100)
        assert answers(front) == ["good"] * 3
        assert complaints == []
        front.ask("DELETE", "/clary/workteams/default/members/Anna", front.login)
        page.goto(link)
        expect(page.get_by_text("This link was revoked")).to_be_visible()


def answers(front: Any) -> list[str]:
    events = json.loads(front.ask("GET", "/clary/labeling-jobs/mood/events", front.login)[2])["events"]
    return [one["body"]["answer"]["label"] for one in events if one["action"] == "answer"]
