"""Launchers for notebooks: the API with a face on it, by ipywidgets."""

from __future__ import annotations

from clary.widgets.launcher import TrainingLauncher

__all__ = ["TrainingLauncher"]
