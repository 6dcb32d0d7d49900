"""Tracking stores that are no HTTP server, through the `mlflow` package. Only in the mirror's own process: its import takes a
second, and it reads its settings from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clary.mirror.tracker import Metric, RunState, Tracker, TrackerError, Unreachable

_TRANSIENT = ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED")


class LibraryTracker(Tracker):
    """Any tracking URI that mlflow knows."""

    def __init__(self, uri: str, variables: Mapping[str, str]) -> None:
        os.environ.update(variables)
        os.environ.pop("MLFLOW_RUN_ID", None)
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise TrackerError(
                f"tracking URIs like this one need the mlflow package ({error}): pip install 'clary[mlflow]', or give the"
                " http address of an MLflow server"
            ) from None
        self._client = _try(lambda: MlflowClient(tracking_uri=uri))

    def create_run(self, experiment: str, name: str, tags: Mapping[str, str], started: float) -> str:
        def create() -> str:
            found = self._client.get_experiment_by_name(experiment)
            number = self._client.create_experiment(experiment) if found is None else found.experiment_id
            run = self._client.create_run(number, int(started * 1000), dict(tags), name)
            return str(run.info.run_id)

        result: str = _try(create)
        return result

    def log(
        self, run_id: str, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        from mlflow import entities

        points = [entities.Metric(one.name, one.value, int(one.time * 1000), one.step) for one in metrics]
        known = [entities.Param(key, value) for key, value in params.items()]
        marks = [entities.RunTag(key, value) for key, value in tags.items()]
        _try(lambda: self._client.log_batch(run_id, points, known, marks))

    def state(self, run_id: str) -> RunState:
        data = _try(lambda: self._client.get_run(run_id)).data
        return RunState(dict(data.params), frozenset(data.metrics))

    def finish(self, run_id: str, status: str, ended: float) -> None:
        _try(lambda: self._client.set_terminated(run_id, status, int(ended * 1000)))

    def delete(self, run_id: str) -> None:
        _try(lambda: self._client.delete_run(run_id))


def _try(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # of any database driver behind it
        code = getattr(error, "error_code", "")
        message = f"it says {str(error)[:300]}"
        raise (Unreachable if code in _TRANSIENT else TrackerError)(message) from None
