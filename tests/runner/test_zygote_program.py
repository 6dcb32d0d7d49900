"""Becoming a script in a forked process: every way to end, compared with the interpreter's own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Runs as a fresh process: prepares itself as a zygote does, then becomes one script after the other.
DRIVER = """
import json, os, sys
from pathlib import Path
from clary.runner import zygote_program
zygote_program.prepare()
warm = zygote_program.current()
folder = Path(sys.argv[1])
environment = dict(os.environ)
saved = [os.dup(1), os.dup(2)]
results = {}
for name in json.loads(sys.stdin.read()):
    case = folder / name
    refused = warm.refuses("train.py", case, environment)
    out = os.open(case / "warm.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1), os.dup2(out, 2)
    os.close(out)
    pid = warm.fork([sys.executable, "train.py", "--epochs", "3"], "train.py", case, environment)
    _, status = os.waitpid(pid, 0)
    os.dup2(saved[0], 1), os.dup2(saved[1], 2)
    results[name] = [refused, os.waitstatus_to_exitcode(status)]
print(json.dumps(results))
"""

ENDINGS = {
    "falls off the end": ("print('done')", 0),
    "exit code": ("import sys; sys.exit(7)", 7),
    "exit with a text": ("import sys; sys.exit('a text')", 1),
    "exit with nothing": ("import sys; sys.exit()", 0),
    "exit with a negative number": ("import sys; sys.exit(-1)", 255),
    "exit with a large number": ("import sys; sys.exit(2 ** 40 + 5)", 5),
    "exit with a huge number": ("import sys; sys.exit(2 ** 70)", 255),
    "uncaught": ("def f():\n    raise ValueError('boom')\nf()", 1),
    "chained": ("try:\n    1 / 0\nexcept Exception as e:\n    raise KeyError('k') from e", 1),
    "group": ("raise ExceptionGroup('g', [ValueError(1), TypeError(2)])", 1),
    "no syntax": ("x = = 1", 1),
    "recursion": ("def f(n): return f(n + 1)\nf(0)", 1),
    "in an import": ("import broken", 1),
    "interrupted": ("raise KeyboardInterrupt", -2),
    "interrupted by a signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGINT)", -2),
    "terminated": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", -15),
    "killed": ("import os\nos.kill(os.getpid(), 9)", -9),
    "aborted": ("import os\nos.abort()", -6),
    "left at once": ("import os\nos._exit(3)", 3),
    "atexit": (
        "import atexit\natexit.register(print, 'first')\natexit.register(print, 'second')\n"
        "@atexit.register\ndef bad(): raise RuntimeError('at exit')\nprint('body')",
        0,
    ),
    "a thread goes on": (
        "import threading, time\ndef run():\n    time.sleep(0.3)\n    print('thread done')\n"
        "threading.Thread(target=run).start()\nprint('main done')",
        0,
    ),
    "a thread fails": ("import threading\nthreading.Thread(target=lambda: 1 / 0, name='T').start()", 0),
    "unflushed file": ("f = open('f.txt', 'w')\nf.write('kept')\nprint('x', end='')", 0),
    "destructors": ("class A:\n    def __del__(self): print('gone')\na = A()\nb = [a]", 0),
    "own excepthook": (
        "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t.__name__, tb.tb_lineno, tb.tb_next)\nraise ValueError",
        1,
    ),
    "broken excepthook": (
        "import sys\ndef hook(*a): raise TypeError('hook')\nsys.excepthook = hook\nraise ValueError('v')",
        1,
    ),
    "warning": ("import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)", 0),
    "last traceback": (
        "import sys, traceback\ntry:\n    1/0\nexcept Exception:\n    traceback.print_exc()\n    traceback.print_stack(limit=1)",
        0,
    ),
    "pickle of main": (
        "import pickle\nclass A: x = 1\nprint(pickle.loads(pickle.dumps(A())).x, A.__module__)",
        0,
    ),
    "dataclass and typing": (
        "from dataclasses import dataclass\nimport typing\n@dataclass\nclass A:\n    x: 'int' = 1\n"
        "print(A(), typing.get_type_hints(A))",
        0,
    ),
    "annotations": ("x: int = 3\nprint(__annotations__, globals()['x'])", 0),
    "local import shadows nothing": ("import utils\nprint(utils.__file__)", 0),
    "invalid utf-8": ("import sys, os\nos.write(1, b'\\xff\\xfe bytes\\n')\nprint('\\udcff')", 0),
    "input": (
        "import sys\nprint(repr(sys.stdin.read()))\ntry:\n    input()\nexcept EOFError as e:\n    print(e)",
        0,
    ),
    "inspect": ("import inspect\ndef f(): return inspect.getsource(f)\nprint(f())", 0),
    "main guard and argparse": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--epochs', type=int)\n"
        "if __name__ == '__main__':\n    print(p.parse_args(), p.prog)",
        0,
    ),
    "usage error": ("import argparse\np = argparse.ArgumentParser()\np.parse_args(['--nonsense'])", 2),
}


def run_both(tmp_path: Path, cases: dict[str, str], **environment: str) -> dict[str, tuple[Any, Any]]:
    """Exit code and output of each script, by ``python train.py`` and by a fork."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    cold = {}
    for name, source in cases.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "train.py").write_bytes(source.encode())
        (folder / "utils.py").write_text("")
        (folder / "broken.py").write_text("import nothing_of_that_name")
        done = subprocess.run(
            [sys.executable, "train.py", "--epochs", "3"], cwd=folder, env=variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
        )  # fmt: skip
        cold[name] = (done.returncode, done.stdout.decode("utf-8", "replace"))
    # The scripts' input is what is left of the driver's: nothing.
    driver = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path)], env=variables, input=json.dumps(list(cases)), capture_output=True,
        text=True, timeout=110, check=False,
    )  # fmt: skip
    assert driver.returncode == 0, driver.stderr
    results = json.loads(driver.stdout)
    both = {}
    for name in cases:
        refused, code = results[name]
        assert refused == ""
        both[name] = (
            cold[name],
            (code, (tmp_path / name / "warm.out").read_bytes().decode("utf-8", "replace")),
        )
    return both


def comparable(end: tuple[int, str]) -> tuple[int, str]:
    """Without addresses, and without how deep a recursion went: a few frames of ours are below the script's first."""
    return end[0], re.sub(r"repeated \d+ more", "repeated", re.sub(r"0x[0-9a-f]+", "0x", end[1]))


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.slow
def test_every_way_to_end_looks_the_same_warm_and_cold(tmp_path: Path, unbuffered: str) -> None:
    both = run_both(
        tmp_path, {name: source for name, (source, _) in ENDINGS.items()}, PYTHONUNBUFFERED=unbuffered
    )
    wrong = {name: pair for name, pair in both.items() if comparable(pair[0]) != comparable(pair[1])}
    for name, pair in wrong.items():
        print(name, *pair, sep="\n")
    assert sorted(wrong) == []
    assert {name: pair[0][0] for name, pair in both.items()} == {
        name: code for name, (_, code) in ENDINGS.items()
    }
    assert (tmp_path / "unflushed file" / "f.txt").read_text() == "kept"


def refusal(folder: Path, zygote: dict[str, str], job: dict[str, str], files: tuple[str, ...] = ()) -> str:
    """What a zygote with one environment says of a job with another."""
    folder.mkdir(exist_ok=True)
    for name in ("train.py", *files):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    code = (
        "import json, os, sys; from pathlib import Path; from clary.runner import zygote_program as z; z.prepare();"
        "print(z.current().refuses('train.py', Path(sys.argv[1]), json.loads(sys.argv[2])))"
    )
    base = {**os.environ, "OMP_NUM_THREADS": "1"}
    for name in zygote.keys() | job.keys():
        base.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), json.dumps({**base, **job})], env={**base, "OMP_NUM_THREADS": "1", **zygote},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("job", "files", "words"),
    [
        ({"OMP_NUM_THREADS": "2"}, (), ""),
        (
            {"OMP_NUM_THREADS": "2", "PYTHONPATH": "/somewhere", "PYTHONUNBUFFERED": "1", "MINE": "1"},
            ("helper.py",),
            "",
        ),
        ({"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}, (), "PYTHONHASHSEED"),
        ({"OMP_NUM_THREADS": "1", "LD_PRELOAD": "/x.so"}, (), "LD_PRELOAD"),
        ({"OMP_NUM_THREADS": "1", "KMP_AFFINITY": "compact"}, (), "KMP_AFFINITY"),
        ({"OMP_NUM_THREADS": "1", "TORCH_LOGS": "all"}, (), "TORCH_LOGS"),
        ({"OMP_NUM_THREADS": "4,2"}, (), "OMP_NUM_THREADS"),
        ({"OMP_NUM_THREADS": "1"}, ("pathlib.py",), "'pathlib'"),
        ({"OMP_NUM_THREADS": "1"}, ("json/__init__.py",), "'json'"),
        ({"OMP_NUM_THREADS": "1"}, ("json/data.txt",), ""),
    ],
)
def test_a_script_that_needs_a_fresh_interpreter_gets_one(
    tmp_path: Path, job: dict[str, str], files: tuple[str, ...], words: str
) -> None:
    found = refusal(tmp_path / "code", {}, job, files)
    assert (found == "") is (words == "")
    assert words in found


THREADS = """
import threading, time
from clary.runner.zygote_program import unfit_to_fork
print(unfit_to_fork() or "fit")
stop = threading.Event()
thread = threading.Thread(target=stop.wait)
thread.start()
print(unfit_to_fork())
stop.set()
thread.join()
while unfit_to_fork():  # the kernel takes a moment longer than Python to end a thread
    time.sleep(0.001)
print("fit")
"""


def test_a_process_with_several_threads_is_not_forked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["fit", "the process has 2 threads", "fit"]
