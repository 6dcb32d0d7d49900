"""MLflow's REST API 2.0, as far as a mirror needs it."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from clary.mirror.tracker import Metric, RunState, Tracker, TrackerError, Unreachable

_LONGEST_ANSWER = 32 * 2**20


class RestTracker(Tracker):
    """One tracking server. `variables`: MLFLOW_TRACKING_TOKEN, _USERNAME, _PASSWORD, _INSECURE_TLS, _SERVER_CERT_PATH."""

    def __init__(self, uri: str, variables: Mapping[str, str], timeout_s: float) -> None:
        parts = urlsplit(uri)
        self._base = urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
        )
        self._timeout = timeout_s
        self._headers = {"Content-Type": "application/json", **_authorization(parts, variables)}
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._context = ssl.create_default_context(
                cafile=variables.get("MLFLOW_TRACKING_SERVER_CERT_PATH")
            )
            if variables.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("1", "true"):
                self._context.check_hostname = False
                self._context.verify_mode = ssl.CERT_NONE

    def create_run(self, experiment: str, name: str, tags: Mapping[str, str], started: float) -> str:
        body = {
            "experiment_id": self._experiment(experiment),
            "run_name": name,
            "start_time": int(started * 1000),
            "tags": _pairs(tags),
        }
        return str(self._call("POST", "runs/create", body)["run"]["info"]["run_id"])

    def _experiment(self, name: str) -> str:
        try:
            found = self._call("GET", f"experiments/get-by-name?{urlencode({'experiment_name': name})}")
            return str(found["experiment"]["experiment_id"])
        except _Refused as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
        try:
            return str(self._call("POST", "experiments/create", {"name": name})["experiment_id"])
        except _Refused as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":  # somebody was quicker
                raise
            return self._experiment(name)

    def log(
        self, run_id: str, *, params: Mapping[str, str], metrics: Sequence[Metric], tags: Mapping[str, str]
    ) -> None:
        points = [
            {"key": one.name, "value": one.value, "timestamp": int(one.time * 1000), "step": one.step}
            for one in metrics
        ]
        body = {"run_id": run_id, "params": _pairs(params), "metrics": points, "tags": _pairs(tags)}
        self._call("POST", "runs/log-batch", body)

    def state(self, run_id: str) -> RunState:
        data = self._call("GET", f"runs/get?{urlencode({'run_id': run_id})}")["run"].get("data", {})
        params = {one["key"]: one.get("value", "") for one in data.get("params", [])}
        return RunState(params, frozenset(one["key"] for one in data.get("metrics", [])))

    def finish(self, run_id: str, status: str, ended: float) -> None:
        self._call("POST", "runs/update", {"run_id": run_id, "status": status, "end_time": int(ended * 1000)})

    def delete(self, run_id: str) -> None:
        self._call("POST", "runs/delete", {"run_id": run_id})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        address = f"{self._base}/api/2.0/mlflow/{path}"
        request = urllib.request.Request(address, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout, context=self._context) as answer:
                return json.loads(answer.read(_LONGEST_ANSWER))
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise Unreachable(f"it does not answer ({reason})") from None


class _Refused(TrackerError):
    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def _refusal(error: urllib.error.HTTPError) -> TrackerError:
    code, words = "", ""
    try:
        said = json.loads(error.read(65_536))
        code, words = str(said.get("error_code", "")), str(said.get("message", ""))
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        pass
    message = f"it answers {error.code} {code or error.reason}{': ' if words else ''}{words[:300]}"
    return (
        Unreachable(message)
        if error.code in (408, 425, 429) or error.code >= 500
        else _Refused(message, code)
    )


def _authorization(parts: Any, variables: Mapping[str, str]) -> dict[str, str]:
    token = variables.get("MLFLOW_TRACKING_TOKEN")
    user = variables.get("MLFLOW_TRACKING_USERNAME") or parts.username
    if user:
        password = variables.get("MLFLOW_TRACKING_PASSWORD") or parts.password or ""
        return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
