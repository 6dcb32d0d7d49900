"""What goes wrong with images."""

from __future__ import annotations


class ImageError(Exception):
    """An image cannot be used, registered or built; the text says which one, why, and what to do."""
