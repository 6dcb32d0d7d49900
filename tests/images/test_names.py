"""Images as AWS, their makers and people name them: what Clary takes each for."""

from __future__ import annotations

import pytest

from clary.images.frameworks import is_version, recognise
from clary.images.names import ImageName

DLC = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("image", "needs", "versions", "python"),
    [
        (f"{DLC}/pytorch-training:2.3.0-cpu-py311-ubuntu20.04-sagemaker", "torch", {"torch": "2.3.0"}, "3.11"),
        (f"{DLC}/pytorch-training:2.8.0-gpu-py312-cu129-ubuntu22.04-sagemaker-v1.3", "torch", {"torch": "2.8.0"}, "3.12"),
        (f"{DLC}/pytorch-inference:2.6.0-cpu-py312", "torch", {"torch": "2.6.0"}, "3.12"),
        (f"{DLC}/pytorch-inference-graviton:2.4.0-cpu-py311-ubuntu22.04", "torch", {"torch": "2.4.0"}, "3.11"),
        ("520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-pytorch:1.1.0-cpu-py3", "torch", {"torch": "1.1.0"}, ""),
        ("public.ecr.aws/deep-learning-containers/pytorch-training:2.6.0-cpu-py312", "torch", {"torch": "2.6.0"}, "3.12"),
        (
            f"{DLC}/huggingface-pytorch-training:2.1.0-transformers4.36.0-gpu-py310-cu121-ubuntu20.04",
            "torch transformers",
            {"torch": "2.1.0", "transformers": "4.36.0"},
            "3.10",
        ),
        (
            f"{DLC}/huggingface-pytorch-training@sha256:{'0' * 64}",
            "torch transformers",
            {},
            "",
        ),
        (f"{DLC}/tensorflow-training:2.19.0-cpu-py312", "tensorflow", {"tensorflow": "2.19.0"}, "3.12"),
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn", {"scikit-learn": "1.2"}, ""),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost", {"xgboost": "1.7"}, ""),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3", "xgboost", {"xgboost": "0.90"}, ""),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "xgboost", {}, ""),
        ("236514542706.dkr.ecr.us-west-2.amazonaws.com/sagemaker-base-python-310:1.0", "", {}, "3.10"),
        ("sagemaker-base-python", "", {}, ""),
        ("python:3.11-slim", "", {}, "3.11"),
        ("clary/python:3.11", "", {}, "3.11"),
        ("sagemaker-spark-processing:3.5-cpu-py312-v1.2", "pyspark", {"pyspark": "3.5"}, "3.12"),
        ("public.ecr.aws/sagemaker/sagemaker-distribution:3.2-cpu", "torch scikit-learn pandas", {}, ""),
        ("pytorch/pytorch:2.3.0-cuda12.1-cudnn8-runtime", "torch", {"torch": "2.3.0"}, ""),
        ("pytorch", "torch", {}, ""),
        (f"{DLC}/mxnet-training:1.9.0-cpu-py38", "mxnet", {"mxnet": "1.9.0"}, "3.8"),
    ],
)  # fmt: skip
def test_a_framework_image_is_recognised_by_repository_and_tag(
    image: str, needs: str, versions: dict[str, str], python: str
) -> None:
    known = recognise(ImageName.parse(image))
    assert known is not None
    assert (" ".join(known.needs), dict(known.versions), known.python) == (needs, versions, python)


@pytest.mark.parametrize(
    "image",
    [
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/my-algo:latest",
        "my-pytorch-training:2.3.0",
        "pytorch-training-neuronx:2.1",
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        "a b ! @ : /",
        "",
    ],
)
def test_any_other_name_is_nothing_that_clary_knows(image: str) -> None:
    assert recognise(ImageName.parse(image)) is None


def test_each_kind_of_image_in_the_list_is_recognised_by_its_example() -> None:
    from clary.images.frameworks import FRAMEWORKS

    assert all(recognise(ImageName.parse(one.example)) is not None for one in FRAMEWORKS)


def test_the_closest_of_several_registered_names_counts() -> None:
    image = ImageName.parse("1.dkr.ecr.us-east-1.amazonaws.com/team/algo:v1")
    names = [
        "1.dkr.ecr.us-east-1.amazonaws.com/team/algo:v1",
        "team/algo:v1",
        "algo:v1",
        "1.dkr.ecr.us-east-1.amazonaws.com/team/algo",
        "team/algo",
        "algo",
        "1.dkr.ecr.*/team/*",
        "*algo*",
    ]
    fits = [image.fit(name) for name in names]
    assert None not in fits
    assert fits == sorted(fits, key=lambda fit: fit or (), reverse=True)
    assert [image.fit(name) for name in ("algo:v2", "alg", "other/algo", "*:v2")] == [None] * 4


def test_a_name_without_a_tag_is_the_tag_latest_as_in_docker() -> None:
    assert ImageName.parse("algo").fit("algo:latest") is not None
    assert ImageName.parse("algo:latest").fit("algo:latest") is not None
    assert ImageName.parse(f"algo@sha256:{'0' * 64}").fit("algo:latest") is None


@pytest.mark.parametrize(
    ("installed", "asked", "same"),
    [
        ("1.2.2", "1.2", True),
        ("2.13.0+cpu", "2.13.0", True),
        ("1.20.0", "1.2", False),
        ("1.2", "1.2.2", False),
    ],
)
def test_an_installed_version_is_one_of_the_tags_or_not(installed: str, asked: str, same: bool) -> None:
    assert is_version(installed, asked) is same
