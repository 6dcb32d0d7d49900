"""What CreateLabelingJob refuses, and that it says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.api.errors import ApiError
from clary.labeling.settings import Automatic, Gold, Label
from clary.labeling.work import Work

LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"
OWN = "arn:aws:lambda:us-east-1:000000000000:function:"
TEAM = "arn:aws:sagemaker:us-east-1:000000000000:workteam"
ALGORITHM = "arn:aws:sagemaker:us-east-1:027400017018:labeling-job-algorithm-specification"
LABELS = [{"label": "good"}, {"label": "bad"}]


def functions(pre: str, post: str) -> dict[str, Any]:
    after = {"AnnotationConsolidationLambdaArn": post if ":" in post else f"{LAMBDA}{post}"}
    return {
        "PreHumanTaskLambdaArn": pre if ":" in pre else f"{LAMBDA}{pre}",
        "AnnotationConsolidationConfig": after,
    }


def source(**data: Any) -> dict[str, Any]:
    return {"InputConfig": {"DataSource": data}}


# (members of the request, what the refusal says)
REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"LabelAttributeName": "source"}, "may not be 'source'"),
    ({"LabelAttributeName": "mood-metadata"}, "may not end in '-metadata'"),
    ({"LabelAttributeName": "mood-ref"}, "may not end in '-ref'"),
    (source(), "must have S3DataSource"),
    (source(SnsDataSource={"SnsTopicArn": "arn:aws:sns:us-east-1:000000000000:t"}), "streaming labeling job"),
    (source(S3DataSource={"ManifestS3Uri": "s3://data/nothing"}), "no input manifest at s3://data/nothing"),
    (source(S3DataSource={"ManifestS3Uri": "s3://nowhere/x"}), "bucket does not exist: nowhere"),
    (source(S3DataSource={"ManifestS3Uri": "s3://data/empty"}), "is empty"),
    ({"OutputConfig": {"S3OutputPath": "s3://nowhere/"}}, "bucket does not exist: nowhere"),
    (
        {
            "OutputConfig": {
                "S3OutputPath": "s3://data/o",
                "SnsTopicArn": "arn:aws:sns:us-east-1:000000000000:t",
            }
        },
        "streaming",
    ),
    ({"LabelCategoryConfigS3Uri": None}, "LabelCategoryConfigS3Uri must be given"),
    ({"LabelCategoryConfigS3Uri": "s3://data/nothing"}, "category file at s3://data/nothing cannot be read"),
    ({"LabelCategoryConfigS3Uri": "s3://data/in.manifest"}, "no valid JSON"),
    ({"LabelCategoryConfigS3Uri": "s3://data/one.json"}, "needs at least two"),
    ({"StoppingConditions": {"MaxPercentageOfInputDatasetLabeled": 101}}, "less than or equal to 100"),
    (
        {"LabelingJobAlgorithmsConfig": {"LabelingJobAlgorithmSpecificationArn": "arn:x"}},
        "is none of AWS's: it ends in",
    ),
    (
        {
            "LabelingJobAlgorithmsConfig": {
                "LabelingJobAlgorithmSpecificationArn": f"{ALGORITHM}/object-detection"
            }
        },
        "object-detection does not label text-classification",
    ),
    (
        {
            "LabelingJobAlgorithmsConfig": {
                "LabelingJobAlgorithmSpecificationArn": f"{ALGORITHM}/text-classification",
                "InitialActiveLearningModelArn": "arn:aws:sagemaker:us-east-1:000000000000:model/none",
            }
        },
        "The model .* does not exist",
    ),
    ({"LabelingJobName": "-bad-"}, "regular expression"),
]
# (members of HumanTaskConfig, what the refusal says)
TASKS: list[tuple[dict[str, Any], str]] = [
    ({"WorkteamArn": f"{TEAM}/public-crowd/default"}, "Mechanical Turk"),
    ({"WorkteamArn": f"{TEAM}/vendor-crowd/acme"}, "A vendor's workforce"),
    ({"WorkteamArn": f"{TEAM}/private-crowd/nobody"}, "does not exist"),
    ({"WorkteamArn": f"{TEAM}/nobody"}, "not the ARN of a work team"),
    ({"WorkteamArn": TEAM.replace("000000000000", "123456789012") + "/private-crowd/default"}, "is of account 123456789012"),
    ({"NumberOfHumanWorkersPerDataObject": 0}, "greater than or equal to 1"),
    ({"NumberOfHumanWorkersPerDataObject": 10}, "less than or equal to 9"),
    ({"TaskTimeLimitInSeconds": 29}, "greater than or equal to 30"),
    ({"TaskTimeLimitInSeconds": 28_801}, "8 hours"),
    ({"TaskAvailabilityLifetimeInSeconds": 2_592_001}, "30 days"),
    ({"TaskAvailabilityLifetimeInSeconds": 60}, "must not be more than"),
    ({"MaxConcurrentTaskCount": 5001}, "less than or equal to 5000"),
    ({"PublicWorkforceTaskPrice": {"AmountInUsd": {"Cents": 3}}}, "for the public workforce"),
    ({"TaskKeywords": []}, "length greater than or equal to 1"),
    (functions("PRE-TextMultiClass", "ACS-ImageMultiClass"), "are for different tasks"),
    (functions("ACS-TextMultiClass", "ACS-TextMultiClass"), "must name a function PRE-"),
    (functions("PRE-VideoObjectTracking", "ACS-VideoObjectTracking"), "frames of videos"),
    (functions("PRE-3DPointCloudObjectDetection", "ACS-3DPointCloudObjectDetection"), "3D point clouds"),
    (functions("PRE-Telepathy", "ACS-Telepathy"), "no built-in function PRE-Telepathy"),
    (functions("PRE-VerificationBoundingBox", "ACS-VerificationBoundingBox"), "auditLabelAttributeName"),
    (functions(f"{OWN}mine", "ACS-TextMultiClass"), "no function 'mine' here.*clary.label_functions.add"),
    ({"AnnotationConsolidationConfig": None}, "goes with ACS-TextMultiClass"),
    (
        {"PreHumanTaskLambdaArn": None, "AnnotationConsolidationConfig": None},
        "Nothing says what kind of task this is",
    ),
    ({"UiConfig": {"UiTemplateS3Uri": "s3://data/nothing"}}, "template at s3://data/nothing cannot be read"),
    ({"UiConfig": {"UiTemplateS3Uri": "s3://data/box.html"}}, "<crowd-bounding-box>, which asks for bounding-box"),
    ({"UiConfig": {"UiTemplateS3Uri": "s3://data/keypoint.html"}}, "uses <crowd-keypoint>, which Clary does not show"),
    ({"UiConfig": {"UiTemplateS3Uri": "s3://data/broken.html"}}, "not valid Liquid .line 2.*unknown filter 'nothing'"),
    (
        {"UiConfig": {"HumanTaskUiArn": "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/VideoObjectTracking"}},
        "VideoObjectTracking is not offered",
    ),
    (
        {"UiConfig": {"HumanTaskUiArn": "arn:aws:sagemaker:us-east-1:000000000000:human-task-ui/none"}},
        "worker interface .* does not exist",
    ),
]  # fmt: skip
# (Clary's own block of the label category file, what the refusal says)
BLOCKS: list[tuple[dict[str, Any], str]] = [
    ({"epsilon": 0}, "clary.epsilon must be a number between 0 and 1"),
    ({"epsilon": "5 %"}, "clary.epsilon must be a number"),
    ({"scope": "everything"}, "'dataset' or 'auto-labelled'"),
    ({"seed": -1}, "clary.seed must be a whole number"),
    ({"gold": {"uri": "s3://data/gold"}}, "clary.gold.attribute"),
    ({"gold": {"uri": "s3://data/gold", "attribute": "a", "share": 0.9}}, "clary.gold.share"),
    ({"review_below": 2}, "clary.review_below"),
    ({"grid": "yes"}, "clary.grid must be true or false"),
    ({"colour": {}}, "block 'clary' has 'colour'; it may have"),
    ({"hotkeys": {"nope": "1"}}, "none of the labels"),
]


@pytest.fixture
def refused(engine: Engine, request_of: Any, put: Any) -> Callable[..., None]:
    put("empty", b"")
    put("one.json", {"labels": [{"label": "only"}]})
    put(
        "box.html",
        "<crowd-form><crowd-bounding-box name='b' labels=\"['a']\"></crowd-bounding-box></crowd-form>",
    )
    put("keypoint.html", "<crowd-form><crowd-keypoint name='k'></crowd-keypoint></crowd-form>")
    put("broken.html", "<crowd-form>\n{{ task.input.x | nothing }}</crowd-form>")

    def check(words: str, **request: Any) -> None:
        with pytest.raises(ApiError, match=words) as caught:
            engine.call("sagemaker", "CreateLabelingJob", request_of(**request))
        assert caught.value.code in ("ValidationException", "ResourceNotFound")
        assert not engine.call("sagemaker", "ListLabelingJobs")["LabelingJobSummaryList"]

    return check


def test_a_request_that_cannot_be_followed_says_why(refused: Callable[..., None]) -> None:
    for members, words in REQUESTS:
        refused(words, **members)


def test_a_task_that_cannot_be_given_to_people_says_why(refused: Callable[..., None]) -> None:
    for human, words in TASKS:
        refused(words, human=human)


def test_clarys_own_settings_are_checked_one_by_one(refused: Callable[..., None], put: Any) -> None:
    for block, words in BLOCKS:
        put("labels.json", {"labels": LABELS, "clary": block})
        refused(words)


def test_a_masks_attribute_must_end_in_ref(engine: Engine, request_of: Any) -> None:
    human = functions("PRE-SemanticSegmentation", "ACS-SemanticSegmentation")
    with pytest.raises(ApiError, match="Name it mood-ref"):
        engine.call("sagemaker", "CreateLabelingJob", request_of(human=human))


def test_everything_a_request_says_reaches_the_job(
    engine: Engine, request_of: Any, put: Any, quiet: None
) -> None:
    block = {
        "epsilon": 0.01, "scope": "auto-labelled", "seed": 3, "review_below": 0.5, "grid": True, "colors": {"bad": "#ff0000"},
        "gold": {"uri": "s3://data/in.manifest", "attribute": "known", "share": 0.2}, "hotkeys": {"good": "h"},
    }  # fmt: skip
    put("labels.json", {"labels": LABELS, "clary": block})
    put("model.tar.gz", b"weights")
    engine.call("sagemaker", "CreateModel", {
        "ModelName": "first", "ExecutionRoleArn": "arn:aws:iam::000000000000:role/r",
        "PrimaryContainer": {"Image": "clary/python", "ModelDataUrl": "s3://data/model.tar.gz"},
    })  # fmt: skip
    algorithms = {
        "LabelingJobAlgorithmSpecificationArn": f"{ALGORITHM}/text-classification",
        "InitialActiveLearningModelArn": "arn:aws:sagemaker:us-east-1:000000000000:model/first",
    }
    human = {
        "NumberOfHumanWorkersPerDataObject": 3, "MaxConcurrentTaskCount": 7, "TaskAvailabilityLifetimeInSeconds": 6000,
    }  # fmt: skip
    stopping = {"MaxHumanLabeledObjectCount": 9, "MaxPercentageOfInputDatasetLabeled": 50}
    request = request_of(human=human, StoppingConditions=stopping, LabelingJobAlgorithmsConfig=algorithms)
    engine.call("sagemaker", "CreateLabelingJob", request)
    settings = Work.open(engine.home, "mood").settings
    assert settings.labels == (Label("good", hotkey="h"), Label("bad", color="#ff0000"))
    assert settings.automatic == Automatic(
        0.01, scope="auto-labelled", seed=3, model="s3://data/model.tar.gz"
    )
    assert settings.gold == Gold("s3://data/in.manifest", "known", 0.2)
    assert (settings.workers_per_object, settings.max_concurrent, settings.availability_s) == (3, 7, 6000)
    assert (settings.max_human_labeled, settings.max_labeled_share) == (9, 0.5)
    assert (settings.review_below, settings.options["grid"]) == (0.5, True)


def test_a_verification_job_looks_at_the_attribute_that_its_categories_name(
    engine: Engine, request_of: Any, put: Any, quiet: None
) -> None:
    put("labels.json", {"labels": LABELS, "auditLabelAttributeName": "boxes"})
    human = functions("PRE-VerificationBoundingBox", "ACS-VerificationBoundingBox")
    with pytest.raises(ApiError, match="needs another one"):
        engine.call("sagemaker", "CreateLabelingJob", request_of(human=human, LabelAttributeName="boxes"))
    engine.call("sagemaker", "CreateLabelingJob", request_of(human=human))
    settings = Work.open(engine.home, "mood").settings
    assert (settings.task, settings.mode, settings.audit_attribute) == ("bounding-box", "verify", "boxes")
