"""Java's patterns of the service models mean the same in Python."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from clary.api.patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", ["", "a b", "é/ü=1", "日本", "٣"], ["a\0", "{", "a\nb"]),
        (r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+", ["a+b", "e\u0301", "«»"], ["", "a b"]),
        (r"\p{ASCII}*", ["", "abc\x01"], ["é"]),
        (r"\A\S[\p{Print}]*\z", ["x", "x y"], [" x", "xé", "x\n"]),
        (r"arn:[\p{Alnum}\-]+:x", ["arn:aws-cn:x"], ["arn::x", "arn:a_b:x"]),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", ["a\t", "😀"], ["\n", "\x01"]),
        (r"[\w-_]*", ["a-b_c"], ["a b"]),
        (r"[a-z]+", ["ab"], ["ab\n", "ab1"]),
    ],
)
def test_a_pattern_takes_and_refuses_what_java_would(pattern: str, good: list[str], bad: list[str]) -> None:
    matcher = compiled(pattern)
    assert matcher is not None
    for text in good:
        assert matcher.fullmatch(text), text
    for text in bad:
        assert not matcher.fullmatch(text), text


def test_a_pattern_that_python_cannot_read_checks_nothing() -> None:
    assert compiled("(${1,128}") is None
    assert compiled(r"\p{Klingon}") is None


@pytest.mark.parametrize("service", ["sagemaker", "sagemaker-runtime", "logs"])
def test_nearly_all_patterns_of_the_models_are_checked(service: str) -> None:
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    patterns = {
        name: shape.metadata["pattern"]
        for name in model.shape_names
        if "pattern" in (shape := model.shape_for(name)).metadata
    }
    skipped = [name for name, pattern in patterns.items() if compiled(pattern) is None]
    # AWS's own mistake: ")${1,128}".
    assert set(skipped) <= {"CustomerMetadataKey", "CustomerMetadataValue"}
