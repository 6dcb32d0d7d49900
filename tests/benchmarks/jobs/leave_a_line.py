"""What the jobs of bench_queue do: leave a line, then be ``true``. Found by way of PYTHONPATH."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

TRUE = shutil.which("true") or "/bin/true"


def main(attempt_dir: Path) -> int:
    payload = json.loads((attempt_dir / "spec.json").read_bytes())["payload"]
    file = os.open(payload["file"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, f"{payload['name']}\n".encode())
    os.close(file)
    os.execv(TRUE, [TRUE])
