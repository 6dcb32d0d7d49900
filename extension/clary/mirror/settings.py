"""Where a job is mirrored to: its own Environment says it, or Clary's environment, or its configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

DEFAULT_EXPERIMENT = "Default"
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Target:
    """uri: absolute. variables: MLFLOW_* that say how to reach it. shared: a job's script that uses mlflow finds the same store
    (so it may join a run of ours). run_id: the run that the job itself names."""

    uri: str
    experiment: str
    variables: dict[str, str]
    shared: bool
    run_id: str = ""

    @property
    def shown(self) -> str:
        """The address without passwords."""
        return shown(self.uri)


def target(
    job: Mapping[str, str], experiment: str, configured: str = "", environ: Mapping[str, str] | None = None
) -> Target | None:
    """Where to mirror a job with the Environment `job` and the ExperimentConfig.ExperimentName `experiment` ('' for none); None:
    nowhere."""
    environ = os.environ if environ is None else environ
    own = job.get("MLFLOW_TRACKING_URI", "")
    given = own or environ.get("MLFLOW_TRACKING_URI", "") or configured
    if not given:
        return None
    uri = _absolute(given)
    names = {name: value for name, value in {**environ, **job}.items() if name.startswith("MLFLOW_")}
    chosen = experiment or names.get("MLFLOW_EXPERIMENT_NAME", "") or DEFAULT_EXPERIMENT
    run_id = job.get("MLFLOW_RUN_ID", "")
    for private in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        names.pop(private, None)
    return Target(uri, chosen, names, shared=own in ("", uri), run_id=run_id)


def _absolute(uri: str) -> str:
    """A path, or a database file, from the folder we are in: the mirror and the job are in others."""
    if uri.startswith(_SQLITE) and not uri.startswith(_SQLITE + "/"):
        return _SQLITE + str(Path(uri.removeprefix(_SQLITE)).absolute())
    if "://" in uri or uri.startswith(("databricks", "uc:")):
        return uri
    path = uri.removeprefix("file:")
    return Path(path).expanduser().absolute().as_uri()


def shown(uri: str) -> str:
    """A URI without the user and the password that may be in it."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
