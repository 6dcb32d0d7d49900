"""How an ONNX model is best run here, found out by running it when it is deployed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clary.serving.onnx_model import Input, OnnxModel
from clary.toolkits.inference.errors import InferenceError

# Handing a request to a thread and back costs about this much; a model that is slower than it gains by the hand-over.
_LOOP_SECONDS = 0.0005
# A batch on the loop's own thread must not hold up the other connections for longer.
_LOOP_BATCH_SECONDS = 0.002
_THREAD_BATCH_SECONDS = 0.05
_BUDGET_SECONDS = 0.25
_UNKNOWN_SIZES = (8, 32, 64, 128, 224, 1)
_BATCHES = (2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Plan:
    """`on_loop`: run on the event loop's thread. Else by `runners` threads, each run using `intra` cores.

    `max_rows`: the largest batch that still paid off. `row_seconds`: measured for a single row; 0 when it could not be.
    """

    on_loop: bool
    runners: int
    intra: int
    batch: bool
    max_rows: int
    row_seconds: float
    note: str = ""

    def __str__(self) -> str:
        place = (
            "on the event loop"
            if self.on_loop
            else f"by {self.runners} runner thread(s) of {self.intra} core(s)"
        )
        batch = f"batches of up to {self.max_rows} rows" if self.batch else "no batching"
        return (
            f"{self.row_seconds * 1e3:.3f} ms a row, {place}, {batch}{'; ' + self.note if self.note else ''}"
        )


def prepare(path: Path, cpus: int) -> tuple[OnnxModel, Plan]:
    """Load the model and decide; takes about a second at most for a fast model. Raises ModelLoadError."""
    model = OnnxModel(path)
    sample = _sample_that_runs(model)
    if sample is None:
        note = "the shape of its inputs could not be guessed, so it was not measured"
        return model, Plan(False, max(1, cpus), 1, False, 1, 0.0, note)
    single = _time(model, sample)
    model.batchable = model.first_dimension_open and _rows_are_independent(model, sample)
    if single <= _LOOP_SECONDS:
        rows = _best_batch(model, sample, single, _LOOP_BATCH_SECONDS) if model.batchable else 1
        return model, Plan(True, 1, 1, model.batchable, rows, single)
    runners, intra = max(1, cpus), 1
    if cpus > 1:
        wide = OnnxModel(path, threads=cpus)
        wide.batchable = model.batchable
        # Two cores for one request, or one core each for two? The first only where it nearly halves the time.
        if _time(wide, sample) < single * 0.6:
            model, runners, intra = wide, 1, cpus
            single = _time(model, sample)
    rows = _best_batch(model, sample, single, _THREAD_BATCH_SECONDS) if model.batchable else 1
    return model, Plan(False, runners, intra, model.batchable, rows, single)


def _sample_that_runs(model: OnnxModel) -> dict[str, Any] | None:
    for size in _UNKNOWN_SIZES:
        sample = {item.name: _values(item, size, 1) for item in model.inputs}
        try:
            model.run(sample)
        except InferenceError:
            continue
        return sample
    return None


def _values(item: Input, size: int, rows: int) -> Any:
    shape = tuple(size if want is None else want for want in item.shape[1:])
    first = (rows if item.shape[0] is None else item.shape[0],) if item.shape else ()
    if item.dtype is np.str_:
        return np.full(first + shape, "a", dtype=object)
    random = np.random.default_rng(rows)
    if np.dtype(item.dtype).kind == "f":
        return random.standard_normal(first + shape).astype(item.dtype)
    return random.integers(0, 2, first + shape).astype(
        item.dtype
    )  # 0 and 1 are valid tokens, classes and flags


def _rows_are_independent(model: OnnxModel, sample: dict[str, Any]) -> bool:
    """Whether three rows in one run give what each gives alone: an open first dimension need not be a batch."""
    many = {
        item.name: np.concatenate(
            [sample[item.name], *(_values_like(item, sample[item.name], seed) for seed in (2, 3))]
        )
        for item in model.inputs
    }
    try:
        together = model.run(many)
        alone = [model.run({name: array[row : row + 1] for name, array in many.items()}) for row in range(3)]
    except InferenceError:
        return False
    for index, joint in enumerate(together):
        parts = [run[index] for run in alone]
        if isinstance(joint, list):
            if len(joint) != 3 or any(len(part) != 1 for part in parts):
                return False
            continue
        if (
            joint.ndim == 0
            or joint.shape[0] != 3
            or any(part.ndim == 0 or part.shape[0] != 1 for part in parts)
        ):
            return False
        apart = np.concatenate(parts)
        if joint.shape != apart.shape:
            return False
        same = (
            np.allclose(joint, apart, rtol=1e-3, atol=1e-4, equal_nan=True)
            if joint.dtype.kind == "f"
            else (joint == apart).all()
        )
        if not same:
            return False
    return True


def _values_like(item: Input, array: Any, seed: int) -> Any:
    if array.dtype.kind == "O":
        return np.full_like(array, "ab"[seed % 2])
    random = np.random.default_rng(seed)
    if array.dtype.kind == "f":
        return random.standard_normal(array.shape).astype(array.dtype)
    return random.integers(0, 2, array.shape).astype(array.dtype)


def _time(model: OnnxModel, arrays: dict[str, Any]) -> float:
    """Median seconds of a run, over up to 30 of them or a quarter of a second."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or (len(times) < 30 and time.perf_counter() - begun < _BUDGET_SECONDS):
        start = time.perf_counter()
        model.run(arrays)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def _best_batch(model: OnnxModel, sample: dict[str, Any], single: float, longest: float) -> int:
    """The largest doubling whose run stays under `longest` seconds and still raises the rows per second by 5 %."""
    best, rate = 1, 1 / single
    for rows in _BATCHES:
        batch = {name: np.repeat(array, rows, axis=0) for name, array in sample.items()}
        try:
            seconds = _time(model, batch)
        except InferenceError:
            break
        if seconds > longest or rows / seconds < rate * 1.05:
            break
        best, rate = rows, rows / seconds
    return best
