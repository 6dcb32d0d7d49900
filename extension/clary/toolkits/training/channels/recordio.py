"""MXNet's RecordIO, in which RecordWrapperType wraps what is piped.

A record is magic, length, data, zeros up to a multiple of four; the numbers are 32 bits, little-endian, and the length has 29
of them (https://mxnet.apache.org/api/architecture/note_data_loading#data-format). What is longer would have to be split, and
readers disagree about how the parts are put together again (dmlc puts the magic number between them, SageMaker's own do not).
"""

from __future__ import annotations

import shutil
import struct
from typing import IO

from clary.toolkits.training.channels.errors import DataError

MAGIC = 0xCED7230A
LONGEST = (1 << 29) - 1
_CHUNK = 1 << 20


def write(out: IO[bytes], data: IO[bytes], size: int, name: str) -> None:
    """Write the ``size`` bytes of ``data`` as one record. Raises DataError for what is longer than a record can be."""
    if size > LONGEST:
        raise DataError(
            f"{name} has {size} bytes, and a RecordIO record holds at most {LONGEST}. Split it, or use RecordWrapperType None."
        )
    out.write(struct.pack("<II", MAGIC, size))
    shutil.copyfileobj(data, out, _CHUNK)
    out.write(bytes(-size % 4))
