"""AWS's SDKs, each in a virtual environment of its own, made once below ``build/sdks`` from pinned requirements.

``requirements-v2.txt``: `sagemaker` 2 and the training toolkit of SageMaker's images; ``requirements-v3.txt``: `sagemaker` 3.
Both are a whole `pip freeze`: nothing is resolved, and neither pulls a framework.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_HERE = Path(__file__).parent
_BUILD = _HERE.parents[1] / "build" / "sdks"


def python_of(name: str) -> Path:
    """The interpreter of the environment ``name`` (v2, v3), which is made first where there is none.

    Two test workers may ask at once: one makes it under a lock, below a temporary name, the other waits.
    """
    requirements = _HERE / f"requirements-{name}.txt"
    marks = requirements.read_bytes() + sys.version.encode()
    folder = _BUILD / f"{name}-{hashlib.sha256(marks).hexdigest()[:12]}"
    _BUILD.mkdir(parents=True, exist_ok=True)
    with open(_BUILD / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in _BUILD.glob(f"{name}-*"):  # of other requirements, or half made
                shutil.rmtree(old)
            made = _BUILD / f"{name}-making"
            _make(made, requirements)
            made.rename(folder)
    return folder / "bin" / "python"


def _make(folder: Path, requirements: Path) -> None:
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    environ = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
        + ["install", *options, "--requirement", requirements],
        env=environ,
        check=True,
    )


if __name__ == "__main__":
    for name in ("v2", "v3"):
        python_of(name)
