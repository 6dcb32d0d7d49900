"""``python -m clary_kernels install``: put the kernelspec where Jupyter finds it.

The wheel installs the spec by itself; this is for other environments' Jupyter, for ``--user``, and for
kernels that belong to one folder's home.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clary_kernels import KERNEL_NAME, SPEC_FOLDER


def write_spec(folder: Path, *, display_name: str | None = None, home: str | None = None) -> None:
    """Write a kernelspec for *this* interpreter into the new folder ``folder``.

    ``home`` binds the kernel to one Clary home; a relative one is taken from each notebook's own folder.
    """
    shutil.copytree(SPEC_FOLDER, folder)
    path = folder / "kernel.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    # The Jupyter that reads this spec may live in another environment, whose `python` would have no Clary.
    spec["argv"][0] = sys.executable
    if display_name:
        spec["display_name"] = display_name
    if home:
        spec["metadata"]["kernel_provisioner"]["config"]["clary_home"] = home
    path.write_text(json.dumps(spec, indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m clary_kernels install", description=__doc__.splitlines()[0]
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--sys-prefix", action="store_true", help="into this environment (the default)")
    where.add_argument("--user", action="store_true", help="for this user, in every environment")
    where.add_argument("--prefix", help="into another environment's folder")
    parser.add_argument("--name", default=KERNEL_NAME, help="the kernel's name (default: %(default)s)")
    parser.add_argument("--display-name", help="the name that JupyterLab's launcher shows")
    parser.add_argument("--home", help="Clary's home of this kernel; relative: to each notebook's folder")
    options = parser.parse_args(arguments)

    from jupyter_client.kernelspec import KernelSpecManager

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "spec"
        write_spec(folder, display_name=options.display_name, home=options.home)
        prefix = None if options.user else (options.prefix or sys.prefix)
        try:
            place = KernelSpecManager().install_kernel_spec(
                str(folder), kernel_name=options.name, user=options.user, prefix=prefix
            )
        except (OSError, ValueError) as error:
            print(f"The kernelspec could not be installed: {error}", file=sys.stderr)
            return 1
    print(f"Installed kernelspec {options.name} in {place}")
    return 0
