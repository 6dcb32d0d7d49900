"""What the jobs of test_zygote do; imported in their own processes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from clary.runner import child


def say_how_it_started(attempt_dir: Path) -> int:
    print("forked" if "clary.runner.zygote_program" in sys.modules else "not forked")
    print("torch loaded" if "torch" in sys.modules else "torch not loaded")
    return 0


def wait_for_file(attempt_dir: Path) -> int:
    path = Path(child.load_spec(attempt_dir).payload["path"])
    while not path.exists():
        time.sleep(0.01)
    return 0
