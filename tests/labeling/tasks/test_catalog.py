"""AWS's functions by name."""

from __future__ import annotations

import pytest

from clary.labeling.tasks.catalog import BuiltIn, Refused, built_in, function_name

ARN = "arn:aws:lambda:us-east-1:432418664414:function:"


@pytest.mark.parametrize(
    ("name", "task", "mode"),
    [
        ("ImageMultiClass", "image-classification", "label"),
        ("ImageMultiClassMultiLabel", "image-classification-multilabel", "label"),
        ("BoundingBox", "bounding-box", "label"),
        ("SemanticSegmentation", "semantic-segmentation", "label"),
        ("TextMultiClass", "text-classification", "label"),
        ("TextMultiClassMultiLabel", "text-classification-multilabel", "label"),
        ("NamedEntityRecognition", "named-entity-recognition", "label"),
        ("VerificationBoundingBox", "bounding-box", "verify"),
        ("AdjustmentSemanticSegmentation", "semantic-segmentation", "adjust"),
        ("VerificationNamedEntityRecognition", "named-entity-recognition", "verify"),
    ],
)
def test_a_function_stands_for_a_task_type_and_a_mode(name: str, task: str, mode: str) -> None:
    for kind in ("PRE", "ACS"):
        found = built_in(f"{ARN}{kind}-{name}")
        assert found == BuiltIn(kind, task, mode)  # type: ignore[arg-type]
        assert function_name(found.kind, found.task, found.mode) == f"{kind}-{name}"
    assert built_in(f"{ARN}PRE-{name}:$LATEST") == BuiltIn("PRE", task, mode)  # type: ignore[arg-type]


def test_a_function_of_the_users_own_is_none_of_them() -> None:
    assert built_in(f"{ARN}my-function") is None


@pytest.mark.parametrize(
    "name", ["VideoObjectDetection", "Adjustment3DPointCloudObjectTracking", "PassThrough"]
)
def test_video_and_point_clouds_are_refused_by_name(name: str) -> None:
    with pytest.raises(Refused, match=f"PRE-{name} .* which Clary does not offer"):
        built_in(f"{ARN}PRE-{name}")


def test_a_function_that_aws_has_not_either_is_refused() -> None:
    with pytest.raises(Refused, match="no built-in function ACS-Smell; there are: ImageMultiClass"):
        built_in(f"{ARN}ACS-Smell")
