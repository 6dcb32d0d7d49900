"""The small parts: weights, codecs, layouts, the plan for an ONNX model."""

from __future__ import annotations

import io
import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serving_models as models
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.serving.batches import Batcher, Work
from clary.serving.measure import prepare
from clary.serving.onnx_model import OnnxModel
from clary.serving.weights import SmoothWeights
from clary.toolkits.inference import codecs
from clary.toolkits.inference.errors import InferenceError, ModelLoadError
from clary.toolkits.inference.layout import inspect


@given(st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 20), min_size=1))
def test_every_run_as_long_as_the_sum_has_exactly_the_shares(weights: dict[str, int]) -> None:
    picker = SmoothWeights({name: float(weight) for name, weight in weights.items()})
    total = sum(weights.values())
    if total == 0:
        assert picker.pick() is None
        return
    for _ in range(3):
        counts = Counter(picker.pick() for _ in range(total))
        assert counts == {name: weight for name, weight in weights.items() if weight}


def test_weights_are_spread_evenly_and_fractions_work() -> None:
    picker = SmoothWeights({"A": 0.1, "B": 0.3})
    assert "".join(str(picker.pick()) for _ in range(8)) == "BABBBABB"
    assert Counter(picker.pick() for _ in range(400)) == {"A": 100, "B": 300}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(codecs.registry())))
def test_no_bytes_make_a_decoder_do_anything_but_decode_or_refuse(body: bytes, content_type: str) -> None:
    try:
        codecs.decode(body, content_type)
    except InferenceError as error:
        assert error.status == 400


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_a_damaged_npy_is_refused_or_read_never_worse(place: int, garbage: bytes) -> None:
    out = io.BytesIO()
    np.save(out, np.arange(6, dtype=np.int32).reshape(2, 3))
    body = bytearray(out.getvalue())
    body[place : place + len(garbage)] = garbage
    try:
        codecs.decode(bytes(body), codecs.NPY)
    except InferenceError as error:
        assert error.status == 400


def test_npy_is_a_view_of_the_body() -> None:
    for array in (
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 3)),
        np.float32(3),
    ):
        body = codecs.registry()[codecs.NPY].encode(array)
        again = codecs.decode(body, codecs.NPY)
        assert again.dtype == np.asarray(array).dtype
        assert np.array_equal(again, array)
    assert not again.flags.owndata


def test_pickles_are_refused_in_npz_too() -> None:
    out = io.BytesIO()
    np.savez(out, a=np.array([{}], dtype=object))
    with pytest.raises(InferenceError, match="npz"):
        codecs.decode(out.getvalue(), codecs.NPZ)
    with pytest.raises(InferenceError):
        codecs.decode(pickle.dumps([1]), codecs.NPY)


def test_text_forms_are_those_of_the_toolkits() -> None:
    assert codecs.encode(np.array([[0.1, 2]], dtype=np.float32), "text/csv")[0] == b"0.1,2.0\n"
    assert codecs.encode(np.array([1, 2]), "text/csv")[0] == b"1\n2\n"
    assert codecs.encode(np.array([1.5, float("nan")]), "")[0] == b"[1.5, NaN]"
    assert codecs.encode({"a": np.int64(3)}, "*/*") == (b'{"a": 3}', codecs.JSON)
    assert codecs.decode(b"1,2\n", "text/csv; charset=utf-8").shape == (2,)
    assert codecs.decode(b"a,b\nc,d\n", "text/csv").tolist() == [["a", "b"], ["c", "d"]]


def test_sparse_npz_becomes_a_sparse_matrix() -> None:
    from scipy import sparse

    out = io.BytesIO()
    sparse.save_npz(out, sparse.csr_matrix(np.eye(3)))
    assert np.array_equal(codecs.decode(out.getvalue(), codecs.NPZ).toarray(), np.eye(3))


def test_the_layout_of_a_model_folder(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "net.onnx").touch()
    assert inspect(tmp_path, {}).artifact == tmp_path / "net.onnx"
    (tmp_path / "other.onnx").touch()
    with pytest.raises(ModelLoadError, match=r"net\.onnx, other\.onnx"):
        inspect(tmp_path, {})
    (tmp_path / "model.onnx").touch()
    assert inspect(tmp_path, {}).framework == "onnx"
    (tmp_path / "code" / "inference.py").touch()
    assert inspect(tmp_path, {}).program == tmp_path / "code" / "inference.py"
    with pytest.raises(ModelLoadError, match="SAGEMAKER_PROGRAM"):
        inspect(tmp_path, {"SAGEMAKER_PROGRAM": "../../etc/passwd"})


@pytest.fixture
def onnx(tmp_path: Path) -> Any:
    def write(data: bytes) -> Path:
        path = tmp_path / "model.onnx"
        path.write_bytes(data)
        return path

    return write


def test_a_small_model_is_planned_onto_the_loop_in_batches(onnx: Any) -> None:
    model, plan = prepare(onnx(models.mlp()), 2)
    assert plan.on_loop
    assert plan.batch
    assert plan.max_rows >= 16
    assert 0 < plan.row_seconds < 0.0005
    assert model.batchable


def test_a_slow_model_is_planned_onto_threads(onnx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clary.serving.measure._LOOP_SECONDS", 0.0)
    _, plan = prepare(onnx(models.mlp()), 2)
    assert not plan.on_loop
    assert plan.runners * plan.intra == 2


def test_a_batch_gives_what_each_request_gives_alone(onnx: Any) -> None:
    path = onnx(models.mlp())
    model, plan = prepare(path, 1)
    batcher = Batcher(model, plan.max_rows)
    alone = OnnxModel(path)
    random = np.random.default_rng(0)
    works, wanted = [], {}
    for number in range(30):
        rows = random.standard_normal((1 + number % 3, 64)).astype(np.float32)
        kind = (b"application/json", b"text/csv", b"application/x-npy")[number % 3]
        value: Any = rows
        body = codecs.registry()[kind.decode()].encode(value)
        works.append(Work(number, body, kind, b""))
        wanted[number] = alone.run({"input": rows})[0]
    works += [
        Work("bad", b"[[1, 2]]", b"application/json", b""),
        Work("worse", b"}", b"application/json", b""),
    ]
    works += [
        Work("ragged", b"[[1], [2, 3]]", b"application/json", b""),
        Work("text", b'[["x"]]', b"application/json", b""),
    ]
    outcomes = {outcome.token: outcome for outcome in batcher.process(works)}
    assert len(outcomes) == len(works)
    for number, output in wanted.items():
        assert outcomes[number].status == 200
        assert np.allclose(json.loads(outcomes[number].body), output, rtol=1e-4, atol=1e-5)
    for name in ("bad", "worse", "ragged", "text"):
        assert outcomes[name].status == 400


def test_batches_never_exceed_the_planned_rows(onnx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = prepare(onnx(models.mlp(4, 4, 2)), 1)
    sizes = []
    run = model.run
    monkeypatch.setattr(model, "run", lambda arrays: (sizes.append(len(arrays["input"])), run(arrays))[1])
    works = [
        Work(n, b"[[1,2,3,4],[1,2,3,4]]", b"application/json", b"text/csv" if n % 2 else b"")
        for n in range(20)
    ]
    assert {outcome.status for outcome in Batcher(model, 8).process(works)} == {200}
    assert max(sizes) <= 8
