"""Altair's charts, drawn by JupyterLab itself.

Altair's own default is a page that fetches Vega from the network, which a machine without one cannot show, and its
plain form is of a version that JupyterLab's renderer does not know yet. Vega-Lite 5 reads the same charts.
"""

from __future__ import annotations

import sys
from typing import Any

# What JupyterLab 4 renders.
MIME = "application/vnd.vegalite.v5+json"
_MODULES = ("altair.vegalite.v5.api", "altair.vegalite.v6.api")
_CLASSES = ("Chart", "LayerChart", "FacetChart", "RepeatChart", "ConcatChart", "HConcatChart", "VConcatChart")


def install(shell: Any) -> None:
    """Register with the kernel's shell how charts show; by name, so that Altair is not imported for it."""
    formatter = shell.display_formatter.mimebundle_formatter
    for module in _MODULES:
        for name in _CLASSES:
            formatter.for_type_by_name(module, name, _bundle)


def _bundle(chart: Any, include: Any = None, exclude: Any = None) -> Any:
    if sys.modules["altair"].renderers.active != "default":  # the user has chosen another one
        return chart._repr_mimebundle_(include=include, exclude=exclude)
    specification = chart.to_dict()
    specification.pop("$schema", None)
    return {MIME: specification, "text/plain": f"alt.{type(chart).__name__}(...)"}
