"""The user's code: where it comes from, and what kind of program its entry point is (contracts section 3)."""

from __future__ import annotations

import re
import shutil
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from clary.objects import Objects, ObjectsError
from clary.toolkits.training.archive import ArchiveError, extract
from clary.toolkits.training.errors import JobFailure
from clary.toolkits.training.layout import Layout

_ENTRY_POINT = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._+-]*(/[A-Za-z0-9._+-]+)*")


class Program(Enum):
    """How an entry point is run."""

    PACKAGE = "a Python package (setup.py): pip install, then python -m"
    SCRIPT = "a Python script"
    NOTEBOOK = "a notebook, run by papermill"
    COMMAND = "anything else: a shell command"


def kind_of(code: Path, entry_point: str) -> Program:
    """What ``entry_point`` in the folder ``code`` is. A notebook is one even beside a setup.py."""
    if entry_point.endswith(".ipynb"):
        return Program.NOTEBOOK
    if entry_point.endswith(".sh"):
        return Program.COMMAND
    if (code / "setup.py").exists():
        return Program.PACKAGE
    return Program.SCRIPT if entry_point.endswith(".py") else Program.COMMAND


def check_entry_point(entry_point: str) -> str:
    """``entry_point`` itself where it is a plain relative path; raises JobFailure where a shell could read more into it."""
    parts = entry_point.split("/")
    if not entry_point or not _ENTRY_POINT.fullmatch(entry_point) or "." in parts or ".." in parts:
        raise JobFailure(
            f"ClientError: The entry point {entry_point!r} cannot be used: it must be a path below the code's folder made of"
            " letters, digits, '.', '_', '+', '-' and '/', such as 'train.py' or 'src/train.py'. Set the hyperparameter"
            " sagemaker_program to such a name."
        )
    return entry_point


def fetch(submit_directory: str | None, layout: Layout, objects: Objects) -> None:
    """Put the code that ``sagemaker_submit_directory`` names into ``/opt/ml/code``.

    It may be an archive in S3 (or ``file://``), a folder there, or a path inside the container, such as the archive that
    the ``code`` channel brings under network isolation. Raises JobFailure.
    """
    if submit_directory is None:
        return
    uri = str(submit_directory)
    source = _located(uri, layout, objects)
    if source.is_dir():
        if source.resolve() != layout.code.resolve():
            shutil.copytree(source, layout.code, dirs_exist_ok=True)
        return
    if uri.endswith((".py", ".sh", ".ipynb")):
        shutil.copy2(source, layout.code / Path(urlsplit(uri).path).name)
        return
    try:
        extract(source, layout.code, name=uri)
    except ArchiveError as error:
        raise JobFailure(f"ClientError: The code could not be unpacked: {error}") from None


def _located(uri: str, layout: Layout, objects: Objects) -> Path:
    if "://" not in uri:
        path = layout.base / uri.removeprefix("/opt/ml/") if uri.startswith("/opt/ml/") else Path(uri)
    else:
        try:
            path = objects.resolve(uri).path
        except ObjectsError as error:
            raise JobFailure(
                f"ClientError: Data download failed: {error} (sagemaker_submit_directory is {uri!r})"
            ) from None
    if not path.exists():
        raise JobFailure(
            f"ClientError: Data download failed: The specified key does not exist. sagemaker_submit_directory is {uri!r},"
            " and there is nothing; upload the code there (a .tar.gz with the entry point at its top) before the job is created."
        )
    return path


def check_present(entry_point: str, layout: Layout) -> None:
    """Raise JobFailure where the entry point is not among the code; says what is."""
    target = layout.code / entry_point
    if target.is_file() and target.resolve().is_relative_to(layout.code.resolve()):
        return
    there = sorted(path.name for path in layout.code.iterdir())
    shown = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "") if there else "nothing"
    raise JobFailure(
        f"ClientError: The entry point {entry_point!r} is not in the code ({layout.code} holds {shown}). sagemaker_program must"
        " name a file of sagemaker_submit_directory."
    )
