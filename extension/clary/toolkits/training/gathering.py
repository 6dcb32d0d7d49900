"""What the hosts of a job wrote, each into its own /opt/ml/model: one folder in the end, as SageMaker makes one archive of it."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable, Mapping
from pathlib import Path


def gather(folders: Mapping[str, Path], on_skipped: Callable[[str], None]) -> None:
    """Move the files of all hosts' folders (by host name) into the first one's. Of files with one name the first host's
    stays; ``on_skipped`` is told where another's differs. May be repeated after it was cut off. Raises OSError."""
    (_, first), *others = folders.items()
    for host, folder in others:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                source = Path(parent, name)
                relative = source.relative_to(folder)
                target = first / relative
                if os.path.lexists(target):
                    if not (
                        source.is_file() and target.is_file() and filecmp.cmp(source, target, shallow=False)
                    ):
                        on_skipped(
                            f"{host} has another {relative}, which is left out: the first host's is kept."
                        )
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, target)
