"""Values to request bodies and response bodies to values, by content type."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

JSON, CSV, NPY, BYTES = "application/json", "text/csv", "application/x-npy", "application/octet-stream"


def encode(data: Any) -> tuple[bytes, str]:
    """The body and content type of ``data``.

    An array (anything with numpy's ``__array__``) goes as npy, text as CSV, bytes as they are, else JSON.
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), BYTES
    if isinstance(data, str):
        return data.encode(), CSV
    if hasattr(data, "__array__"):
        import numpy

        buffer = io.BytesIO()
        # allow_pickle=False: an array of objects is refused here, and not after a round trip.
        numpy.save(buffer, numpy.asarray(data), allow_pickle=False)
        return buffer.getvalue(), NPY
    return json.dumps(data, default=_plain).encode(), JSON


def decode(body: bytes, content_type: str) -> Any:
    """An array for npy, the document for JSON, text for other text, else the bytes."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == NPY:
        import numpy

        return numpy.load(io.BytesIO(body), allow_pickle=False)
    if kind == JSON:
        return json.loads(body)
    if kind.startswith("text/") or kind == "application/jsonlines":
        return body.decode("utf-8", "replace")
    return body


def accept_for(content_type: str) -> str:
    """What answers best to a request of ``content_type``: arrays to arrays, CSV to CSV, JSON to the rest."""
    return content_type if content_type in {NPY, CSV} else JSON


def _plain(value: Any) -> Any:
    if "numpy" in sys.modules and hasattr(
        value, "tolist"
    ):  # arrays and numpy's numbers inside lists and dicts
        return value.tolist()
    raise TypeError(f"A {type(value).__name__} cannot be sent as JSON; encode it and give its content_type.")
