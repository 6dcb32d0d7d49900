"""Jobs of ``true`` through the queue: how many a second, and that none is lost and none runs twice, while whoever schedules is
killed every second.

Each job appends a line of its own to a file and then is ``true``; the peers do the same. The bare loop keeps as many processes
running as the queue has slots, and supervises, records and survives nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from tests.benchmarks import ray_peer
from tests.benchmarks.measuring import fresh_home, row

import clary
from clary.config import Config
from clary.home import Home
from clary.runner import JobSpec, Pump, Resources, Runner, zygote
from clary.runner.processes import SETTLER_NAME
from clary.store import Store

JOBS, COLD, TRAINING, RAY = 1000, 60, 200, 10
SLOTS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-cpu-py311"
_ENTRIES = str(Path(__file__).with_name("jobs"))
_SCHEDULER = """
import time
from clary.config import Config
from clary.home import Home
from clary.runner import Runner
from clary.store import Store
home = Home.locate()
runner = Runner(home, Config.load(home), Store(home))
while True:
    runner.tend()
    time.sleep(0.02)
"""


def bare(commands: list[list[str]]) -> float:
    """Processes a second."""
    begun = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for command in commands:
        if len(running) >= SLOTS:
            running.pop(0).wait()
        running.append(subprocess.Popen(command))
    for process in running:
        process.wait()
    return len(commands) / (time.perf_counter() - begun)


def shell(file: Path, number: int) -> list[str]:
    return ["sh", "-c", f"echo true-{number} >> {file}; exec true"]


def by_spooler(file: Path) -> float:
    """Jobs a second through task-spooler's queue, with as many slots."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "TS_SOCKET": f"{folder}/socket",
            "TMPDIR": folder,
            "TS_SLOTS": str(SLOTS),
        }
        begun = time.perf_counter()
        for number in range(TRAINING):
            subprocess.run(
                ["tsp", "-n", *shell(file, number)], env=environment, stdout=subprocess.DEVNULL, check=True
            )
        subprocess.run(["tsp", "-w"], env=environment, check=True)
        until(lambda: len(lines(file)) == TRAINING)
        taken = time.perf_counter() - begun
        subprocess.run(["tsp", "-K"], env=environment, check=True)
    return TRAINING / taken


def by_parallel(file: Path) -> float:
    """Jobs a second of GNU parallel, with its log of jobs."""
    command = ["parallel", f"-j{SLOTS}", "--joblog", os.devnull, f"echo true-{{}} >> {file}; true", ":::"]
    begun = time.perf_counter()
    subprocess.run([*command, *map(str, range(JOBS))], check=True, stderr=subprocess.DEVNULL)
    return JOBS / (time.perf_counter() - begun)


@contextmanager
def runner_of_a_home(warm: bool) -> Iterator[tuple[Runner, Path]]:
    """A runner, and the file that its jobs write to."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_ENTRIES, before]))
    try:
        with fresh_home(zygote="1" if warm else "0") as path:
            home = Home.locate(path)
            if warm:
                zygote.ensure(home, torch=False)
                until(lambda: zygote.alive(home, torch=False))
            yield Runner(home, Config.load(home), Store(home)), path / "lines"
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


def submit(runner: Runner, file: Path, jobs: int) -> float:
    """Milliseconds to submit one job."""
    begun = time.perf_counter()
    for number in range(jobs):
        name = f"true-{number}"
        spec = JobSpec(
            "benchmark", name, "leave_a_line:main", "/benchmark", name,
            resources=Resources(1), warm=True, torch=False, payload={"file": str(file), "name": name},
        )  # fmt: skip
        runner.submit(spec)
    return (time.perf_counter() - begun) / jobs * 1000


def undisturbed(jobs: int, *, warm: bool) -> tuple[float, float]:
    """Jobs a second from the first launch until all are done, settled and on record, a server's pump at work; milliseconds to
    submit one."""
    with runner_of_a_home(warm) as (runner, file):
        submit_ms = submit(runner, file, jobs)
        begun = time.perf_counter()
        pump = Pump(runner, warm_after_s=3600)
        pump.start()
        until(lambda: not runner.store.jobs.any_active())
        taken = time.perf_counter() - begun
        pump.stop()
        check(runner, file, jobs)
    return jobs / taken, submit_ms


def disturbed(jobs: int) -> tuple[float, Counter[str]]:
    """Jobs a second while every second all who schedule or settle are killed, and how many of each kind that were. Their
    places are taken by a server, by a bare scheduler, and by nobody but what the jobs' own supervisors start, in turn."""
    killed: Counter[str] = Counter()
    with runner_of_a_home(warm=True) as (runner, file):
        submit(runner, file, jobs)
        begun = time.perf_counter()
        commands = [
            ("scheduler", [sys.executable, "-c", _SCHEDULER]),
            ("server", [sys.executable, "-m", "clary.cli", "serve", "--port", "0"]),
            ("nobody", []),
        ]
        turn, started = 0, []  # type: tuple[int, list[tuple[str, subprocess.Popen[bytes]]]]
        while runner.store.jobs.any_active():
            name, command = commands[turn % len(commands)]
            turn += 1
            if command:
                started.append((name, start(command)))
            elif turn > 1:
                runner.schedule()  # somebody who submits a job, or asks about one
            wait(1.0, lambda: not runner.store.jobs.any_active())
            for name, process in started:
                process.kill()
                process.wait()
                killed[name] += 1
            started.clear()
            killed["settler"] += kill_settlers(runner.home)
        taken = time.perf_counter() - begun
        check(runner, file, jobs)
    return jobs / taken, killed


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def kill_settlers(home: Home) -> int:
    count = 0
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == SETTLER_NAME and str(home.root) in " ".join(process.cmdline()):
                process.send_signal(signal.SIGKILL)
                count += 1
        except psutil.Error:
            continue
    return count


def check(runner: Runner, file: Path, jobs: int) -> None:
    """One line of each job, and each Completed; else AssertionError."""
    written = Counter(lines(file))
    assert set(written) == {f"true-{number}" for number in range(jobs)}, "jobs are missing"
    assert set(written.values()) == {1}, [name for name, count in written.items() if count > 1]
    statuses = runner.store.read().execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall()
    assert [tuple(status) for status in statuses] == [("Completed", jobs)], [tuple(one) for one in statuses]


def training(jobs: int, *, warm: bool) -> tuple[float, float]:
    """CreateTrainingJob with ContainerEntrypoint ``true``: jobs a second from the first request until the last artifact is
    stored; milliseconds a request. Each job takes all of a two-core machine, so they run one after the other."""
    import boto3

    with fresh_home(zygote="1" if warm else "0") as path:
        home = Home.locate(path)
        if warm:
            zygote.ensure(home, torch=False)
            until(lambda: zygote.alive(home, torch=False))
        clary.attach()
        boto3.client("s3").create_bucket(Bucket="bench")
        sagemaker: Any = boto3.client("sagemaker")
        begun = time.perf_counter()
        for number in range(jobs):
            sagemaker.create_training_job(
                TrainingJobName=f"true-{number}", RoleArn="arn:aws:iam::000000000000:role/bench",
                AlgorithmSpecification={
                    "TrainingImage": IMAGE, "TrainingInputMode": "File",
                    "ContainerEntrypoint": ["true"],
                },
                OutputDataConfig={"S3OutputPath": "s3://bench/out"},
                ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
                StoppingCondition={"MaxRuntimeInSeconds": 600},
            )  # fmt: skip
        asked = time.perf_counter()
        store = Store(home)
        until(lambda: not store.jobs.any_active())
        taken = time.perf_counter() - begun
        statuses = store.read().execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall()
        assert [tuple(status) for status in statuses] == [("Completed", jobs)], [
            tuple(one) for one in statuses
        ]
    return jobs / taken, (asked - begun) / jobs * 1000


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def until(condition: Callable[[], object]) -> None:
    wait(900, condition)
    assert condition()


def wait(seconds: float, condition: Callable[[], object]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.02)


def peers(reference: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, program, work in (
            ("GNU parallel", "parallel", by_parallel),
            ("task-spooler", "tsp", by_spooler),
        ):
            if shutil.which(program):
                rate = work(Path(folder) / program)
                row(f"  {name}", f"{rate:.1f}", f"{reference / rate:.2f}")
            else:
                row(f"  {name}: not installed here", "", "")
        try:
            answer = ray_peer.ask("throughput", {"file": f"{folder}/ray", "jobs": RAY})
            rate = answer["jobs_per_second"]
            row(f"  ray job submit ({RAY} jobs)", f"{rate:.2f}", f"{reference / rate:.1f}")
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            row(f"  ray job submit: {error}"[:200], "", "")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines"
        plain = bare([shell(file, number) for number in range(JOBS)])
        interpreter = bare([[sys.executable, "-c", "import clary.runner.child"]] * COLD)
    calm, submit_ms = undisturbed(JOBS, warm=True)
    cold, _ = undisturbed(COLD, warm=False)
    rate, killed = disturbed(JOBS)
    row(f"Jobs of true, {SLOTS} slots, load {os.getloadavg()[0]:.1f}", "a second", "queue / this")
    row(f"  through the queue: {JOBS}, claimed, supervised, settled", f"{calm:.1f}", "1.00")
    row(f"  the same, whoever schedules killed every second: {JOBS}", f"{rate:.1f}", f"{calm / rate:.2f}")
    row(f"  through the queue, no zygote: {COLD}", f"{cold:.1f}", f"{calm / cold:.2f}")
    row(f"  subprocess loop, sh and true: {JOBS}", f"{plain:.0f}", f"{calm / plain:.2f}")
    row(
        f"  subprocess loop, a job's interpreter and imports: {COLD}",
        f"{interpreter:.1f}",
        f"{calm / interpreter:.2f}",
    )
    peers(calm)
    told = ", ".join(f"{count} {name}s" for name, count in sorted(killed.items()) if count)
    row(f"  one line of each job, all Completed; killed: {told}", "", "")
    row("  Runner.submit, ms", f"{submit_ms:.2f}", "")
    warm, request_ms = training(TRAINING, warm=True)
    without, _ = training(COLD // 3, warm=False)
    row("CreateTrainingJob, ContainerEntrypoint true", "a second", "warm / this")
    row(f"  {TRAINING} jobs, one at a time, artifacts stored", f"{warm:.1f}", "1.00")
    row(f"  no zygote: {COLD // 3}", f"{without:.1f}", f"{warm / without:.1f}")
    row("  a request, ms", f"{request_ms:.1f}", "")


if __name__ == "__main__":
    main()
