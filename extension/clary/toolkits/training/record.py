"""What the agent leaves in the attempt's folder for whoever finishes the job: ``agent.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from clary.home import atomic_write


@dataclass(frozen=True)
class Record:
    """What is known of an attempt's program.

    failure: the whole FailureReason where the job could not be prepared.
    command: the user's program as it was run, empty before; exit_code: how it ended, None while it runs (or if the agent
    died first). toolkit: whether script mode applies (contracts section 3), or the job is a plain container command.
    warm: forked from a zygote; cold: why not, where it could have been.
    synced: checkpoints and intermediate output are stored.
    """

    failure: str = ""
    command: str = ""
    exit_code: int | None = None
    toolkit: bool = True
    warm: bool = False
    cold: str = ""
    synced: bool = False

    def write(self, attempt_dir: Path) -> None:
        """Store it, whole or not at all. What is known before the end is of no use after a power cut, which ends the attempt."""
        ended = self.exit_code is not None or bool(self.failure)
        atomic_write(attempt_dir / "agent.json", json.dumps(asdict(self)).encode(), durable=ended)


def read(attempt_dir: Path) -> Record:
    """The attempt's record; an empty one where the agent never got to write it."""
    try:
        return Record(**json.loads((attempt_dir / "agent.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        return Record()
