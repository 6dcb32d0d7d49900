"""The environment that stands for the job's image, seen from inside the job."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary import images
from clary.home import Home
from clary.toolkits.training.errors import JobFailure


def resolved(home: Home, request: Mapping[str, Any]) -> images.Environment:
    """What stands for the request's TrainingImage now. A built one stays until this process ends. Raises JobFailure."""
    try:
        name = request["AlgorithmSpecification"]["TrainingImage"]
        image = images.resolve(home, name)
        if images.hold(home, image) is not None:
            image = images.resolve(home, name)  # it may have been removed before it was held
    except images.ImageError as error:
        raise JobFailure(f"ClientError: {error}") from None
    return image


def check_kernel(python: Path, image: images.Environment, notebook: str) -> None:
    """Raise JobFailure where ``python`` cannot be a notebook's kernel."""
    probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ipykernel') is None)"
    if subprocess.run([str(python), "-c", probe], stdin=subprocess.DEVNULL, check=False).returncode:
        raise JobFailure(
            f"ClientError: The notebook {notebook} needs ipykernel, which the environment of the image {image.image} "
            f"({image.python}) does not have. Install it there ({image.python} -m pip install ipykernel), or name it in a "
            "requirements.txt beside the notebook."
        )
