"""The ``clary-python`` kernel: IPython in which boto3 and ``clary`` need no configuration.

Three small parts: the kernelspec (``specs/clary-python``), the provisioner that gives the kernel process its
environment (:mod:`clary_kernels.provisioner`), and the launcher that opens Clary's in-process door before any
of the user's code runs (``python -m clary_kernels``).
"""

from __future__ import annotations

from pathlib import Path

KERNEL_NAME = "clary-python"
PROVISIONER_NAME = "clary-provisioner"
SPEC_FOLDER = Path(__file__).parent / "specs" / KERNEL_NAME

__all__ = ["KERNEL_NAME", "PROVISIONER_NAME", "SPEC_FOLDER"]
