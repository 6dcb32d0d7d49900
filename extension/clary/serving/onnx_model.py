"""One ONNX session, from bytes to bytes: decode bodies, run them (several at once where that is sound), encode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from clary.toolkits.inference import codecs
from clary.toolkits.inference.errors import InferenceError, ModelLoadError

_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint64)": np.uint64,
    "tensor(uint32)": np.uint32,
    "tensor(uint16)": np.uint16,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.str_,
}
# How TensorFlow Serving's clients, and many after them, wrap a batch; what the answer's key is then.
_WRAPPERS = {"instances": "predictions", "inputs": "outputs"}


@dataclass(frozen=True)
class Input:
    """A model input; `shape` has None for every dimension that the model leaves open."""

    name: str
    dtype: Any
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Feed:
    """One request's arrays by input name, how many rows they have, and the key that its answer is wrapped in."""

    arrays: dict[str, Any]
    rows: int
    wrapper: str | None

    @property
    def group(self) -> tuple[Any, ...]:
        """Feeds of one group can be joined along their first dimension."""
        return tuple(array.shape[1:] for array in self.arrays.values())


class OnnxModel:
    """`threads`: ONNX Runtime's intra-op threads. `run` is safe from several threads at once and drops the GIL."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads would take the core that the event loop, or a neighbour, needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        available = onnxruntime.get_available_providers()
        providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:
            raise ModelLoadError(
                f"{path.name} cannot be loaded by ONNX Runtime: {_first_line(error)}"
            ) from error
        self.inputs = [_input(item) for item in self._session.get_inputs()]
        self.outputs = [item.name for item in self._session.get_outputs()]
        self.batchable = False  # until `measure` has seen that rows do not influence one another

    @property
    def first_dimension_open(self) -> bool:
        return all(item.shape and item.shape[0] is None for item in self.inputs)

    def run(self, arrays: dict[str, Any]) -> list[Any]:
        """Raises InferenceError 400 for arrays that the model cannot take."""
        try:
            result: list[Any] = self._session.run(self.outputs, arrays)
        except Exception as error:
            raise InferenceError(
                400, f"The model could not be run on this input: {_first_line(error)}"
            ) from error
        return result

    def decode(self, body: bytes, content_type: str) -> Feed:
        """Raises InferenceError: 415 for the content type, 400 for the content."""
        kind = codecs.essence(content_type) or codecs.JSON
        wrapper = None
        if kind == codecs.JSON:
            value = codecs.parse_json(body)
            if isinstance(value, dict) and len(value) == 1 and not self._named(value):
                key = next(iter(value))
                if key in _WRAPPERS:
                    wrapper, value = _WRAPPERS[key], value[key]
        elif kind == codecs.CSV:
            value = codecs.csv_rows(body)
        else:
            value = codecs.decode(body, kind)
            if hasattr(value, "toarray"):
                value = value.toarray()
            if kind == codecs.NPZ and isinstance(value, dict) and len(value) == 1 and len(self.inputs) == 1:
                value = next(iter(value.values()))
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            value = _columns(value)
        named = value if isinstance(value, dict) else self._only(value)
        missing = [item.name for item in self.inputs if item.name not in named]
        unknown = sorted(set(named) - {item.name for item in self.inputs})
        if missing or unknown:
            raise InferenceError(
                400,
                f"The model's inputs are {', '.join(item.name for item in self.inputs)}; the body "
                + (
                    f"lacks {', '.join(missing)}." if missing else f"has {', '.join(map(str, unknown))}, too."
                ),
            )
        arrays = {item.name: _shaped(item, named[item.name]) for item in self.inputs}
        first = next(iter(arrays.values()))
        return Feed(arrays, first.shape[0] if first.ndim else 1, wrapper)

    def encode(
        self, outputs: Sequence[Any], accept: str, wrapper: str | None, default: str
    ) -> tuple[bytes, str]:
        """A model of one output answers with its value, one of several with a dict by name. Raises InferenceError 406."""
        kind = codecs.acceptable(accept, default)
        value: Any = outputs[0] if len(outputs) == 1 else dict(zip(self.outputs, outputs, strict=True))
        if wrapper is not None and kind == codecs.JSON:
            value = {wrapper: value}
        if kind == codecs.JSON and _finite(outputs):
            try:
                return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS), kind
            except (TypeError, orjson.JSONEncodeError):
                pass  # float16, strings, bytes: the slower codec knows them
        return codecs.encode(value, kind)

    def join(self, feeds: Sequence[Feed]) -> dict[str, Any]:
        """The arrays of several feeds of one group as one batch."""
        if len(feeds) == 1:
            return feeds[0].arrays
        return {item.name: np.concatenate([feed.arrays[item.name] for feed in feeds]) for item in self.inputs}

    def _named(self, value: dict[str, Any]) -> bool:
        return all(item.name in value for item in self.inputs)

    def _only(self, value: Any) -> dict[str, Any]:
        if len(self.inputs) != 1:
            names = ", ".join(item.name for item in self.inputs)
            raise InferenceError(
                400, f"The model has the inputs {names}: send a JSON object or an npz with these names."
            )
        return {self.inputs[0].name: value}


def _input(item: Any) -> Input:
    dtype = _DTYPES.get(item.type)
    if dtype is None:
        raise ModelLoadError(
            f"The model's input {item.name} has the type {item.type}, which cannot be sent over HTTP."
        )
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in item.shape)
    return Input(item.name, dtype, shape)


def _shaped(item: Input, value: Any) -> Any:
    """As an array of the input's type and rank; a single row gets its leading dimension, flat rows are folded."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "OUS" and item.dtype is not np.str_:
            array = np.asarray(value, dtype=item.dtype)
        elif array.dtype.kind == "f" and np.issubdtype(item.dtype, np.integer) and not _whole(array):
            raise ValueError("it has fractions")
        array = np.ascontiguousarray(array, dtype=object if item.dtype is np.str_ else item.dtype).reshape(
            array.shape
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise InferenceError(
            400, f"Input {item.name} is not an array of {np.dtype(item.dtype).name}: {error}."
        ) from error
    rank = len(item.shape)
    if array.ndim == rank - 1:
        array = array[None]
    tail = item.shape[1:]
    if array.ndim == 2 and rank > 2 and None not in tail and array.shape[1] == int(np.prod(tail)):  # type: ignore[arg-type]
        array = array.reshape(array.shape[0], *tail)
    if array.ndim != rank or any(
        want is not None and want != have for want, have in zip(item.shape, array.shape, strict=True)
    ):
        wanted = ", ".join("n" if size is None else str(size) for size in item.shape)
        raise InferenceError(
            400, f"Input {item.name} has the shape {array.shape}, but the model takes ({wanted})."
        )
    return array


def _whole(array: Any) -> bool:
    return bool(np.isfinite(array).all() and (array == np.floor(array)).all())


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = list(rows[0])
    if any(list(row) != names for row in rows):
        raise InferenceError(400, "The objects of the body differ in their members.")
    return {name: [row[name] for row in rows] for name in names}


def _finite(outputs: Sequence[Any]) -> bool:
    """JSON has no NaN, and orjson would write null: such outputs take the toolkits' spelling instead."""
    for output in outputs:
        if isinstance(output, np.ndarray):
            if output.dtype.kind == "f" and not np.isfinite(output).all():
                return False
        else:
            return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
