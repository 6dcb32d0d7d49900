"""Code and data of the user's folder, made ready for the API: archives, and objects in the default bucket."""

from __future__ import annotations

import io
import re
import secrets
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from clary.sdk import storage

# What an editor, a checkout or a run leaves behind is no part of the code.
_LEFT_OUT = {
    ".git",
    ".ipynb_checkpoints",
    "__pycache__",
    ".venv",
    "node_modules",
    ".mypy_cache",
    ".pytest_cache",
}
_ENTRIES = ("train.py", "train.ipynb", "main.py")


def new_name(stem: str) -> str:
    """A name that the API accepts (at most 63 letters, digits and single hyphens), unique by its time."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", stem).strip("-")[:36].rstrip("-") or "clary"
    return f"{readable}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


def is_address(source: str) -> bool:
    """Whether ``source`` is an address of the API (``s3://...``) and no local path."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", source) is not None


def find_entry(source: Path, entry: str | None, *, to: str = "train") -> tuple[Path, str]:
    """The folder to pack and the entry point in it, from what the user named.

    A single file is packed alone, as SageMaker's SDK does. ``to``: what the code is for, a verb. Raises
    FileNotFoundError or ValueError with what to do.
    """
    if not source.exists():
        raise FileNotFoundError(f"There is no {source} in {Path.cwd()} to {to} with.")
    if source.is_file():
        if entry not in (None, source.name):
            raise ValueError(f"{source} is a file; an entry point ({entry}) can be named only for a folder.")
        return source, source.name
    if entry is not None:
        if not (source / entry).is_file():
            raise FileNotFoundError(f"The folder {source} has no entry point {entry}.")
        return source, entry
    found = [name for name in _ENTRIES if (source / name).is_file()]
    if len(found) != 1:
        said = f"has {' and '.join(found)}" if found else f"has none of {', '.join(_ENTRIES)}"
        raise ValueError(f"The folder {source} {said}: name the entry point, entry='...'.")
    return source, found[0]


def sourcedir(source: Path, requirements: str | Path | Sequence[str] | None) -> bytes:
    """A gzipped tar of one file or a whole folder, with ``requirements`` as its requirements.txt."""
    buffer = io.BytesIO()
    # Level 1: the archive goes to a folder of this machine, where time matters more than size.
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        if source.is_file():
            archive.add(source, arcname=source.name)
        else:
            for path in walk(source):
                if requirements is None or path != source / "requirements.txt":
                    archive.add(path, arcname=path.relative_to(source).as_posix(), recursive=False)
        if requirements is not None:
            data = _requirements(requirements)
            member = tarfile.TarInfo("requirements.txt")
            member.size, member.mtime = len(data), int(time.time())
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def walk(folder: Path) -> Iterator[Path]:
    """The files of ``folder``, sorted, without what is no part of it."""
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT:
            continue
        if path.is_dir():
            yield from walk(path)
        elif path.is_file():
            yield path


def _requirements(requirements: str | Path | Sequence[str]) -> bytes:
    if isinstance(requirements, (str, Path)):
        path = Path(requirements)
        if not path.is_file():
            raise FileNotFoundError(
                f"There is no requirements file {path}; name packages as a list: ['{path}']."
            )
        return path.read_bytes()
    return "".join(f"{line}\n" for line in requirements).encode()


def upload_input(source: str | Path, prefix: str) -> str:
    """The ``s3://`` address of an input: its own, if it has one; else where it now is under ``prefix``."""
    if isinstance(source, str) and is_address(source):
        return source
    path = Path(source).expanduser()
    bucket = storage.default_bucket()
    if path.is_file():
        return storage.put(bucket, f"{prefix}/{path.name}", path)
    if not path.is_dir():
        raise FileNotFoundError(f"There is no {path} in {Path.cwd()} to use as an input.")
    count = 0
    for file in walk(path):
        storage.put(bucket, f"{prefix}/{file.relative_to(path).as_posix()}", file)
        count += 1
    if not count:
        raise ValueError(f"The input folder {path} is empty.")
    return f"s3://{bucket}/{prefix}/"


def pack_model(path: Path) -> bytes:
    """A model.tar.gz of one model file or of a folder of them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        files = [path] if path.is_file() else list(walk(path))
        if not files:
            raise ValueError(f"The model folder {path} is empty.")
        for file in files:
            archive.add(file, arcname=file.name if path.is_file() else file.relative_to(path).as_posix())
    return buffer.getvalue()
