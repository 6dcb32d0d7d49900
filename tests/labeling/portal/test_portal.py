"""The annotators' portal: what a link opens, and that it opens nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from clary.api import extras, labeling_routes, portal, registry
from clary.api.engine import Engine
from clary.api.portal_limit import WrongSecrets

CANVAS = "/clary/portal/jobs/mood/canvas"
OPEN = {"method": "open", "params": {}}


@pytest.fixture(autouse=True)
def _guesses_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal, "_wrong", WrongSecrets())


def said(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """Status and message of a refusal."""
    return answer[0], json.loads(answer[2])["error"]["message"]


def test_a_link_opens_the_persons_tasks(front: Any, job: Any) -> None:
    job()
    anna = front.invite()
    status, headers, body = front.ask("GET", "/clary/portal/me", anna)
    assert (status, headers["cache-control"]) == (200, "no-store")
    me = json.loads(body)
    assert me["name"] == "Anna"
    (task,) = me["jobs"]
    assert (task["job"], task["title"], task["task"]) == ("mood", "Mood", "text-classification")
    assert task["progress"]["left"] == 3
    opened = json.loads(front.ask("POST", CANVAS, anna, OPEN)[2])["result"]
    assert (opened["worker"], opened["owner"]) == ("Anna", False)
    (item,) = json.loads(front.ask("POST", CANVAS, anna, {"method": "next", "params": {"n": 1}})[2])[
        "result"
    ]["items"]
    act = {"action": "answer", "object": item["id"], "answer": {"label": "good"}, "nonce": "once"}
    first, again = (
        json.loads(front.ask("POST", CANVAS, anna, {"method": "act", "params": act})[2]) for _ in range(2)
    )
    assert first["result"]["seq"] == again["result"]["seq"]
    events = json.loads(front.ask("GET", "/clary/labeling-jobs/mood/events", front.login)[2])["events"]
    assert [(one["worker"], one["action"]) for one in events] == [("Anna", "answer")]


def test_the_owner_works_without_a_link_and_may_speak_for_others(front: Any, job: Any) -> None:
    job()
    canvas = "/clary/labeling-jobs/mood/canvas"
    opened = json.loads(front.ask("POST", canvas, front.login, OPEN)[2])["result"]
    assert opened["owner"] is True
    opened = json.loads(front.ask("POST", f"{canvas}?worker=Bo%20B", front.login, OPEN)[2])["result"]
    assert (opened["worker"], opened["owner"]) == ("Bo B", False)
    status, _, body = front.ask("POST", "/clary/labeling-jobs/none/canvas", front.login, OPEN)
    assert (status, json.loads(body)["error"]["code"]) == (404, "NotFound")


def test_the_owner_sees_results_and_the_audit_trail(front: Any, job: Any) -> None:
    job()
    for name in ("Anna", "Bo"):
        person = front.invite(name)
        (item,) = json.loads(front.ask("POST", CANVAS, person, {"method": "next", "params": {"n": 1}})[2])[
            "result"
        ]["items"]
        act = {"action": "answer", "object": item["id"], "answer": {"label": "good"}, "nonce": "n"}
        assert front.ask("POST", CANVAS, person, {"method": "act", "params": act})[0] == 200
    base = "/clary/labeling-jobs/mood"
    results = json.loads(front.ask("GET", f"{base}/results", front.login)[2])
    assert {one["name"] for one in results["annotators"]} == {"Anna", "Bo"}
    trail = json.loads(front.ask("GET", f"{base}/events?worker=Bo", front.login)[2])["events"]
    assert [(one["worker"], one["body"]["answer"]["label"]) for one in trail] == [("Bo", "good")]
    after = json.loads(front.ask("GET", f"{base}/events?after={trail[0]['seq']}&limit=5", front.login)[2])[
        "events"
    ]
    assert after == []
    assert front.ask("GET", f"{base}/events?after=now", front.login)[0] == 400
    for path in ("events", "results"):
        assert front.ask("GET", f"/clary/labeling-jobs/none/{path}", front.login)[0] == 404
        assert front.ask("GET", f"/clary/labeling-jobs/..%2F..%2Fetc/{path}", front.login)[0] == 404


def test_an_image_goes_to_those_whose_task_it_is(front: Any, engine: Engine, job: Any, put: Any) -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (80, 40), "red").save(buffer, "PNG")
    put("in.manifest", json.dumps({"source-ref": put("a.png", buffer.getvalue())}) + "\n")
    account = "arn:aws:lambda:us-east-1:432418664414:function:"
    job(human={
        "PreHumanTaskLambdaArn": f"{account}PRE-ImageMultiClass",
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{account}ACS-ImageMultiClass"},
    })  # fmt: skip
    anna, image = front.invite(), "/clary/portal/jobs/mood/objects/0/image"
    front.ask("POST", CANVAS, anna, {"method": "next", "params": {"n": 1}})
    status, headers, body = front.ask("GET", image, anna)
    assert (status, headers["content-type"], body) == (200, "image/png", buffer.getvalue())
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert "sandbox" in headers["content-security-policy"]
    small = Image.open(io.BytesIO(front.ask("GET", f"{image}?size=20", anna)[2]))
    assert max(small.size) == 20
    assert front.ask("GET", f"{image}?size=huge", anna)[0] == 400
    assert front.ask("GET", image.replace("/0/", "/9/"), anna)[0] == 404
    assert front.ask("GET", image.replace("/0/", "/..%2F0/"), anna)[0] == 400
    # Somebody of the team to whom the object was not given sees none of it.
    assert front.ask("GET", image, front.invite("Bo"))[0] in (404, 409)
    owner = front.ask("GET", "/clary/labeling-jobs/mood/objects/0/image", front.login)
    assert (owner[0], owner[2]) == (200, buffer.getvalue())


def test_a_revoked_link_is_void_at_once(front: Any, job: Any) -> None:
    job()
    anna = front.invite()
    assert front.ask("POST", CANVAS, anna, OPEN)[0] == 200
    front.ask("DELETE", "/clary/workteams/default/members/Anna", front.login)
    for method, path, body in (("GET", "/clary/portal/me", None), ("POST", CANVAS, OPEN)):
        assert said(front.ask(method, path, anna, body)) == (403, "This link was revoked.")
    assert front.ask("GET", "/clary/portal/me", front.invite("Anna"))[0] == 200


def test_the_jobs_of_other_teams_are_not_there(front: Any, engine: Engine, job: Any) -> None:
    job()
    group = {"CognitoMemberDefinition": {"UserPool": "us-east-1_x", "UserGroup": "g", "ClientId": "c"}}
    engine.call("sagemaker", "CreateWorkteam", {
        "WorkteamName": "others", "MemberDefinitions": [group], "Description": "d",
    })  # fmt: skip
    bo = front.invite("Bo", "others")
    assert json.loads(front.ask("GET", "/clary/portal/me", bo)[2])["jobs"] == []
    assert said(front.ask("POST", CANVAS, bo, OPEN)) == (404, "There is no job 'mood' for you.")
    assert said(front.ask("POST", CANVAS.replace("mood", "none"), bo, OPEN)) == (
        404,
        "There is no job 'none' for you.",
    )
    assert front.ask("GET", "/clary/portal/jobs/mood/objects/0/image", bo)[0] == 404


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "x",
        "a" * 12 + "." + "b" * 43,
        "a" * 5000,
        "' OR 1=1 --",
        "\u00e9",
        "annotator:x",
        "{prefix}." + "b" * 43,
    ],
)
def test_without_a_good_secret_there_is_nothing(front: Any, job: Any, secret: str) -> None:
    job()
    good = front.invite()["X-Clary-Annotator"]
    wrong = {"X-Clary-Annotator": secret.replace("{prefix}", good[:12]).encode().decode("latin-1")}
    for method, path in (
        ("GET", "/clary/portal/me"),
        ("POST", CANVAS),
        ("GET", "/clary/portal/jobs/mood/objects/0/image"),
    ):
        status, _, body = front.ask(method, path, wrong, OPEN if method == "POST" else None)
        assert status == 403, (method, path, body)
    # Neither in the address nor as any other kind of login.
    for headers in ({"Authorization": f"Bearer {good}"}, {"Cookie": f"secret={good}"}):
        assert front.ask("GET", f"/clary/portal/me?secret={good}", headers)[0] == 403


def test_guessing_is_slowed_down_but_keeps_nobody_out(front: Any) -> None:
    anna, wrong = front.invite(), {"X-Clary-Annotator": "x"}
    statuses = [front.ask("GET", "/clary/portal/me", wrong)[0] for _ in range(25)]
    assert statuses == [403] * 20 + [429] * 5
    assert front.ask("GET", "/clary/portal/me", anna)[0] == 200


def test_a_workforce_may_be_kept_to_some_addresses(front: Any, engine: Engine) -> None:
    anna = front.invite()
    for ranges, status in ((["10.0.0.0/8"], 404), (["10.0.0.0/8", "127.0.0.0/8"], 200)):
        engine.call(
            "sagemaker", "UpdateWorkforce", {"WorkforceName": "default", "SourceIpConfig": {"Cidrs": ranges}}
        )
        assert front.ask("GET", "/clary/portal/me", anna)[0] == status


def routes() -> list[tuple[str, str]]:
    """Every path of the REST set, with something in the place of names, and what AWS's protocols answer at."""
    found = [
        (method, re.sub(r"\([^)]*\)", "mood", pattern.pattern))
        for methods, pattern, _ in [*extras._ROUTES, *labeling_routes._ROUTES]
        for method in methods
    ]
    assert len(found) > 20
    aws = [
        "/",
        "/data",
        "/data/labels.json",
        "/endpoints/x/invocations",
        "/BatchGetMetrics",
        "/clary/aws/data/in.manifest",
    ]
    tricks = [
        "/clary/portal/../labeling-jobs/mood/events", "/clary/portal/%2e%2e/environment", "/clary/portal//environment",
        "/clary/portal/environment", "/clary/portalx/me", "/clary/portal/workteams/default/members", "/CLARY/PORTAL/me",
        "/clary/portal/jobs/mood", "/clary/portal/jobs/mood/events", "/clary/portal/canvas/../../people.py",
        "/clary/portal/canvas/%2e%2e%2fpeople.py", "/clary/portal/canvas/__init__.py",
    ]  # fmt: skip
    return [
        *found,
        *((method, path) for path in [*aws, *tricks] for method in ("GET", "POST", "PUT", "DELETE")),
    ]


def test_a_secret_opens_no_other_route(front: Any, job: Any) -> None:
    job()
    anna = front.invite()
    secret = anna["X-Clary-Annotator"]
    for method, path in routes():
        for headers in ({}, anna, {**anna, "Authorization": f"Bearer {secret}"}):
            status, _, body = front.ask(method, path, headers, b"{}" if method in ("POST", "PUT") else None)
            assert status in (400, 403, 404, 405), (method, path, status, body)
            assert secret.encode() not in body
            assert b"text 0" not in body
            assert b"AWS_SECRET" not in body


def test_a_secret_does_none_of_the_operations(front: Any, job: Any) -> None:
    job()
    anna = front.invite()
    names = [*registry.offered("sagemaker"), "NoSuchOperation"]
    assert len(names) > 60
    for name in names:
        headers = {**anna, "X-Amz-Target": f"SageMaker.{name}", "Content-Type": "application/x-amz-json-1.1"}
        for path in ("/", "/clary/portal/me", CANVAS):
            status, _, body = front.ask("POST", path, headers, {})
            assert status == 403, (name, path, body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        ({}, "must be {"),
        ({"method": 5}, "must be {"),
        ({"method": "open", "params": []}, "must be {"),
        ({"method": "__init__"}, "no method"),
        ({"method": "image", "params": {"object": 0}}, "not JSON"),
        ({"method": "next", "params": {"n": "many"}}, ""),
        ({"method": "next", "params": {"n": 10**30}}, ""),
        ({"method": "next", "params": {"n": 1, "have": {"a": 1}}}, ""),
        ({"method": "next", "params": {"n": 1, "queue": "review"}}, ""),
        ({"method": "act", "params": {"action": "drop", "nonce": "a"}}, ""),
        (
            {
                "method": "act",
                "params": {"action": "review", "object": 0, "answer": {"label": "good"}, "nonce": "a"},
            },
            "",
        ),
        (
            {
                "method": "act",
                "params": {"action": "answer", "object": 0, "answer": {"label": "good"}, "nonce": "a"},
            },
            "",
        ),
        ({"method": "acts", "params": {"items": 5}}, ""),
        ({"method": "history", "params": {"before": "x"}}, ""),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(front: Any, job: Any, body: Any, words: str) -> None:
    job()
    status, _, answer = front.ask("POST", CANVAS, front.invite(), body)
    error = json.loads(answer)["error"]
    assert 400 <= status < 500, answer
    assert words in error["message"]
    assert error.keys() == {"code", "message", "retry"}


def test_a_huge_body_is_refused_and_nothing_of_it_kept(front: Any, job: Any) -> None:
    job()
    anna = front.invite()
    assert front.ask("POST", CANVAS, anna, b"x" * (9 << 20))[0] == 413
    # Of strangers not even what an annotator may send.
    assert front.ask("POST", CANVAS, {}, b"x" * (2 << 20))[0] == 403
    assert front.ask("POST", CANVAS, anna, OPEN)[0] == 200


def test_script_in_names_and_texts_goes_through_as_text(front: Any, job: Any, put: Any) -> None:
    evil = "<script>alert(1)</script>"
    put("in.manifest", json.dumps({"source": evil}) + "\n")
    put("labels.json", {"labels": [{"label": evil}, {"label": "b"}]})
    put("t.html", (
        "<crowd-form><crowd-classifier name='c' header='<img src=x onerror=alert(1)>' categories='[]'><classification-target>"
        f"</classification-target><short-instructions><p>hi</p>{evil}<b onclick='x()'>b</b></short-instructions>"
    ))  # fmt: skip
    job(human={"TaskTitle": evil, "UiConfig": {"UiTemplateS3Uri": "s3://data/t.html"}})
    bo = front.invite("Bo <b>x")
    status, headers, body = front.ask("GET", "/clary/portal/me", bo)
    assert (status, headers["content-type"], headers["x-content-type-options"]) == (
        200,
        "application/json",
        "nosniff",
    )
    assert json.loads(body)["name"] == "Bo <b>x"
    opened = json.loads(front.ask("POST", CANVAS, bo, OPEN)[2])["result"]
    assert opened["labels"][0]["name"] == evil
    assert opened["instructions"] == "<p>hi</p><b>b</b>"
    (item,) = json.loads(front.ask("POST", CANVAS, bo, {"method": "next", "params": {"n": 1}})[2])["result"][
        "items"
    ]
    assert item["source"]["text"] == evil


def test_what_breaks_inside_is_not_told_to_annotators(
    front: Any, job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job()
    anna = front.invite()
    monkeypatch.setattr("clary.labeling.session.Session.call", lambda *_: 1 / 0)
    status, message = said(front.ask("POST", CANVAS, anna, OPEN))
    assert status == 500
    assert "division" not in message
    assert "Try again" in message
