"""Training jobs mirrored as MLflow runs, where MLFLOW_TRACKING_URI asks for it.

One process of a home (`process`) follows all jobs that are to be mirrored; what it owes to whom is in documents of the kind
``mlflow-run`` (`entry`), so that it may be killed at any time. No job waits for it, and none fails with it. Trackers at
http(s) addresses are spoken to in MLflow's REST API (`rest`), which needs nothing installed and no second for an import; for
all others (sqlite:, file:, databricks, ...) it uses the `mlflow` package, if there is one (`library`).
"""

from clary.mirror.entry import KIND, Entry
from clary.mirror.settings import Target, target
from clary.mirror.start import ensure
from clary.mirror.tracker import Tracker, TrackerError, Unreachable

__all__ = ["KIND", "Entry", "Target", "Tracker", "TrackerError", "Unreachable", "ensure", "target"]
