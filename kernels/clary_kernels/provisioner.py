"""Gives a ``clary-python`` kernel its environment before the process starts.

The process itself is a plain local one, so all of starting, signalling and reaping stays with
jupyter_client's :class:`~jupyter_client.provisioning.LocalProvisioner`; only the environment is ours.
Everything here is a default: what the user, the Jupyter server or the kernelspec set already is kept.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import Unicode


class ClaryProvisioner(LocalProvisioner):  # type: ignore[misc]
    """A local kernel process that knows which home it belongs to.

    Registered under the entry point group ``jupyter_client.kernel_provisioners`` as ``clary-provisioner``.
    """

    clary_home = Unicode(
        "",
        config=True,
        help="""Clary's home for kernels of this kernelspec
        (``metadata.kernel_provisioner.config.clary_home`` in kernel.json). A relative path is taken from the
        kernel's working folder, so that ``.clary`` gives every project folder a home of its own. Empty:
        CLARY_HOME of the environment, else Clary's default.""",
    )

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Called by ``KernelManager.pre_start_kernel()`` before every start and restart of the kernel.

        Returns the keyword arguments of :meth:`launch_kernel`, with ``env`` completed for Clary.
        """
        arguments: dict[str, Any] = await super().pre_launch(**kwargs)
        complete(arguments["env"], home=self.clary_home, cwd=arguments.get("cwd"))
        return arguments


def complete(env: MutableMapping[str, str], *, home: str = "", cwd: str | Path | None = None) -> None:
    """Add to ``env`` what Clary needs and nobody set.

    ``home`` (from the kernelspec) wins over an inherited ``CLARY_HOME`` because it is the more specific wish.
    A home is made absolute here: the kernel's code may change its working folder, its home must not follow.
    """
    chosen = home or env.get("CLARY_HOME", "")
    if chosen:
        base = Path(cwd) if cwd else Path.cwd()
        env["CLARY_HOME"] = os.path.abspath(base / Path(chosen).expanduser())
    # Without this, botocore looks for credentials at the cloud's metadata address when it finds none: a
    # network call, and seconds lost, on a machine that is no cloud instance.
    env.setdefault("AWS_EC2_METADATA_DISABLED", "true")
