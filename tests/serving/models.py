"""Small models for the tests, made on the spot: ONNX by hand, archives from strings."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np


def mlp(inputs: int = 64, hidden: int = 256, outputs: int = 10, seed: int = 0) -> bytes:
    """An ONNX multi-layer perceptron with random weights: `input` (n, inputs) -> `output` (n, outputs)."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(seed)
    first = numpy_helper.from_array((random.standard_normal((inputs, hidden)) * 0.1).astype(np.float32), "w1")
    second = numpy_helper.from_array(
        (random.standard_normal((hidden, outputs)) * 0.1).astype(np.float32), "w2"
    )
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["input", "w1"], ["h"]),
            helper.make_node("Relu", ["h"], ["r"]),
            helper.make_node("MatMul", ["r", "w2"], ["output"]),
        ],
        "mlp",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", inputs])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", outputs])],
        [first, second],
    )
    return _bytes(graph)


def scaled(factor: float) -> bytes:
    """`x` (n, 2) -> `y` = factor * x."""
    from onnx import TensorProto, helper

    constant = helper.make_tensor("f", TensorProto.FLOAT, [1], [factor])
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "f"], ["y"])],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [constant],
    )
    return _bytes(graph)


def two_in_two_out() -> bytes:
    """`a` (n, 2), `b` (n, 2) -> `sum`, `difference`."""
    from onnx import TensorProto, helper

    def value(name: str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2])

    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])],
        "two",
        [value("a"), value("b")],
        [value("sum"), value("difference")],
    )
    return _bytes(graph)


def mean_over_rows() -> bytes:
    """`x` (n, 2) -> `y` = x - mean of x over n: an open first dimension that is no batch."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=1),
            helper.make_node("Sub", ["x", "m"], ["y"]),
        ],
        "centred",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [0])],
    )
    return _bytes(graph)


def _bytes(graph: Any) -> bytes:
    from onnx import checker, helper

    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def archive(path: Path, files: dict[str, bytes | str]) -> str:
    """Write a model.tar.gz; returns its file:// address."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            item = tarfile.TarInfo(name)
            item.size = len(data)
            tar.addfile(item, io.BytesIO(data))
    return path.as_uri()
