"""The runner's small parts, each by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clary.config import Config
from clary.runner import JobSpec, Resources, environment, instances
from clary.runner.gpu import GpuReader
from clary.runner.metrics_process import Finder
from clary.runner.output import LogFile, Output
from clary.runner.processes import descendants, proportional_bytes, read, table
from clary.runner.reconcile import parse_phases
from clary.runner.statefile import StateFile, read_state


@pytest.mark.parametrize(
    ("name", "vcpus", "gib", "gpus"),
    [
        ("ml.m5.large", 2, 8, 0),
        ("ml.m5.xlarge", 4, 16, 0),
        ("ml.m5.24xlarge", 96, 384, 0),
        ("ml.t3.medium", 2, 8, 0),
        ("ml.c5.2xlarge", 8, 16, 0),
        ("ml.c5.9xlarge", 36, 72, 0),
        ("ml.c5.18xlarge", 72, 144, 0),
        ("ml.r5.4xlarge", 16, 128, 0),
        ("ml.g4dn.xlarge", 4, 16, 1),
        ("ml.g4dn.12xlarge", 48, 192, 4),
        ("ml.g5.48xlarge", 192, 768, 8),
        ("ml.p3.2xlarge", 8, 61, 1),
        ("ml.p3.16xlarge", 64, 488, 8),
        ("ml.p4d.24xlarge", 96, 1152, 8),
        ("ml.p5.48xlarge", 192, 2048, 8),
        ("not an instance", 2, 8, 0),
    ],
)
def test_instance_types_are_as_large_as_on_aws(name: str, vcpus: int, gib: int, gpus: int) -> None:
    found = instances.describe(name)
    assert (found.vcpus, round(found.memory_mb / 1024), found.gpus) == (vcpus, gib, gpus)


def test_every_instance_type_of_the_service_model_has_a_size() -> None:
    from botocore.session import Session

    model = Session().get_service_model("sagemaker")
    for shape in ("TrainingInstanceType", "ProductionVariantInstanceType", "TransformInstanceType"):
        for name in model.shape_for(shape).enum:
            found = instances.describe(name)
            assert 1 <= found.vcpus <= 448, name
            assert found.memory_mb >= 512, name
            assert (found.gpus > 0) == (name.split(".")[1][0] in "pg"), name


def test_a_request_is_scaled_to_the_machine() -> None:
    config = Config(cpus=4, memory_mb=10_000, gpus=(0,))
    assert instances.scaled("ml.m5.large", config) == Resources(2, 8192, 0)
    assert instances.scaled("ml.p3.16xlarge", config) == Resources(4, 10_000, 1)
    assert instances.scaled("ml.m5.large", config, count=2) == Resources(4, 10_000, 0)


def test_a_spec_survives_json_and_members_of_a_newer_clary() -> None:
    spec = JobSpec(
        "k",
        "n",
        "a:b",
        "g",
        "s",
        resources=Resources(2, 3, 1),
        payload={"x": [1]},
        restart=True,
        max_runtime_s=1.5,
    )
    value = json.loads(json.dumps(spec.to_json()))
    assert JobSpec.from_json({**value, "from_the_future": 1}) == spec


def test_relative_entries_of_pythonpath_are_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inherited = environment.inherited({"PYTHONPATH": "a:/b", "CLARY_COOKIE": "x", "HOME": "/h"})
    assert inherited == {"PYTHONPATH": f"{tmp_path}/a:/b", "HOME": "/h"}


def _output(tmp_path: Path, limit: int = 1 << 20) -> tuple[int, Output, Path]:
    source, sink = os.pipe()
    path = tmp_path / "group" / "stream.log"
    return sink, Output(source, LogFile(str(path), limit)), path


def _messages(path: Path) -> list[str]:
    return [line.partition("\t")[2] for line in path.read_bytes().decode().split("\n")[:-1]]


def test_a_character_that_is_cut_by_a_read_is_put_together_again(tmp_path: Path) -> None:
    sink, output, path = _output(tmp_path)
    for piece in (b"a \xe2", b"\x82", b"\xac b", b"\n\xf0\x9f"):
        os.write(sink, piece)
        output.read()
    os.close(sink)
    output.drain()
    assert _messages(path) == ["a € b", "\ufffd"]


def test_a_late_partial_line_is_cut_before_an_unfinished_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clary.runner import output as module

    monkeypatch.setattr(module, "_PATIENCE_S", 0.0)
    sink, output, path = _output(tmp_path)
    os.write(sink, b"caf\xc3")
    output.read()
    output.flush_late()
    os.write(sink, b"\xa9\n")
    output.read()
    assert _messages(path) == ["caf", "é"]


def test_output_lost_to_a_full_disk_is_mentioned_when_there_is_room_again(tmp_path: Path) -> None:
    """With a limit on the file's size in place of the disk's."""
    script = f"""
import resource, signal, os, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from clary.runner.output import LogFile
log = LogFile({str(tmp_path / "x.log")!r}, 1 << 20)
log.append(b"first")
resource.setrlimit(resource.RLIMIT_FSIZE, (30, resource.RLIM_INFINITY))
log.append(b"second, torn in the middle")
log.append(b"third")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.append(b"fourth")
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    messages = _messages(tmp_path / "x.log")
    assert messages[0] == "first"
    assert messages[-2].startswith("[clary] The disk was full:")
    assert messages[-1] == "fourth"
    assert "third" not in messages


def test_metrics_are_the_first_group_that_matched_if_it_is_a_number() -> None:
    given_up: list[str] = []
    finder = Finder([
        {"Name": "a", "Regex": r"a=(?:(\d+)|x(\d+))"},
        {"Name": "b", "Regex": r"b=(.*?);"},
        {"Name": "c", "Regex": r"c=(\S+)"},
        {"Name": "not a regex", "Regex": r"("},
    ], given_up.append)  # fmt: skip
    assert finder.find("a=x7 b=1e3; c=inf") == [("a", 7.0), ("b", 1000.0)]
    assert finder.find("b=one;") == []
    assert given_up == []


def test_a_regex_that_takes_too_long_is_given_up_and_the_others_go_on() -> None:
    given_up: list[str] = []
    definitions = [{"Name": "bomb", "Regex": r"(x+x+)+y"}, {"Name": "a", "Regex": r"a=(\d+)"}]
    finder = Finder(definitions, given_up.append)
    assert finder.find(f"{'x' * 64} a=1") == [("a", 1.0)]
    begun = time.process_time()
    assert finder.find(f"{'x' * 64} a=2") == [("a", 2.0)]
    assert time.process_time() - begun < 0.1
    assert given_up == ["bomb"]


def test_torn_phases_are_passed_over() -> None:
    good = b'{"secondary": "Training", "message": "m", "time": 1.5}\n'
    assert len(parse_phases(good + b'{"secondary": "Tra\n' + b"[]\n" + good)) == 2


def test_a_state_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = StateFile(str(tmp_path / "exit.json"))
    file.reserve()
    assert read_state(tmp_path / "exit.json") is None
    file.write({"exit_code": 0})
    assert read_state(tmp_path / "exit.json") == {"exit_code": 0}
    (tmp_path / "exit.json").write_text('{"exit_c')
    assert read_state(tmp_path / "exit.json") is None


def test_descendants_are_found_by_the_quick_way_and_the_thorough_one() -> None:
    process = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"])
    try:
        deadline = time.monotonic() + 5
        while len(descendants(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        quick = {found.pid for found in descendants(process.pid)}
        assert len(quick) == 2
        assert {found.pid for found in descendants(process.pid, thorough=True)} == quick
        assert descendants(os.getpid(), without=[process.pid]) == [] or process.pid not in {
            found.pid for found in descendants(os.getpid(), without=[process.pid])
        }
        own = read(os.getpid())
        assert own is not None
        assert own.parent == os.getppid()
        assert 0 < proportional_bytes([own]) <= own.rss * 1.1
        assert table()[process.pid].name == "sh"
    finally:
        for found in [*descendants(process.pid), *[read(process.pid)]]:
            if found is not None:
                os.kill(found.pid, 9)
        process.wait()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["0, 40, 1000", "3, 60, 500"], {"gpu_percent": 50.0, "gpu_mb": 1500.0}),
        (["0, 40, 1000", "3, [N/A], 1"], {"gpu_percent": 40.0, "gpu_mb": 1001.0}),
        (["0, [N/A], 1000", "3, [N/A], 7"], {"gpu_mb": 1007.0}),  # MIG
        (["0, 40, [N/A]"], {"gpu_percent": 40.0}),
        (["Unable to determine the device handle, sorry", "0, [Unknown Error], 3"], {"gpu_mb": 3.0}),
    ],
)
def test_gpu_reports_are_read_as_they_come(
    lines: list[str], expected: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of that name stands in for NVIDIA's; its lines are as `nvidia-smi` prints them."""
    program = tmp_path / "nvidia-smi"
    report = "\n".join(lines)
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{report}'\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reader = GpuReader([0, 3])
    try:
        deadline = time.monotonic() + 5
        latest: dict[str, Any] = {}
        while not latest and time.monotonic() < deadline:
            latest = reader.latest()
            time.sleep(0.01)
        assert latest == expected
    finally:
        reader.close()


def test_without_nvidia_smi_there_are_no_gpu_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    reader = GpuReader([0])
    assert reader.latest() == {}
    reader.close()


def test_the_shim_starts_without_the_rest_of_clary() -> None:
    """`python -I -S` and the standard library: no site-packages, no clary/__init__.py, few modules."""
    from clary.runner import shim

    script = f"""
import sys
sys.argv = ["shim", "/nowhere"]
try:
    exec(open({shim.__file__!r}).read(), {{"__name__": "__main__", "__file__": {shim.__file__!r}}})
except OSError:
    pass
import clary.runner.supervisor
heavy = "typing subprocess socket site logging sqlite3 dataclasses pathlib threading".split()
print(sorted(set(heavy) & set(sys.modules)), hasattr(sys.modules["clary"], "__version__"))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[] False", done.stderr
