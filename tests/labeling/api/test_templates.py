"""Worker templates: Liquid, crowd elements, harmless HTML, RenderUiTemplate and custom jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.labeling.session import Session
from clary.labeling.templates import TemplateError, interpret, render
from clary.labeling.templates.sanitize import sanitize
from clary.labeling.work import Work

ROLE = "arn:aws:iam::000000000000:role/labeling"
OWN = "arn:aws:lambda:us-east-1:000000000000:function:"
IMAGE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <crowd-image-classifier name="c" src="{{ task.input.taskObject | grant_read_access }}" header="Which {{ task.input.what }}?"
      categories="{{ task.input.labels | to_json | escape }}">
    <short-instructions><p>Look <b>twice</b> &amp; choose.</p></short-instructions>
    <full-instructions header="All"><p>More</p><br></full-instructions>
  </crowd-image-classifier>
</crowd-form>"""
TEXT = """<crowd-form><crowd-classifier name="c" header="Mood?" categories="['good', 'bad']">
  <classification-target>{{ task.input.said }}</classification-target></crowd-classifier></crowd-form>"""


def test_a_template_becomes_what_a_canvas_shows() -> None:
    labels = ['say "a"', "<b>"]
    page = interpret(IMAGE, {"taskObject": "s3://b/a b.jpg", "labels": labels, "what": "<i>\"one'"})
    assert (page.task, page.source, page.header) == (
        "image-classification",
        "s3://b/a b.jpg",
        "Which <i>\"one'?",
    )
    assert [one.name for one in page.labels] == labels
    assert page.instructions == "<p>Look <b>twice</b> &amp; choose.</p>"
    assert page.full_instructions == "<p>More</p><br>"
    page = interpret(TEXT, {"said": "1 < 2 & <script>alert(1)</script>"})
    assert (page.task, page.source) == ("text-classification", "1 < 2 & <script>alert(1)</script>")
    box = (
        """<crowd-bounding-box name="b" src="x" labels='["a"]' initial-value='[{"label": "a", "left": 1}]'>"""
    )
    assert interpret(box, {}).initial == [{"label": "a", "left": 1}]


def test_everything_is_escaped_unless_the_template_says_otherwise() -> None:
    assert render("{{ task.input.x }}", {"x": "<b>"}) == "&lt;b&gt;"
    assert render("{{ task.input.x | skip_autoescape }}", {"x": "<b>"}) == "<b>"
    assert render("{{ task.input.x | to_json | escape }}", {"x": ['"']}) == "[&#34;\\&#34;&#34;]"
    assert (
        render("{{ task.dataObject['source-ref'] }}", {}, data_object={"source-ref": "s3://b/k"})
        == "s3://b/k"
    )


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for i in (1..10000000) %}x{% endfor %}", "too much time or space"),
        (
            "{% assign a = 'xxxxxxxx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}",
            "too much time",
        ),
        ("{% include 'secret' %}", "unexpected tag"),
        ("{% render 'secret' %}", "unexpected tag"),
        ("a\nb {{ task.input.x | nothing }}", "line 2"),
        ("{{ task.input.x", "not valid Liquid"),
        ("{% if %}" * 2000, "not valid Liquid"),
        ("x" * 128_001, "128,000 is the most"),
    ],
)
def test_a_template_that_cannot_be_rendered_says_why(template: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        render(template, {"x": 1})


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<crowd-polygon name='p'></crowd-polygon>", "<crowd-polygon>, which Clary does not show"),
        ("<crowd-form><input name='x'></crowd-form>", "a form of its own"),
        ("<p>hello</p>", "nothing to answer"),
        (TEXT + TEXT, "several elements"),
        ("<crowd-classifier categories='[1, 2]'>", "must be a list of texts"),
        ("<crowd-classifier categories='__import__(\"os\")'>", "not valid JSON"),
    ],
)
def test_a_template_that_cannot_be_shown_says_why(template: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        interpret(template, {})


def test_html_of_others_is_shown_and_never_run() -> None:
    dirty = (
        '<p onclick="x()" style="background:url(//e)">a<script>b()</script><style>*{}</style></p><iframe src="//e"></iframe>'
        '<a href="javascript:x()">j</a><a href="https://e/">k</a><a href="/clary/aws">l</a><img src=x onerror=y>'
        '<img src="data:image/svg+xml,<svg onload=x>"><svg><script>z</script></svg><form action=//e><input></form>'
        "<base href=//e><math><mtext><style><img src=x onerror=y></style>"
    )
    clean = sanitize(dirty)
    for word in (
        "script",
        "onclick",
        "style",
        "url(",
        "iframe",
        "onerror",
        "svg",
        "form",
        "base",
        "/clary/aws",
        "input",
    ):
        assert word not in clean, word
    assert 'href="https://e/"' in clean
    assert 'rel="noopener noreferrer nofollow"' in clean
    assert "a" in clean


def test_a_template_is_rendered_for_a_look(engine: Engine, put: Callable[..., str]) -> None:
    uri = put("a.jpg", b"x")

    def ask(template: str, task: Any) -> dict[str, Any]:
        given = task if isinstance(task, str) else json.dumps(task)
        return engine.call("sagemaker", "RenderUiTemplate", {
            "UiTemplate": {"Content": template}, "Task": {"Input": given}, "RoleArn": ROLE,
        })  # fmt: skip

    good = ask(IMAGE, {"taskObject": uri, "labels": ["a"], "what": "x"})
    assert good["Errors"] == []
    assert f'src="{uri}"' in good["RenderedContent"]
    bad = ask("{{ task.input.nothing | grant_read_access }}", {})
    assert bad == {
        "RenderedContent": "",
        "Errors": [
            {"Code": "InvalidParameters", "Message": '"grant_read_access" input is not a valid S3 URI: "".'}
        ],
    }
    forgotten = ask('<img src="{{ task.input.x }}">', {"x": uri})
    assert "pass it through the filter grant_read_access" in forgotten["Errors"][0]["Message"]
    assert ask("{% if %}", {})["Errors"][0]["Code"] == "InvalidTemplate"
    for task in ("[]", "{,}"):
        with pytest.raises(Exception, match="JSON"):
            ask("x", task)


def test_a_presigned_address_stands_for_a_granted_object(
    engine: Engine, put: Callable[..., str], front: Any
) -> None:
    answer = engine.call("sagemaker", "RenderUiTemplate", {
        "UiTemplate": {"Content": "{{ task.input.x | grant_read_access | skip_autoescape }}"},
        "Task": {"Input": json.dumps({"x": put("a b.jpg", b"pixels")})}, "RoleArn": ROLE,
    })  # fmt: skip
    url = answer["RenderedContent"]
    assert url.startswith(front.url)
    assert front.ask("GET", url.removeprefix(front.url))[2] == b"pixels"


def test_worker_interfaces_are_kept_and_used(engine: Engine, request_of: Any, quiet: None) -> None:
    def call(operation: str, **params: Any) -> dict[str, Any]:
        return engine.call("sagemaker", operation, params)

    arn = call("CreateHumanTaskUi", HumanTaskUiName="mood", UiTemplate={"Content": TEXT})["HumanTaskUiArn"]
    with pytest.raises(Exception, match="already"):
        call("CreateHumanTaskUi", HumanTaskUiName="mood", UiTemplate={"Content": TEXT})
    assert len(call("DescribeHumanTaskUi", HumanTaskUiName="mood")["UiTemplate"]["ContentSha256"]) == 64
    assert [one["HumanTaskUiName"] for one in call("ListHumanTaskUis")["HumanTaskUiSummaries"]] == ["mood"]
    task = {"Input": '{"said": "hm"}'}
    assert "hm" in call("RenderUiTemplate", HumanTaskUiArn=arn, Task=task, RoleArn=ROLE)["RenderedContent"]
    call("CreateLabelingJob", **request_of(human={"UiConfig": {"HumanTaskUiArn": arn}}))
    assert Work.open(engine.home, "mood").settings.options["header"] == "Mood?"
    call("DeleteHumanTaskUi", HumanTaskUiName="mood")
    with pytest.raises(Exception, match="does not exist"):
        call("RenderUiTemplate", HumanTaskUiArn=arn, Task=task, RoleArn=ROLE)


def custom(engine: Engine, request_of: Any, put: Any, **human: Any) -> dict[str, Any]:
    """A job with a template and functions of the user's own, which lists its labels in the template."""
    uri = put("text.html", TEXT)
    task = {
        "UiConfig": {"UiTemplateS3Uri": uri},
        "PreHumanTaskLambdaArn": f"{OWN}before",
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{OWN}after"},
    }
    return request_of(human={**task, **human}, LabelCategoryConfigS3Uri=None)


def before(event):  # type: ignore[no-untyped-def]
    line = event["dataObject"]
    assert event["version"] == "2018-10-16"
    if "skip" in line:
        return {"taskInput": {}, "isHumanAnnotationRequired": False}
    return {"taskInput": {"said": line["source"].upper()}}


def after(event, context):  # type: ignore[no-untyped-def]
    import boto3

    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    answered = []
    for one in json.loads(body):
        said = json.loads(one["annotations"][0]["annotationData"]["content"])
        content = {event["labelAttributeName"]: {"said": said, "by": context.function_name}}
        answered.append(
            {"datasetObjectId": one["datasetObjectId"], "consolidatedAnnotation": {"content": content}}
        )
    return answered


def test_a_job_with_a_template_and_functions_of_the_users_own(
    engine: Engine, request_of: Any, put: Any, run_step: Any, describe: Any
) -> None:
    from clary.labeling import functions

    functions.add(engine.home, "before", before)
    functions.add(engine.home, "after", f"{__file__}:after")
    put("in.manifest", '{"source": "fine"}\n{"source": "x", "skip": 1}\n')
    engine.call("sagemaker", "CreateLabelingJob", custom(engine, request_of, put))
    run_step("mood")
    session = Session(engine.home, None, None, "mood", "anna", False)
    (item,) = session.call("next", {"n": 5})["items"]
    assert (item["source"]["text"], item["header"]) == ("FINE", "Mood?")
    session.call("act", {"action": "answer", "object": item["id"], "answer": {"label": "good"}, "nonce": "a"})
    run_step("mood")
    found = describe("mood")
    assert found["LabelingJobStatus"] == "Completed", found
    lines = engine.objects.read_uri(found["LabelingJobOutput"]["OutputDatasetS3Uri"]).splitlines()
    label = json.loads(lines[0])["mood"]
    assert label == {"said": {"c": {"label": "good"}}, "by": "after"}


def test_a_function_that_fails_is_told_with_its_traceback(
    engine: Engine, request_of: Any, put: Any, run_step: Any, describe: Any
) -> None:
    from clary.labeling import functions

    path = engine.home.root / "mine.py"
    path.write_text("def broken(event):\n    return event['dataObject']['nothing']\n")
    functions.add(engine.home, "before", f"{path}:broken")
    functions.add(engine.home, "after", after)
    engine.call("sagemaker", "CreateLabelingJob", custom(engine, request_of, put))
    run_step("mood")
    found = describe("mood")
    assert found["LabelingJobStatus"] == "Failed"
    assert "KeyError: 'nothing'" in found["FailureReason"]
    assert "line 2, in broken" in found["FailureReason"]
