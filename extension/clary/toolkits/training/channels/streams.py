"""What one pass over a Pipe channel consists of, in bytes."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tempfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from clary.toolkits.training.channels import recordio
from clary.toolkits.training.channels.augmented import AugmentedManifest
from clary.toolkits.training.channels.errors import DataError
from clary.toolkits.training.channels.sharing import Order

_CHUNK = 1 << 20
_IN_MEMORY = 64 << 20  # bytes; what is unpacked to be wrapped and larger lies in a temporary file meanwhile


@dataclass(frozen=True)
class Wrapping:
    """What becomes of each object on its way: ``unzip`` (CompressionType Gzip), then ``record`` (RecordWrapperType RecordIO)."""

    unzip: bool = False
    record: bool = False

    def send(self, path: Path, out: IO[bytes]) -> None:
        """Write an object. Raises DataError when it is not what was said, BrokenPipeError when nobody reads any more."""
        try:
            with open(path, "rb") as file:
                if not self.unzip:
                    self._send(file, os.fstat(file.fileno()).st_size, path, out)
                    return
                with gzip.GzipFile(fileobj=file) as unpacked:
                    if not self.record:
                        shutil.copyfileobj(unpacked, out, _CHUNK)
                        return
                    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
                        shutil.copyfileobj(unpacked, whole, _CHUNK)
                        size = whole.tell()
                        whole.seek(0)
                        recordio.write(out, whole, size, path.name)
        except BrokenPipeError:
            raise
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{path} is not gzip, as CompressionType says: {error}.") from None
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None

    def send_text(self, text: bytes, out: IO[bytes]) -> None:
        """Write a value that stands in the manifest itself."""
        if self.record:
            recordio.write(out, io.BytesIO(text), len(text), "a value of the augmented manifest")
        else:
            out.write(text)

    def _send(self, file: IO[bytes], size: int, path: Path, out: IO[bytes]) -> None:
        if self.record:
            recordio.write(out, file, size, path.name)
        else:
            shutil.copyfileobj(file, out, _CHUNK)


class Stream(ABC):
    """The contents of a channel."""

    @abstractmethod
    def write(self, epoch: int, out: IO[bytes]) -> None:
        """Write pass number ``epoch`` (from 0). Called by `Pipe` on its own thread; raises DataError, BrokenPipeError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open. Called once, by `Pipe.stop`, when nobody reads any more."""


@dataclass(frozen=True)
class ObjectStream(Stream):
    """Objects, one behind the other."""

    files: Sequence[Path]
    order: Order
    wrapping: Wrapping

    def write(self, epoch: int, out: IO[bytes]) -> None:
        for path in self.order.of(self.files, epoch):
            self.wrapping.send(path, out)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class LineStream(Stream):
    """The attributes of the lines of an augmented manifest; ``offsets``: of its lines."""

    manifest: AugmentedManifest
    offsets: Sequence[int]
    order: Order
    wrapping: Wrapping

    def write(self, epoch: int, out: IO[bytes]) -> None:
        for offset in self.order.of(self.offsets, epoch):
            for value in self.manifest.values(offset):
                if isinstance(value, bytes):
                    self.wrapping.send_text(value, out)
                else:
                    self.wrapping.send(value, out)

    def close(self) -> None:
        self.manifest.close()
