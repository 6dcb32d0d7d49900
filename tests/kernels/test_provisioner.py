"""What the provisioner puts into a kernel's environment, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clary_kernels.install import main as install
from clary_kernels.install import write_spec
from clary_kernels.provisioner import complete


def test_a_users_own_variables_are_kept() -> None:
    env = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "false", "OTHER": "x"}
    complete(env)
    assert env == {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "false", "OTHER": "x"}


def test_no_kernel_looks_for_a_clouds_metadata_address() -> None:
    env: dict[str, str] = {}
    complete(env)
    assert env == {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize(
    ("home", "inherited", "expected"),
    [
        ("", "", None),
        ("", "/some/home", "/some/home"),
        ("", "relative", "/work/folder/relative"),
        (".clary", "", "/work/folder/.clary"),
        (".clary", "/some/home", "/work/folder/.clary"),
        ("/fixed", "/some/home", "/fixed"),
        ("../shared", "", "/work/shared"),
    ],
)
def test_a_home_is_absolute_and_the_kernelspecs_wish_goes_first(
    home: str, inherited: str, expected: str | None
) -> None:
    env = {"CLARY_HOME": inherited} if inherited else {}
    complete(env, home=home, cwd="/work/folder")
    assert env.get("CLARY_HOME") == expected


def test_a_home_below_the_users_own_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/people/ada")
    env: dict[str, str] = {}
    complete(env, home="~/clary-two", cwd="/work/folder")
    assert env["CLARY_HOME"] == "/people/ada/clary-two"


def test_the_spec_in_the_package_names_no_interpreter_of_a_machine() -> None:
    from clary_kernels import SPEC_FOLDER

    spec = json.loads((SPEC_FOLDER / "kernel.json").read_text())
    assert spec["argv"][0] == "python"
    assert spec["metadata"]["kernel_provisioner"]["provisioner_name"] == "clary-provisioner"
    assert {path.name for path in SPEC_FOLDER.iterdir()} >= {
        "logo-32x32.png",
        "logo-64x64.png",
        "logo-svg.svg",
    }


def test_install_writes_a_spec_for_this_interpreter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    assert (
        install(["--prefix", str(tmp_path), "--name", "clary-two", "--display-name", "Two", "--home", ".c"])
        == 0
    )
    spec = json.loads((tmp_path / "share/jupyter/kernels/clary-two/kernel.json").read_text())
    assert spec["argv"][0] == sys.executable
    assert spec["display_name"] == "Two"
    assert spec["metadata"]["kernel_provisioner"]["config"] == {"clary_home": ".c"}
    assert "clary-two" in capsys.readouterr().out


def test_install_says_why_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "share").write_text("in the way")
    assert install(["--prefix", str(tmp_path)]) == 1
    assert "could not be installed" in capsys.readouterr().err
    assert install(["--prefix", str(tmp_path / "other"), "--name", "not a name"]) == 1


def test_a_written_spec_is_a_whole_folder(tmp_path: Path) -> None:
    write_spec(tmp_path / "spec")
    assert (tmp_path / "spec" / "logo-svg.svg").exists()
