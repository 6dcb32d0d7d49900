"""Private /opt/ml: real namespaces, as root and as somebody else, and what happens where there are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.runner.isolation import Isolation

NOBODY = 65534
ROOT = Path(__file__).parents[2]


def public_python() -> str:
    """An interpreter that every user may run, together with its library; the developer's may lie in a private folder."""
    real = Path(os.path.realpath(sys.executable))
    if all(folder.stat().st_mode & 0o001 for folder in real.parents):
        return sys.executable
    return "/usr/bin/python3"


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
NO_CAPABILITIES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]

# The packages by path, as the shim has them: isolation needs nothing but the standard library, and the interpreter that
# every user may run has nothing else.
PRELUDE = f"""
import sys, types
for name, folder in (("clary", "clary"), ("clary.runner", "clary/runner")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [{str(ROOT / "extension")!r} + "/" + folder]
"""
INSIDE = """
import ctypes, json, os, sys
from pathlib import Path
from clary.runner import isolation
attempt, mode = Path(sys.argv[1]), sys.argv[2]
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
before = [os.getuid(), os.geteuid(), os.getgid(), os.getegid()]
opt = sorted(os.listdir("/opt"))
try:
    entered = isolation.enter(attempt, mode)
except isolation.IsolationError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
if len(sys.argv) > 3:  # two jobs at once: wait for the other
    print("ready", flush=True)
    sys.stdin.readline()
signal = ctypes.c_int(0)
ctypes.CDLL(None).prctl(2, ctypes.byref(signal), 0, 0, 0)
(entered.base / "made.txt").write_text(attempt.name)
report = {
    "kind": entered.kind, "base": str(entered.base), "reason": entered.reason,
    "ids": [before, [os.getuid(), os.geteuid(), os.getgid(), os.getegid()]],
    "opt": [opt, sorted(os.listdir("/opt"))], "death_signal": signal.value,
    "seen": sorted(os.listdir("/opt/ml")) if os.path.isdir("/opt/ml") else None,
    "opt_readable": {name: len(os.listdir("/opt/" + name)) for name in opt if os.path.isdir("/opt/" + name)},
}
source = attempt / "source"
source.mkdir()
(source / "object").write_text("x")
target = entered.base / "channel"
target.mkdir()
report["bound"] = entered.bind_read_only(source, target)
if report["bound"]:
    report["channel"] = os.listdir(target)
    try:
        (target / "object").write_text("changed")
        report["written"] = True
    except OSError as error:
        report["written"] = error.strerror
isolation.drop_capabilities()
report["effective"] = next(l.split()[1] for l in open("/proc/self/status") if l.startswith("CapEff"))
print(json.dumps(report))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that other users may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="clary-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def attempt_in(place: Path, name: str, owner: int = 0) -> Path:
    folder = place / name
    folder.mkdir()
    os.chown(folder, owner, owner)
    return folder


def python(code: str, *arguments: str) -> list[str]:
    return [public_python(), "-c", PRELUDE + code, *arguments]


def command(attempt: Path, mode: str, *more: str) -> list[str]:
    return python(INSIDE, str(attempt), mode, *more)


def report(*arguments: str, **options: Any) -> dict[str, Any]:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return value


def mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


@pytest.mark.parametrize("prefix", [[], AS_NOBODY], ids=["root", "ordinary user"])
def test_a_job_sees_its_own_opt_ml_and_nothing_else_has_changed_for_it(
    place: Path, prefix: list[str]
) -> None:
    owner = NOBODY if prefix else 0
    attempt = attempt_in(place, "one", owner)
    before, opt = mounts(), sorted(os.listdir("/opt"))
    found = report(*prefix, *command(attempt, "namespaces"))
    assert (found["kind"], found["base"], found["seen"]) == ("namespaces", "/opt/ml", ["made.txt"])
    assert found["ids"][0] == found["ids"][1] == [owner] * 4
    assert set(found["opt"][1]) == {*found["opt"][0], "ml"}
    for name, entries in found["opt_readable"].items():
        assert entries == len(os.listdir(f"/opt/{name}"))
    assert found["death_signal"] == 9
    assert (found["bound"], found["channel"], found["written"]) == (True, ["object"], "Read-only file system")
    if owner:
        assert int(found["effective"], 16) == 0
    assert (attempt / "ml/made.txt").read_text() == "one"
    assert (attempt / "ml/made.txt").stat().st_uid == owner
    assert sorted(os.listdir(attempt)) == ["ml", "source"]
    assert mounts() == before
    assert sorted(os.listdir("/opt")) == opt
    assert (attempt / "source/object").read_text() == "x"
    shutil.rmtree(attempt)  # not busy: nothing is mounted there


@pytest.mark.parametrize("prefix", [[], AS_NOBODY], ids=["root", "ordinary user"])
def test_two_jobs_at_once_do_not_see_each_other(place: Path, prefix: list[str]) -> None:
    attempts = [attempt_in(place, name, NOBODY if prefix else 0) for name in ("first", "second")]
    running = [
        subprocess.Popen(
            [*prefix, *command(attempt, "namespaces", "wait")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for attempt in attempts
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for attempt, process in zip(attempts, running, strict=True):
        out, _ = process.communicate("go\n", timeout=60)
        assert json.loads(out)["seen"] == ["made.txt"]
        assert (attempt / "ml/made.txt").read_text() == attempt.name


@pytest.mark.parametrize(
    "setup",
    [
        "mkdir -p /opt/ml && touch /opt/ml/of-the-machine",
        "mount -o remount,ro /opt",
        "touch /opt/file && ln -s file /opt/link",
    ],
    ids=["there is a /opt/ml already", "/opt is read-only", "/opt holds files and links"],
)
@pytest.mark.parametrize("prefix", [[], AS_NOBODY], ids=["root", "ordinary user"])
def test_whatever_opt_looks_like_a_job_gets_its_own(place: Path, setup: str, prefix: list[str]) -> None:
    attempt = attempt_in(place, "one", NOBODY if prefix else 0)
    script = f'mount -t tmpfs tmpfs /opt && mkdir /opt/tool && touch /opt/tool/x && {setup} && exec "$@"'
    found = report("unshare", "-m", "sh", "-c", script, "sh", *prefix, *command(attempt, "namespaces"))
    assert found["seen"] == ["made.txt"]
    assert found["opt_readable"].get("tool") == 1
    assert set(found["opt"][0]) - {"ml"} == set(found["opt"][1]) - {"ml"}


def test_where_namespaces_are_not_to_be_had_paths_are_used_and_the_reason_is_told(place: Path) -> None:
    attempt = attempt_in(place, "one")
    # Inside a user namespace of its own that may have no further ones, and without any capability: a locked-down container.
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    locked = ["unshare", "-Ur", "sh", "-c", script, "sh", *NO_CAPABILITIES]
    found = report(*locked, *command(attempt, "auto"))
    assert (found["kind"], found["base"], found["bound"]) == ("paths", str(attempt / "ml"), False)
    assert "max_user_namespaces" in found["reason"]
    assert (attempt / "ml/made.txt").exists()
    other = attempt_in(place, "two")
    assert "no private /opt/ml" in report(*locked, *command(other, "namespaces"))["error"]


def test_paths_can_be_demanded(place: Path) -> None:
    attempt = attempt_in(place, "one")
    found = report(*command(attempt, "paths"))
    assert (found["kind"], found["base"], found["seen"]) == ("paths", str(attempt / "ml"), None)


def test_the_configuration_of_the_home_decides(place: Path) -> None:
    attempt = place / "home" / "jobs" / "1" / "1"
    attempt.mkdir(parents=True)
    (place / "home" / "config.toml").write_text('isolation = "paths"')
    code = (
        "import sys; from pathlib import Path; from clary.runner import isolation;"
        "print(isolation.enter(Path(sys.argv[1])).kind)"
    )
    for environment, kind in (({}, "paths"), ({"CLARY_ISOLATION": "namespaces"}, "namespaces")):
        done = subprocess.run(
            python(code, str(attempt)),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == kind


@pytest.mark.parametrize("prefix", [[], AS_NOBODY], ids=["root", "ordinary user"])
def test_the_probe_tells_which_tier_this_machine_has(place: Path, prefix: list[str]) -> None:
    code = "from clary.runner import isolation; print(isolation.tier('auto')[0], isolation.tier('paths')[0])"
    done = subprocess.run(
        [*prefix, *python(code)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": "/tmp"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["namespaces", "paths"], done.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "/home/u/ml"),
        ("/opt/ml/model", "/home/u/ml/model"),
        ("--dir=/opt/ml/input:/opt/ml/output", "--dir=/home/u/ml/input:/home/u/ml/output"),
        ("cd /opt/ml; ls", "cd /home/u/ml; ls"),
        ('{"a": "/opt/ml"}', '{"a": "/home/u/ml"}'),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml-tools", "/opt/ml-tools"),
        ("/srv/opt/ml", "/srv/opt/ml"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
    ],
)
def test_rewriting_changes_whole_mentions_of_opt_ml_only(text: str, expected: str) -> None:
    assert Isolation("paths", Path("/home/u/ml")).rewrite(text) == expected
    assert Isolation("namespaces", Path("/opt/ml")).rewrite(text) == text
