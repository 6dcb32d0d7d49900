"""What users need and AWS's API lacks, as a small REST set under ``/clary/``: same doors, same keys.

GET  /clary/training-jobs/<name>/metrics    metrics that the regular expressions found, and resource use
GET  /clary/processing-jobs/<name>/phases   what the job went through so far, and resource use
POST /clary/training-jobs/<name>/interrupt  take the machine away from a job of managed spot training
GET  /clary/instance-types/training          instance types of training jobs: on AWS, and on this machine
GET  /clary/doctor                          what this machine can do
GET  /clary/environment                     the variables that let another process talk to Clary

and what `clary.api.labeling_routes` adds.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from clary.api.errors import ApiError, not_found, validation
from clary.api.http_types import Request, Response
from clary.api.rest import json_response
from clary.api.wire import service_model
from clary.runner.instances import describe, scaled

if TYPE_CHECKING:
    from clary.api.engine import Engine


def handle(engine: Engine, request: Request) -> Response:
    """Answer one request under ``/clary/``; raises ApiError."""
    if request.path.startswith(("/clary/labeling-jobs/", "/clary/workteams/", "/clary/canvas/")):
        from clary.api import labeling_routes

        return labeling_routes.handle(engine, request)
    for methods, pattern, answer in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match:
            if request.method not in methods:
                raise ApiError("MethodNotAllowed", f"{request.path} takes {methods[0]} only.", 405)
            document = answer(engine, request, *map(unquote, match.groups()))
            return json_response(document, request.request_id)
    raise ApiError("ResourceNotFound", f"There is nothing at {request.path}.", 404)


def _metrics(engine: Engine, request: Request, name: str) -> dict[str, Any]:
    job = engine.runner.get("training-job", name)
    if job is None:
        raise not_found("training job", name)
    return {"metrics": engine.runner.metrics(job), "resources": engine.runner.resources(job)}


def _instance_types(engine: Engine, request: Request) -> dict[str, Any]:
    """``{types: [{name, aws: {vcpus, memory_mb, gpus}, here: {cpus, memory_mb, gpus}}], machine: {...}}``."""
    names = service_model("sagemaker").shape_for("TrainingInstanceType").enum
    config = engine.config
    return {
        "types": [
            {"name": name, "aws": asdict(describe(name)), "here": asdict(scaled(name, config))}
            for name in names
        ],
        "machine": {"cpus": config.cpus, "memory_mb": config.memory_mb, "gpus": len(config.gpus)},
    }


def _phases(engine: Engine, request: Request, name: str) -> dict[str, Any]:
    engine.runner.reconcile()
    job = engine.runner.get("processing-job", name)
    if job is None:
        raise not_found("processing job", name)
    phases = [
        {
            "Status": one.status,
            "StatusMessage": one.message,
            "StartTime": one.start,
            **({} if one.end is None else {"EndTime": one.end}),
        }
        for one in engine.store.jobs.transitions(job.id)
    ]
    return {"phases": phases, "resources": engine.runner.resources(job)}


def _interrupt(engine: Engine, request: Request, name: str) -> dict[str, Any]:
    from clary.runner import RunnerError

    try:
        job = engine.runner.interrupt("training-job", name)
    except RunnerError as error:
        raise validation(str(error)) from None
    if job is None:
        raise not_found("training job", name)
    return {}


def _doctor(engine: Engine, request: Request) -> Any:
    # The examination belongs to the command line, a floor above; it is looked up when asked for.
    doctor: Any = importlib.import_module("clary.doctor")
    return doctor.document(doctor.examine(engine.home.root))


def _environment(engine: Engine, request: Request) -> dict[str, str]:
    """Addresses as the asker sees this server, and the keys that it has shown to have."""
    scheme = request.headers.get("x-forwarded-proto", "http").split(",")[0].strip()
    server = f"{scheme}://{request.headers.get('host', '127.0.0.1')}{request.prefix}"
    return environment(engine, server)


def environment(engine: Engine, server: str) -> dict[str, str]:
    """The variables with which unmodified boto3 in another process talks to the server at `server`."""
    return {
        "AWS_ACCESS_KEY_ID": engine.credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": engine.credentials.secret_key,
        "AWS_DEFAULT_REGION": engine.config.region,
        "AWS_REGION": engine.config.region,
        "AWS_ENDPOINT_URL": server,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": engine.endpoints.runtime_url(),
        "CLARY_HOME": str(engine.home.root),
        "CLARY_TOKEN": engine.credentials.token,
    }


_READ = ("GET", "HEAD")
_ROUTES: list[tuple[tuple[str, ...], re.Pattern[str], Callable[..., Any]]] = [
    (_READ, re.compile(r"/clary/training-jobs/([^/]+)/metrics"), _metrics),
    (_READ, re.compile(r"/clary/processing-jobs/([^/]+)/phases"), _phases),
    (("POST",), re.compile(r"/clary/training-jobs/([^/]+)/interrupt"), _interrupt),
    (_READ, re.compile(r"/clary/instance-types/training"), _instance_types),
    (_READ, re.compile(r"/clary/doctor"), _doctor),
    (_READ, re.compile(r"/clary/environment"), _environment),
]
