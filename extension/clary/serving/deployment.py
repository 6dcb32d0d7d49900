"""What one generation of an endpoint is to serve: read from the job's payload, and made into variants that answer."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.config import Config
from clary.home import Home
from clary.objects import Objects
from clary.serving.instance_logs import InstanceLogs
from clary.serving.onnx_backend import OnnxBackend
from clary.serving.pool import PoolSettings, WorkerPool
from clary.serving.requirements import install
from clary.serving.sources import Container, container_of, fetch
from clary.serving.variant import StartFailure, Variant
from clary.serving.worker_process import WorkerOrder
from clary.toolkits.inference.errors import ModelLoadError
from clary.toolkits.inference.layout import Layout, inspect

_STARTUP_SECONDS = 240.0
_ANSWER_SECONDS = 60.0
# Of the endpoint process's own environment, what concerns it alone: boto3 in a model's code finds Clary, as it finds AWS.
_PRIVATE = ("CLARY_DOOR", "CLARY_ATTEMPT")


@dataclass(frozen=True)
class Deployment:
    """`config` and `models` are the requests that made them, copied when the endpoint was: later changes do not matter."""

    endpoint: str
    generation: int
    config_name: str
    config: dict[str, Any]
    models: dict[str, dict[str, Any]]
    created: float

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Deployment:
        return cls(
            payload["endpoint"],
            payload["generation"],
            payload["config_name"],
            payload["config"],
            payload["models"],
            payload["created"],
        )


def generation_folder(home: Home, endpoint: str, generation: int) -> Path:
    return home.endpoints / endpoint / str(generation)


class Builder:
    """Prepares and starts the variants of a deployment."""

    def __init__(self, home: Home, config: Config, deployment: Deployment) -> None:
        self._home = home
        self._config = config
        self._deployment = deployment
        self._objects = Objects(home)
        self._cpus = max(1, int(config.cpus))

    def variants(self) -> list[Variant]:
        """The variants, not started. Raises StartFailure when the configuration has none."""
        listed = self._deployment.config.get("ProductionVariants") or []
        if not listed:
            raise StartFailure(
                f"Endpoint configuration {self._deployment.config_name} has no production variants."
            )
        if self._deployment.config.get("ShadowProductionVariants"):
            raise StartFailure("Shadow variants are not offered yet: leave ShadowProductionVariants out.")
        return [self._variant(entry) for entry in listed]

    def _variant(self, entry: Mapping[str, Any]) -> Variant:
        if "ModelName" not in entry:
            raise StartFailure(
                f"Variant {entry.get('VariantName')} names no model; inference components are not offered."
            )
        logs = InstanceLogs(
            self._home,
            endpoint=self._deployment.endpoint,
            created=self._deployment.created,
            variant=entry["VariantName"],
            region=self._config.region,
            account_id=self._config.account_id,
            limit_bytes=self._config.log_limit_mb * 2**20,
        )
        variant = Variant(entry["VariantName"], logs)
        variant.weight = variant.desired_weight = float(entry.get("InitialVariantWeight", 1.0))
        serverless = "ServerlessConfig" in entry
        variant.instances = variant.desired_instances = (
            1 if serverless else int(entry.get("InitialInstanceCount", 1))
        )
        return variant

    async def start(self, variant: Variant) -> None:
        """Fetch the variant's model, choose its backend and start it. Raises StartFailure, worded for FailureReason."""
        entry = next(
            item
            for item in self._deployment.config["ProductionVariants"]
            if item["VariantName"] == variant.name
        )
        allowance = float(entry.get("ContainerStartupHealthCheckTimeoutInSeconds") or _STARTUP_SECONDS)
        download = float(entry.get("ModelDataDownloadTimeoutInSeconds") or 3600)
        loop = asyncio.get_running_loop()
        try:
            name = entry["ModelName"]
            container = container_of(name, self._deployment.models[name])
            folder = (
                generation_folder(self._home, self._deployment.endpoint, self._deployment.generation)
                / variant.name
            )
            model_dir = await loop.run_in_executor(None, fetch, self._objects, container, folder)
            layout = inspect(model_dir, container.environment)
            if layout.program is None and layout.framework == "onnx" and layout.artifact is not None:
                accept = (
                    container.environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or "application/json"
                )
                variant.backend = OnnxBackend(variant, layout.artifact, self._cpus, accept)
            else:
                python = await self._interpreter(variant, layout, folder, download)
                variant.backend = self._pool(variant, container, folder, python)
            await variant.backend.start(allowance)
        except (StartFailure, ModelLoadError) as error:
            stream = variant.logs.first_stream
            variant.logs.write(stream, f"[clary] The variant could not be started: {error}")
            raise StartFailure(
                f"The primary container for production variant {variant.name} did not pass the ping health check: "
                f"{str(error).rstrip('.')}. Please check {variant.logs.where(stream)}."
            ) from error

    async def _interpreter(self, variant: Variant, layout: Layout, folder: Path, timeout: float) -> str:
        requirements = layout.requirements
        if requirements is None:
            return sys.executable

        def log(text: bytes) -> None:
            variant.logs.write(variant.logs.first_stream, text)

        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, install, requirements, folder / "environment", timeout, log)

    def _pool(self, variant: Variant, container: Container, folder: Path, python: str) -> WorkerPool:
        given = container.environment
        per_instance = max(1, _number(given, "SAGEMAKER_MODEL_SERVER_WORKERS", 1.0, int))
        timeout = _number(given, "SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS", 0.0, float) or _number(
            given, "SAGEMAKER_MODEL_SERVER_TIMEOUT", _ANSWER_SECONDS, float
        )
        workers = min(variant.instances * per_instance, self._cpus)
        threads = str(max(1, self._cpus // max(1, workers)))
        base = {
            **{name: value for name, value in os.environ.items() if name not in _PRIVATE},
            "PYTHONUNBUFFERED": "1",
            "AWS_REGION": self._config.region,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            **given,
        }
        # A module of the model must not shadow what the worker itself imports before it enters the model.
        base["PYTHONSAFEPATH"] = "1"

        def order(slot: int, instance: int) -> WorkerOrder:
            stream = variant.logs.stream(instance)
            return WorkerOrder(
                python=python,
                environment=base,
                folder=folder / "workers" / str(slot),
                isolation=self._config.isolation,
                log=lambda text: variant.logs.write(stream, text),
            )

        return WorkerPool(variant, PoolSettings(timeout or _ANSWER_SECONDS, per_instance, self._cpus), order)


def _number(environment: Mapping[str, str], name: str, default: float, kind: type) -> Any:
    text = environment.get(name, "").strip()
    if not text:
        return kind(default)
    try:
        return kind(float(text))
    except ValueError:
        raise StartFailure(f"{name} is {text!r}; it must be a number.") from None
