"""What goes into the archives that the SDK uploads, and what it says when it cannot make one."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

import clary
from clary.sdk import packing
from clary.sdk.request import parameter


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return sorted(tar.getnames())


def content(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    (folder / "lib" / "__pycache__").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "train.py").write_text("import lib.net")
    (folder / "requirements.txt").write_text("old\n")
    (folder / "lib" / "net.py").write_text("")
    (folder / "lib" / "__pycache__" / "net.pyc").write_text("")
    (folder / ".git" / "config").write_text("")
    return folder


def test_a_folder_is_packed_without_what_editors_and_checkouts_leave(project: Path) -> None:
    source, entry = packing.find_entry(project, None)
    assert entry == "train.py"
    assert names(packing.sourcedir(source, None)) == ["lib/net.py", "requirements.txt", "train.py"]


def test_a_file_is_packed_alone(project: Path) -> None:
    source, entry = packing.find_entry(project / "train.py", None)
    assert entry == "train.py"
    assert names(packing.sourcedir(source, None)) == ["train.py"]


def test_packages_as_a_list_become_the_requirements_file(project: Path) -> None:
    archive = packing.sourcedir(project, ["numpy", "lib[extra]>=1"])
    assert names(archive).count("requirements.txt") == 1
    assert content(archive, "requirements.txt") == b"numpy\nlib[extra]>=1\n"


def test_a_requirements_file_is_taken_as_it_is(project: Path, tmp_path: Path) -> None:
    (tmp_path / "needs.txt").write_bytes(b"numpy\n# why\n")
    archive = packing.sourcedir(project, tmp_path / "needs.txt")
    assert content(archive, "requirements.txt") == b"numpy\n# why\n"


def test_a_package_name_given_as_text_is_no_file_and_the_error_says_what_to_do(project: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"name packages as a list"):
        packing.sourcedir(project, "numpy")


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [("other.py", FileNotFoundError, "no entry point other.py"), (None, ValueError, "name the entry point")],
)
def test_a_folder_without_its_entry_point_is_refused(
    tmp_path: Path, entry: str | None, error: type[Exception], words: str
) -> None:
    (tmp_path / "code.py").write_text("")
    with pytest.raises(error, match=words):
        packing.find_entry(tmp_path, entry)


def test_a_folder_with_two_possible_entry_points_asks_which(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    (tmp_path / "train.ipynb").write_text("{}")
    with pytest.raises(ValueError, match=r"train.py and train.ipynb.*entry="):
        packing.find_entry(tmp_path, None)
    assert packing.find_entry(tmp_path, "train.ipynb")[1] == "train.ipynb"


def test_a_missing_source_is_named_with_what_it_is_for(home_path: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.py in .* to train with"):
        packing.find_entry(tmp_path / "nothing.py", None)
    (tmp_path / "model.joblib").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"nope\.py in .* to serve the model with"):
        clary.deploy(tmp_path / "model.joblib", code="nope.py")


@pytest.mark.parametrize("stem", ["train", "My model (2).final", "-", "x" * 80, "日本", "a--b"])
def test_every_name_that_is_made_up_is_one_that_the_api_accepts(stem: str) -> None:
    name = packing.new_name(stem)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert packing.new_name(stem) != name


def test_addresses_are_told_from_paths() -> None:
    assert packing.is_address("s3://bucket/key")
    assert packing.is_address("file:///data")
    assert not packing.is_address("./data")
    assert not packing.is_address("data.csv")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "10"),
        (0.1, "0.1"),
        (True, "true"),
        (None, "null"),
        ([1, 2], "[1, 2]"),
        ({"a": 1}, '{"a": 1}'),
        ("adam", "adam"),
        ("two words", "two words"),
        ("10", '"10"'),
        ("true", '"true"'),
        ("", ""),
    ],
)
def test_a_hyperparameter_reads_back_as_what_it_was(value: object, text: str) -> None:
    assert parameter(value) == text


def test_a_model_file_is_packed_by_its_name_and_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"onnx")
    assert names(packing.pack_model(tmp_path / "model.onnx")) == ["model.onnx"]
    with pytest.raises(ValueError, match="empty"):
        packing.pack_model(tmp_path / "empty")
