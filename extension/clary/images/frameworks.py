"""Framework images that Clary knows by name: what is in them, and which versions a tag promises.

Names and tags are those of AWS's Deep Learning Containers and of SageMaker's own framework images (the SDK's
image_uri_config), those of the images' makers at other registries, and plain names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clary.images.names import ImageName

_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)*)(?![\w.])")
_PYTHON = re.compile(r"(?:^|-)py(\d)(\d+)(?:-|$)")
_TRANSFORMERS = re.compile(r"transformers(\d+(?:\.\d+)+)")
_MODULES = {"scikit-learn": "sklearn"}


@dataclass(frozen=True)
class Framework:
    """One kind of image.

    needs: the distributions without which it is not that image; the tag's version is the first one's.
    brings: what programs find in it besides, added when an environment is built for it.
    """

    name: str
    example: str
    repositories: re.Pattern[str]
    needs: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()


def _known(name: str, example: str, pattern: str, needs: str = "", brings: str = "") -> Framework:
    return Framework(name, example, re.compile(pattern), tuple(needs.split()), tuple(brings.split()))


_SUFFIX = r"(-training|-inference|-inference-eia|(-training|-inference)-(graviton|arm64)|-trcomp-training)"
FRAMEWORKS = (
    _known("PyTorch", "pytorch-training", rf"pytorch({_SUFFIX})?|sagemaker-pytorch|torch", "torch", "numpy"),
    _known(
        "Hugging Face (PyTorch)",
        "huggingface-pytorch-training",
        rf"huggingface-pytorch{_SUFFIX}|huggingface|transformers-pytorch-(cpu|gpu)",
        "torch transformers",
        "datasets accelerate",
    ),
    _known(
        "Hugging Face (TensorFlow)",
        "huggingface-tensorflow-training",
        rf"huggingface-tensorflow{_SUFFIX}",
        "tensorflow transformers",
        "datasets",
    ),
    _known(
        "scikit-learn",
        "sagemaker-scikit-learn",
        r"(sagemaker-)?scikit-learn|sklearn",
        "scikit-learn",
        "numpy pandas",
    ),
    _known("XGBoost", "sagemaker-xgboost", r"(sagemaker-)?xgboost", "xgboost", "numpy pandas scikit-learn"),
    _known(
        "TensorFlow",
        "tensorflow-training",
        rf"tensorflow({_SUFFIX})?|sagemaker-tensorflow(-scriptmode|-serving|-eia|-serving-eia)?",
        "tensorflow",
        "numpy",
    ),
    _known(
        "MXNet", "mxnet-training", rf"mxnet({_SUFFIX})?|sagemaker-mxnet(-serving|-eia|-serving-eia)?", "mxnet", "numpy"
    ),
    _known("AutoGluon", "autogluon-training", r"autogluon-(training|inference)", "autogluon"),
    _known("Spark", "sagemaker-spark-processing", r"sagemaker-spark-processing", "pyspark", "numpy pandas"),
    _known(
        "SageMaker Distribution",
        "sagemaker-distribution",
        r"sagemaker-distribution(-prod|-cpu|-gpu)?",
        "torch scikit-learn pandas",
    ),
    _known(
        "Python", "sagemaker-base-python", r"(sagemaker-)?base-python(-(?P<python>\d{2,3}))?|(?P<plain>python)"
    ),
)  # fmt: skip

# Repositories of AWS's built-in algorithms; their code is in the images and nowhere else.
BUILT_IN = frozenset(
    {
        "blazingtext", "factorization-machines", "forecasting-deepar", "image-classification", "image-classification-neo",
        "ipinsights", "kmeans", "knn", "lda", "linear-learner", "ntm", "object-detection", "object2vec", "pca",
        "randomcutforest", "semantic-segmentation", "seq2seq",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A framework image with what its name promises: versions by distribution, and Python's (``3.11``), where it says so."""

    framework: Framework
    versions: Mapping[str, str] = field(default_factory=dict)
    python: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        return self.framework.needs


def recognise(image: ImageName) -> Known | None:
    """What framework image this is, by repository and tag; None for one that Clary does not know."""
    for framework in FRAMEWORKS:
        match = framework.repositories.fullmatch(image.leaf)
        if match is not None:
            return _read(framework, image.tag, match.groupdict())
    return None


def _read(framework: Framework, tag: str, named: Mapping[str, str | None]) -> Known:
    python = _PYTHON.search(tag)
    version = f"{python[1]}.{python[2]}" if python else ""
    if named.get("python"):
        digits = str(named["python"])
        version = f"{digits[0]}.{digits[1:]}"
    number = _VERSION.match(tag)
    if named.get("plain"):
        return Known(framework, {}, ".".join(number[1].split(".")[:2]) if number else "")
    versions = {}
    # The tag of a distribution is its own version, not one of a package in it.
    if framework.needs and number and not framework.example.startswith("sagemaker-distribution"):
        versions[framework.needs[0]] = number[1]
    transformers = _TRANSFORMERS.search(tag)
    if transformers and "transformers" in framework.needs:
        versions["transformers"] = transformers[1]
    return Known(framework, versions, version)


def module_of(distribution: str) -> str:
    """The name by which a distribution is imported."""
    return _MODULES.get(distribution, distribution.replace("-", "_"))


def is_version(installed: str, asked: str) -> bool:
    """Whether ``installed`` (1.2.2, 2.13.0+cpu) is a release of the version that a tag names (1.2); an empty one is any."""
    if not asked:
        return True
    have, want = installed.partition("+")[0].split("."), asked.split(".")
    return have[: len(want)] == want
