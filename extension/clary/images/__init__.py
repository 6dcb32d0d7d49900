"""Container images without containers: each name stands for a Python environment of this machine.

``clary.images.list()``, ``add``, ``build`` and ``remove`` are what ``clary images`` does on the command line; `resolve` is what
a job asks. Which environment an image gets: the one that the user registered for it, else Clary's own if it has what the image
is known to have, else none, and the error says how to get one.
"""

from __future__ import annotations

from clary.images.activation import activated, hold
from clary.images.adding import add, remove
from clary.images.building import build
from clary.images.errors import ImageError
from clary.images.listing import Images, Row
from clary.images.listing import images as list
from clary.images.registry import Registered
from clary.images.resolution import Environment, resolve

__all__ = [
    "Environment",
    "ImageError",
    "Images",
    "Registered",
    "Row",
    "activated",
    "add",
    "build",
    "hold",
    "list",
    "remove",
    "resolve",
]
