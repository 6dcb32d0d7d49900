"""``python -m clary_kernels -f CONNECTION_FILE`` runs the kernel; ``python -m clary_kernels install`` its
spec.

Everything that is not a subcommand goes to ipykernel unchanged, so this launcher can stand wherever
``ipykernel_launcher`` stands.
"""

from __future__ import annotations

import os
import sys


def _forget_working_folder() -> None:
    """Take the working folder off ``sys.path`` while the kernel itself is being imported.

    ``python -m`` puts it first, where a user's ``json.py`` or ``random.py`` would break the kernel; IPython
    adds it back for the user's own imports.
    """
    if sys.path and sys.path[0] in {"", os.getcwd()}:
        del sys.path[0]


def main() -> None:
    """Install the kernelspec or become a kernel, by the first argument."""
    _forget_working_folder()
    if len(sys.argv) > 1 and sys.argv[1] == "install":
        from clary_kernels.install import main as install

        sys.exit(install(sys.argv[2:]))
    from ipykernel.kernelapp import IPKernelApp

    import clary  # opens the in-process door before any of the user's code runs
    from clary_kernels import charts

    kernel = IPKernelApp.instance()
    kernel.initialize(sys.argv[1:])
    charts.install(kernel.shell)
    clary.load_ipython_extension(kernel.shell)
    kernel.start()


if __name__ == "__main__":
    main()
