"""A script that was forked from a zygote cannot tell: everything is as in a fresh interpreter."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REPORT = """
import json, os, random, signal, sys, threading, time
import multiprocessing, torch, numpy
main = sys.modules["__main__"]
descriptors = []
for number in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        descriptors.append([number, os.readlink(f"/proc/self/fd/{number}").split(":")[0]])
    except FileNotFoundError:
        pass
report = {
    "main": sorted(main.__dict__), "name": __name__, "file": __file__, "doc": __doc__, "spec": repr(__spec__),
    "package": __package__, "cached": __cached__, "loader": type(__loader__).__name__, "builtins": type(__builtins__).__name__,
    "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "cwd": os.getcwd(), "executable": sys.executable,
    "prefix": [sys.prefix, sys.base_prefix], "flags": str(sys.flags), "warnoptions": sys.warnoptions,
    "environment": {k: v for k, v in os.environ.items() if k not in ("CLARY_COOKIE", "CLARY_ATTEMPT")},
    "torch_threads": torch.get_num_threads(), "interop": torch.get_num_interop_threads(),
    "signals": {s: repr(signal.getsignal(getattr(signal, "SIG" + s))) for s in ("TERM", "INT", "PIPE", "CHLD", "HUP")},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "streams": [
        [s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.closed, s.fileno(), s.isatty(),
         type(s.buffer).__name__, s.newlines]
        for s in (sys.stdin, sys.stdout, sys.stderr)
    ],
    "same": [sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__, sys.excepthook is sys.__excepthook__],
    "threads": threading.active_count(), "main_thread": threading.current_thread() is threading.main_thread(),
    "umask": os.umask(0o022), "uid": [os.getuid(), os.geteuid(), os.getgid()], "tz": time.tzname,
    "process": multiprocessing.current_process().name, "comm": open("/proc/self/comm").read(),
    "caps": [l for l in open("/proc/self/status") if l.startswith(("Cap", "NoNewPrivs", "Seccomp:"))],
    "descriptors": descriptors,
    "session": os.getsid(0) == os.getpgid(0), "recursion": sys.getrecursionlimit(), "switch": sys.getswitchinterval(),
    "default_dtype": str(torch.get_default_dtype()), "grad": torch.is_grad_enabled(),
    "last": [hasattr(sys, n) for n in ("last_type", "last_value", "ps1")], "trace": [sys.gettrace(), sys.getprofile()],
    "ours": sorted(n for n in sys.modules if n.partition(".")[0] in ("clary", "botocore", "boto3")),
    "opt_ml": sorted(os.listdir("/opt/ml")),
}
print("REPORT " + json.dumps(report, sort_keys=True))
import clary, botocore
print("IMPORTED", clary.__name__, "clary.api.transport" in sys.modules)
print("SEEDS " + json.dumps([random.random(), float(numpy.random.rand()), float(torch.rand(1)), hash("") ]))
"""


def report_of(desk: Any, job: Any, mark: str) -> Any:
    line = next(line for line in desk.log(job).splitlines() if line.startswith(mark))
    return json.loads(line.removeprefix(mark))


def is_warm(desk: Any, job: Any) -> bool:
    return bool(json.loads((desk.attempt_dir(job) / "agent.json").read_text())["warm"])


def test_everything_a_script_can_see_is_as_in_a_fresh_interpreter(warm_desk: Any) -> None:
    options: dict[str, Any] = {"hyperparameters": {"epochs": "3"}, "cpus": 2.0, "Environment": {"MINE": "1"}}
    cold = warm_desk.completed(warm_desk.train({"train.py": REPORT}, warm=False, **options))
    warm = warm_desk.completed(warm_desk.train({"train.py": REPORT}, warm=True, **options))
    assert (is_warm(warm_desk, cold), is_warm(warm_desk, warm)) == (False, True), (
        warm_desk.attempt_dir(warm) / "agent.json"
    ).read_text()
    expected, found = (report_of(warm_desk, job, "REPORT ") for job in (cold, warm))
    text = json.dumps(found).replace(warm.name, cold.name)
    # Each has a folder of its own, and an address for boto3.
    found, expected = (
        json.loads(re.sub(r"(?<=jobs/)\d+(?=/)|(?<=127\.0\.0\.1:)\d+", "1", one))
        for one in (text, json.dumps(expected))
    )
    assert [warm_desk.said(job, "IMPORTED clary True") for job in (cold, warm)] == [True, True]
    different = {key: (expected[key], found[key]) for key in expected if expected[key] != found[key]}
    assert different == {}
    seeds = [report_of(warm_desk, job, "SEEDS ") for job in (cold, warm)]
    again = warm_desk.completed(warm_desk.train({"train.py": REPORT}, warm=True, **options))
    first, second = seeds[1], report_of(warm_desk, again, "SEEDS ")
    assert not set(first[:3]) & set(second[:3])


MULTIPROCESSING = """
import multiprocessing as mp, os, sys, torch
from torch.utils.data import DataLoader, TensorDataset
import helper

def square(x):
    return x * x, os.getpid(), torch.get_num_threads()

if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with mp.get_context(method).Pool(2) as pool:
            print(method, sorted(r[0] for r in pool.map(square, range(5))), flush=True)
    data = DataLoader(TensorDataset(torch.arange(32.0)), batch_size=4, num_workers=2)
    for _ in range(2):
        print("loaded", float(sum(batch[0].sum() for batch in data)), flush=True)
    data = DataLoader(TensorDataset(torch.arange(8.0)), batch_size=4, num_workers=1, multiprocessing_context="spawn")
    print("spawned", float(sum(batch[0].sum() for batch in data)), flush=True)
    a = torch.randn(400, 400)
    print("matmul", bool(torch.isfinite(a @ a).all()), helper.VALUE, os.getcwd())
"""


def test_multiprocessing_and_data_loaders_work_in_a_warm_script(warm_desk: Any) -> None:
    job = warm_desk.wait(
        warm_desk.submit({"train.py": MULTIPROCESSING, "helper.py": "VALUE = 7"}, warm=True, cpus=2.0),
        timeout_s=240,
    )
    warm_desk.completed(job)
    assert is_warm(warm_desk, job)
    lines = warm_desk.log(job).splitlines()
    for method in ("fork", "spawn", "forkserver"):
        assert f"{method} [0, 1, 4, 9, 16]" in lines
    assert lines.count("loaded 496.0") == 2
    assert "spawned 28.0" in lines
    assert "matmul True 7 /opt/ml/code" in lines


def test_a_failure_is_reported_the_same_warm_and_cold(warm_desk: Any) -> None:
    files = {"train.py": "import torch\ndef f():\n    raise ValueError('boom')\nprint('start')\nf()"}
    cold, warm = (warm_desk.train(files, warm=warm) for warm in (False, True))
    assert is_warm(warm_desk, warm)
    assert warm_desk.log(cold) == warm_desk.log(warm)
    assert cold.failure_reason == warm.failure_reason
    assert "ValueError: boom" in warm.failure_reason
