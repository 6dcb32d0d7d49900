"""``%%train``: run a cell's code as a training job.

The ``clary-python`` kernel has it; in another kernel ``%load_ext clary`` brings it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["register"]


def register(shell: Any) -> None:
    """Give an IPython shell the magic; what it needs is imported when it is first used."""
    from IPython.core.magic import no_var_expand

    from clary.magics.options import parser

    @no_var_expand  # type: ignore[untyped-decorator]
    def train(line: str, cell: str) -> None:
        from clary.magics.cell import run

        run(shell, line, cell)

    train.__doc__ = parser().format_help()
    shell.register_magic_function(train, "cell", "train")
