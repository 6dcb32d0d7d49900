"""Content types: from a request's body to arrays, and from a prediction to a response's body.

Text forms follow AWS's inference toolkits (JSON by ``json.dumps`` of nested lists, CSV by ``%s``, so that a client sees
the same bytes); binary forms are parsed without copying and never by pickle.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np

from clary.toolkits.inference.errors import InferenceError, unsupported_input, unsupported_output

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
NPZ = "application/x-npz"
UTF8_TYPES = frozenset({JSON, CSV, JSON_LINES, "application/x-jsonlines", "application/jsonl"})
_LARGEST_NPZ = 1 << 30


class Codec(ABC):
    """One form of data on the wire. Third parties add theirs through the entry point group ``clary.codecs``."""

    content_types: tuple[str, ...]

    @abstractmethod
    def decode(self, body: bytes) -> Any:
        """Called per request, where no `input_fn` is given. An array, or a dict of arrays. Raises InferenceError 400."""

    @abstractmethod
    def encode(self, value: Any) -> bytes:
        """Called per request, where no `output_fn` is given, with an array, nested lists, or a dict of these."""


def parse_json(body: bytes) -> Any:
    """Any JSON, and NaN and Infinity, which Python's and the toolkits' encoders write although JSON has no such thing."""
    import orjson

    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" in body or b"Infinity" in body:
            try:
                return json.loads(body)
            except (ValueError, RecursionError):
                pass
        raise InferenceError(400, f"The body is not valid JSON: {error}.") from error


def plain(value: Any) -> Any:
    """`value` with every array or NumPy scalar in it as Python lists and numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def to_array(value: Any) -> Any:
    """Nested lists and numbers as one array; dicts as they are. Raises InferenceError 400 for ragged lists."""
    if isinstance(value, dict):
        return value
    try:
        return np.array(value)
    except ValueError as error:
        raise InferenceError(400, f"The rows of the body do not form an array: {error}.") from error


class JsonCodec(Codec):
    content_types = (JSON,)

    def decode(self, body: bytes) -> Any:
        return to_array(parse_json(body))

    def encode(self, value: Any) -> bytes:
        try:
            return json.dumps(plain(value)).encode()
        except (TypeError, ValueError) as error:
            raise InferenceError(
                500,
                f"The prediction ({type(value).__name__}) cannot be written as JSON: {error}. Give an output_fn.",
            ) from error


class JsonLinesCodec(Codec):
    content_types = (JSON_LINES, "application/x-jsonlines", "application/jsonl")

    def decode(self, body: bytes) -> Any:
        rows = [parse_json(line) for line in body.splitlines() if line.strip()]
        return rows if any(isinstance(row, dict) for row in rows) else to_array(rows)

    def encode(self, value: Any) -> bytes:
        rows = plain(value)
        if not isinstance(rows, list):
            rows = [rows]
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class CsvCodec(Codec):
    content_types = (CSV,)

    def decode(self, body: bytes) -> Any:
        """Shape (rows, columns), or (columns,) for one row, as the toolkits; an empty cell is NaN."""
        rows = csv_rows(body)
        return rows[0] if len(rows) == 1 else rows

    def encode(self, value: Any) -> bytes:
        if isinstance(value, dict):
            raise unsupported_output(CSV, f"{JSON} for a prediction of several named parts")
        array = np.asarray(value)
        rows = array.reshape(-1, 1) if array.ndim < 2 else array.reshape(array.shape[0], -1)
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([str(cell) for cell in row] for row in rows)
        return out.getvalue().encode()


def csv_rows(body: bytes) -> Any:
    """Always (rows, columns), float64, or text where some cell is no number. Raises InferenceError 400."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InferenceError(400, f"The CSV body is not UTF-8: {error}.") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InferenceError(400, "The CSV body is empty.")
    try:
        rows: list[list[Any]] = [
            [float(cell) if cell.strip() else float("nan") for cell in line.split(",")] for line in lines
        ]
    except ValueError:
        rows = list(csv.reader(lines))
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise InferenceError(400, f"The CSV rows differ in length: {min(widths)} to {max(widths)} columns.")
    return np.array(rows)


def header_line(body: bytes) -> str | None:
    """The first line of a CSV body if it seems to name columns: no number in it, but in the next line, if there is one."""
    lines = [
        line.strip() for line in body[:65_536].decode("utf-8-sig", "replace").splitlines() if line.strip()
    ]
    if not lines or _has_number(lines[0]):
        return None
    return lines[0] if (_has_number(lines[1]) if len(lines) > 1 else "," in lines[0]) else None


def _has_number(line: str) -> bool:
    for cell in line.split(","):
        with contextlib.suppress(ValueError):
            float(cell.strip().strip('"'))
            return True
    return False


@lru_cache(maxsize=256)
def _npy_header(head: bytes) -> tuple[Any, tuple[int, ...], bool]:
    """dtype, shape and order of an npy header; clients repeat theirs, so the parsed one is kept."""
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    return dtype, shape, fortran


class NpyCodec(Codec):
    content_types = (NPY,)

    def decode(self, body: bytes) -> Any:
        """A read-only view of the body itself: nothing is copied, nothing is unpickled."""
        try:
            wide = body[6] > 1
            start = (
                (12 + int.from_bytes(body[8:12], "little"))
                if wide
                else (10 + int.from_bytes(body[8:10], "little"))
            )
            if start > 65_536:
                raise ValueError("its header is too long")
            dtype, shape, fortran = _npy_header(bytes(body[:start]))
            if dtype.hasobject:
                raise ValueError("object arrays (pickles) are not accepted")
            count = 1
            for size in shape:
                count *= size
            if len(body) - start < count * dtype.itemsize:
                raise ValueError(f"it is cut short: {len(body) - start} of {count * dtype.itemsize} bytes")
            array = np.frombuffer(body, dtype, count, start) if count else np.empty(0, dtype)
            return array.reshape(shape, order="F" if fortran else "C")
        except Exception as error:  # numpy's header parser raises half a dozen kinds, TokenError among them
            raise InferenceError(400, f"The body is not a valid npy array: {error}.") from error

    def encode(self, value: Any) -> bytes:
        if isinstance(value, dict):
            raise unsupported_output(NPY, f"{NPZ} or {JSON} for a prediction of several named parts")
        array = np.asarray(value)
        if array.dtype.hasobject:
            raise InferenceError(
                500, "The prediction has Python objects in it, which npy cannot hold. Give an output_fn."
            )
        out = io.BytesIO()
        np.lib.format.write_array(out, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
        return out.getvalue()


def _check_unpacked_size(body: bytes) -> None:
    """A few megabytes of zip can say they are terabytes."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        size = sum(item.file_size for item in archive.infolist())
    if size > _LARGEST_NPZ:
        raise InferenceError(
            400, f"The npz body unpacks to {size} bytes; at most {_LARGEST_NPZ} are accepted."
        )


class NpzCodec(Codec):
    content_types = (NPZ,)

    def decode(self, body: bytes) -> Any:
        """A SciPy sparse matrix where the archive holds one (as in the toolkits), else a dict of arrays."""
        try:
            _check_unpacked_size(body)
            with np.load(io.BytesIO(body), allow_pickle=False) as archive:
                if "format" in archive.files and ("indices" in archive.files or "row" in archive.files):
                    from scipy import sparse

                    return sparse.load_npz(io.BytesIO(body))
                return {name: archive[name] for name in archive.files}
        except InferenceError:
            raise
        except (
            Exception
        ) as error:  # zipfile, zlib and the npy parser raise a dozen kinds for bytes that are no npz
            raise InferenceError(400, f"The body is not a valid npz archive: {error}.") from error

    def encode(self, value: Any) -> bytes:
        arrays = {
            key: np.asarray(item)
            for key, item in (value if isinstance(value, dict) else {"arr_0": value}).items()
        }
        if any(array.dtype.hasobject for array in arrays.values()):
            raise InferenceError(
                500, "The prediction has Python objects in it, which npz cannot hold. Give an output_fn."
            )
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, **arrays)
        return out.getvalue()


@cache
def registry() -> dict[str, Codec]:
    """Every codec by content type; third parties' come last and may replace ours."""
    from importlib.metadata import entry_points

    codecs: Iterable[Codec] = [JsonCodec(), JsonLinesCodec(), CsvCodec(), NpyCodec(), NpzCodec()]
    added: Iterable[Callable[[], Codec]] = [point.load() for point in entry_points(group="clary.codecs")]
    return {name: codec for codec in [*codecs, *(make() for make in added)] for name in codec.content_types}


def essence(content_type: str) -> str:
    """``application/json`` of ``Application/JSON; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def decode(body: bytes, content_type: str) -> Any:
    """Raises InferenceError 415 for a content type without a codec, 400 for a body that is none of its kind."""
    codec = registry().get(essence(content_type))
    if codec is None:
        raise unsupported_input(content_type, ", ".join(sorted(registry())))
    return codec.decode(body)


def acceptable(accept: str, default: str = JSON) -> str:
    """The first type of an Accept header that Clary can write; `default` for an empty or ``*/*`` one. 406 otherwise."""
    for wanted in accept.split(",") if accept else [default]:
        name = essence(wanted)
        if name in ("*/*", ""):
            return default
        if name == "application/*":
            return default if default.startswith("application/") else JSON
        if name in registry():
            return name
    raise unsupported_output(accept, ", ".join(sorted(registry())))


def encode(value: Any, accept: str, default: str = JSON) -> tuple[bytes, str]:
    """The body and its content type. Raises InferenceError 406 for an Accept without a codec."""
    name = acceptable(accept, default)
    return registry()[name].encode(value), name
