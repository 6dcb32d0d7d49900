"""``clary env``: a real shell understands it, and it says clearly when there is no server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary import environment
from clary.outside import proxies


def clary(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clary.cli", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_server_it_fails_on_stderr_and_so_does_the_shell_that_evaluates_it(home_path: Path) -> None:
    result = clary("env")
    assert result.returncode == 1
    assert result.stdout == "false\n"
    assert subprocess.run(["sh", "-c", f'eval "{result.stdout}"'], check=False).returncode != 0
    assert clary("env", "--format", "json").stdout == ""
    assert "No Clary server is running" in result.stderr
    assert "clary serve" in result.stderr
    assert str(home_path) in result.stderr


def test_a_server_that_was_killed_is_not_a_server(serve: Callable[..., Any], home_path: Path) -> None:
    server = serve()
    assert clary("env").returncode == 0
    server.process.kill()
    server.process.wait()
    assert clary("env").returncode == 1


def test_the_home_may_be_named_as_an_option(
    serve: Callable[..., Any], home_path: Path, tmp_path: Path
) -> None:
    serve()
    values = json.loads(clary("--home", str(home_path), "env", "--format", "json", CLARY_HOME="").stdout)
    assert values["CLARY_HOME"] == str(home_path)
    assert clary("--home", str(tmp_path / "other"), "env").returncode == 1


def test_a_shell_understands_it_and_boto3_reaches_the_server(
    serve: Callable[..., Any], home_path: Path, tmp_path: Path
) -> None:
    serve()
    script = tmp_path / "look.py"
    script.write_text(
        "import boto3\n"
        "print(boto3.client('sts').get_caller_identity()['Account'])\n"
        "print(boto3.client('sagemaker').list_models()['Models'])\n"
        "boto3.client('s3').create_bucket(Bucket='from-the-shell')\n"
    )
    command = f'eval "$({sys.executable} -m clary.cli env)" && exec {sys.executable} {script}'
    for_the_cloud = {
        "AWS_PROFILE": "nowhere",
        "AWS_SESSION_TOKEN": "of the cloud",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    result = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, **for_the_cloud},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["000000000000", "[]"]
    assert (home_path / "s3" / "from-the-shell").is_dir()


@pytest.mark.parametrize(
    "value", ["plain", "with space", "it's", '"$(touch x)`touch y`"', "a\\b", "näh\u2019"]
)
def test_values_survive_a_shells_quoting(value: str, tmp_path: Path) -> None:
    code = "import os, sys; sys.stdout.buffer.write(os.environb[b'CLARY_TEST'])"
    script = f'{environment.shell({"CLARY_TEST": value})}\nexec "{sys.executable}" -c "{code}"'
    result = subprocess.run(["sh", "-c", script], capture_output=True, check=True, cwd=tmp_path)
    assert result.stdout.decode() == value
    assert list(tmp_path.iterdir()) == []


def test_what_would_lead_elsewhere_is_unset() -> None:
    script = environment.shell({"A": "1"}) + "\nenv"
    result = subprocess.run(
        ["sh", "-c", script],
        env={"AWS_PROFILE": "x", "AWS_SESSION_TOKEN": "y"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "AWS_PROFILE" not in result.stdout
    assert "AWS_SESSION_TOKEN" not in result.stdout


def test_powershells_quotes_are_doubled() -> None:
    said = environment.powershell({"A": "it's"}).splitlines()
    assert said[0] == "$Env:A = 'it''s'"
    assert "Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue" in said


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"NO_PROXY": "x"}, {}),
        ({"HTTP_PROXY": "http://proxy"}, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}),
        ({"http_proxy": "p", "no_proxy": "a,b"}, {"NO_PROXY": "a,b,127.0.0.1", "no_proxy": "a,b,127.0.0.1"}),
        ({"HTTP_PROXY": "p", "NO_PROXY": "a, 127.0.0.1"}, {}),
    ],
)
def test_a_proxy_is_not_asked_for_this_machine(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert proxies.past("http://127.0.0.1:8181", environ) == expected
