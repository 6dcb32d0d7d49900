"""What Clary offers in Jupyter beside the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_the_doctor_answers(ask: Callable[..., Any], token: dict[str, str]) -> None:
    answer = ask("GET", "clary/doctor", token)
    assert answer.code == 200
    assert json.loads(answer.body)


def test_the_metrics_of_an_unknown_job_are_an_error(ask: Callable[..., Any], token: dict[str, str]) -> None:
    answer = ask("GET", "clary/training-jobs/nobody/metrics", token)
    assert answer.code == 400
    assert "nobody" in answer.body.decode()


def test_an_address_that_is_not_offered_is_not_found(ask: Callable[..., Any], token: dict[str, str]) -> None:
    assert ask("GET", "clary/anything", token).code == 404


def test_an_object_under_the_file_browsers_root_is_located(
    ask: Callable[..., Any], token: dict[str, str], extension: Any, jp_root_dir: Path
) -> None:
    folder = jp_root_dir / "out"
    folder.mkdir()
    answer = ask("GET", f"clary/locate?uri=file://{folder}", token)
    assert json.loads(answer.body) == {"path": "out", "local": str(folder)}


def test_an_object_outside_the_root_has_only_a_path_on_this_machine(
    ask: Callable[..., Any], token: dict[str, str], extension: Any
) -> None:
    extension.engine.objects.create_bucket("models")
    extension.engine.objects.put("models", "a/model.tar.gz", b"x")
    located = json.loads(ask("GET", "clary/locate?uri=s3://models/a", token).body)
    assert located["path"] is None
    assert located["local"].endswith("/s3/models/a")


def test_a_hidden_folder_is_not_shown_in_the_file_browser(
    ask: Callable[..., Any], token: dict[str, str], extension: Any, jp_root_dir: Path
) -> None:
    folder = jp_root_dir / ".hidden" / "out"
    folder.mkdir(parents=True)
    assert json.loads(ask("GET", f"clary/locate?uri=file://{folder}", token).body)["path"] is None


def test_an_address_with_nothing_there_has_no_path(
    ask: Callable[..., Any], token: dict[str, str], jp_root_dir: Path
) -> None:
    located = json.loads(ask("GET", f"clary/locate?uri=file://{jp_root_dir}/nothing", token).body)
    assert located == {"path": None, "local": None}


@pytest.mark.parametrize(
    "uri", ["s3://models/../../etc", "s3://nobody/a", "ftp://x/y", "", "file://host/etc"]
)
def test_an_address_that_names_no_place_is_refused(
    ask: Callable[..., Any], token: dict[str, str], extension: Any, uri: str
) -> None:
    extension.engine.objects.create_bucket("models")
    assert ask("GET", f"clary/locate?uri={uri}", token).code == 400


def test_a_link_out_of_the_root_is_not_shown_in_it(
    ask: Callable[..., Any], token: dict[str, str], jp_root_dir: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (jp_root_dir / "link").symlink_to(outside)
    assert json.loads(ask("GET", f"clary/locate?uri=file://{jp_root_dir}/link", token).body)["path"] is None
