"""A labeling job's results in a notebook: a static page (`bundle`, `html`) and Altair charts (`figure`).

The page is HTML without script and with its styles on the elements, so that it shows in a notebook that was saved, executed by
papermill, or is not trusted; every chart stands beside its numbers.
"""

from __future__ import annotations

from clary.widgets.labeling_results.charts import figure
from clary.widgets.labeling_results.page import bundle, html
from clary.widgets.labeling_results.proof import certificate_html

__all__ = ["bundle", "certificate_html", "figure", "html"]
