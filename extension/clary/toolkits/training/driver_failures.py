"""What failed under SDK v3's drivers: they report that a command of theirs failed, never why; the log says why."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What the drivers write to /opt/ml/output/failure: their own traceback, or a pointer to the logs.
_FAILURE = re.compile(r"sm_drivers/|Training Execution failed\. For more details, see CloudWatch logs")
# From here on a log has only the drivers' words.
_END = re.compile(r"Command failed with exit code \d+\. Traceback: |An error occurred with exit code \d+$")
_NOISE = re.compile(r"\++ |SM_[A-Z_]+=")  # commands that `set -x` shows, and the variables that they print
_INSTALLER = "scripts/install_requirements.py"


def are_drivers_words(failure: str) -> bool:
    """Whether a failure file holds no word of the user's program."""
    return bool(_FAILURE.search(failure))


def users_part(lines: Sequence[str]) -> list[str]:
    """A log's lines without those of the drivers about the failure; of a failed installation only pip's errors."""
    end = next((index for index, line in enumerate(lines) if _END.match(line)), len(lines))
    kept = [line for line in lines[:end] if not _NOISE.match(line)]
    errors = [line for line in kept if line.startswith("ERROR: ")]
    if errors and any(_INSTALLER in line for line in kept[-40:]):
        return errors
    return kept
