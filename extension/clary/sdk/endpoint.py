"""``clary.deploy`` and the endpoint that it brings into service."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.sdk import codecs, packing, pages, predictor
from clary.sdk.api import call
from clary.sdk.errors import ClaryError, DeploymentFailed
from clary.sdk.logs import LogReader, endpoint_group
from clary.sdk.model import Model
from clary.sdk.pages import LogText
from clary.sdk.progress import State, open_progress
from clary.sdk.resource import Listing, Resource, listed
from clary.sdk.training import TrainingJob

Source = TrainingJob | Model | str | Path
_SETTLED = frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"})


class Endpoint(Resource):
    """An endpoint, by its name."""

    kind = "Endpoint"

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_endpoint(EndpointName={self.name!r})"

    @property
    def status(self) -> str:
        """Creating, InService, Updating, Failed, Deleting, ..."""
        return str(self.describe()["EndpointStatus"])

    def wait(self, *, timeout: float | None = None, quiet: bool = False) -> Endpoint:
        """Wait until the endpoint is in service.

        Raises DeploymentFailed with the reason and the end of the log; TimeoutError after ``timeout``
        seconds.
        """
        bar = None if quiet else open_progress(f"Endpoint {self.name}")
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                answer = self.describe()
                status = answer["EndpointStatus"]
                if bar is not None:
                    bar.show(State(status, done=status in _SETTLED))
                if status == "InService":
                    return self
                if status in _SETTLED:
                    reason = answer.get("FailureReason", f"its status is {status}")
                    raise DeploymentFailed(self.name, reason, self.tail())
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name} is still {status} after {timeout:g} s.")
                time.sleep(0.1)
        finally:
            if bar is not None:
                bar.close()

    def predict(
        self,
        data: Any,
        *,
        content_type: str | None = None,
        accept: str | None = None,
        target_variant: str | None = None,
        timeout: float = 65.0,
    ) -> Any:
        """The model's answer to ``data``.

        Arrays are sent as npy and come back as arrays, text goes as CSV, bytes as they are, all else as JSON,
        unless ``content_type`` says otherwise. ``target_variant`` asks one variant whatever the weights are.
        Raises ClaryError: ModelError with the model's own message, ValidationError for an unknown name, ...
        """
        body, kind = codecs.encode(data)
        kind = content_type or kind
        headers = {"Content-Type": kind, "Accept": accept or codecs.accept_for(kind)}
        if target_variant:
            headers["X-Amzn-SageMaker-Target-Variant"] = target_variant
        answer = predictor.invoke(self.name, body, headers, timeout=timeout)
        return codecs.decode(answer.body, answer.content_type)

    def update(
        self,
        source: Source | None = None,
        *,
        variants: Variants | None = None,
        weights: Mapping[str, float] | None = None,
        counts: Mapping[str, int] | None = None,
        instance_type: str = "ml.m5.large",
        count: int = 1,
        wait: bool = True,
    ) -> Endpoint:
        """Serve other models (``source`` or ``variants``, as in :func:`deploy`), or change variants' shares.

        ``weights`` and ``counts`` map variant names to their new share of the traffic and number of
        instances. The endpoint goes on answering all the while, also when the new models fail to start
        (DeploymentFailed).
        """
        if source is None and variants is None:
            desired: dict[str, dict[str, Any]] = {}
            for variant, weight in (weights or {}).items():
                desired.setdefault(variant, {"VariantName": variant})["DesiredWeight"] = weight
            for variant, number in (counts or {}).items():
                desired.setdefault(variant, {"VariantName": variant})["DesiredInstanceCount"] = number
            if not desired:
                raise ValueError("Nothing to update: give a source, variants, weights or counts.")
            call(
                "UpdateEndpointWeightsAndCapacities",
                EndpointName=self.name,
                DesiredWeightsAndCapacities=list(desired.values()),
            )
        else:
            if weights or counts:
                raise ValueError("New models bring their own weights: give them in variants.")
            config = _configure(self.name, _variants(source, variants, instance_type, count))
            call("UpdateEndpoint", EndpointName=self.name, EndpointConfigName=config)
            if wait:
                self._updated(config)
            return self
        return self.wait() if wait else self

    def _updated(self, config: str) -> None:
        """Wait for an update. One that fails leaves the endpoint in service, with what it served before."""
        self.wait()
        answer = self.describe()
        if answer["EndpointConfigName"] != config:
            reason = answer.get("FailureReason", "the new models did not come into service")
            raise DeploymentFailed(self.name, f"The update was taken back: {reason}", self.tail())

    def logs(self) -> LogText:
        """The whole log of the endpoint, all variants."""
        text = LogReader(endpoint_group(self.name)).text()
        if not text:
            self.describe()  # an unknown name is an error, not an empty log
        return text

    def tail(self, lines: int = 20) -> LogText:
        """The last lines of the log."""
        return LogReader(endpoint_group(self.name)).tail(lines)

    def delete(self, *, models: bool = False, timeout: float = 120.0) -> None:
        """Delete the endpoint, its configuration, and with ``models`` its models; waits until it is gone."""
        config = self.describe()["EndpointConfigName"]
        names = _models(config) if models else []
        call("DeleteEndpoint", EndpointName=self.name)
        deadline = time.monotonic() + timeout
        while self._exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} is still not gone after {timeout:g} s.")
            time.sleep(0.05)
        call("DeleteEndpointConfig", EndpointConfigName=config)
        for name in names:
            call("DeleteModel", ModelName=name)

    def _exists(self) -> bool:
        try:
            self.describe()
        except ClaryError as error:
            if error.code == "ValidationException":
                return False
            raise
        return True

    def _repr_html_(self) -> str:
        answer = self.describe()
        facts: dict[str, Any] = {
            "created": answer["CreationTime"],
            **{
                variant["VariantName"]: f"weight {variant.get('CurrentWeight', 0):g}, "
                f"{variant.get('CurrentInstanceCount', 0)} running"
                for variant in answer.get("ProductionVariants", [])
            },
            "failure": answer.get("FailureReason"),
        }
        return pages.card(self.name, answer["EndpointStatus"], facts, self.boto3)


Variants = Mapping[str, "Source | tuple[Source, float] | Mapping[str, Any]"] | Sequence[Mapping[str, Any]]


def deploy(
    source: Source | None = None,
    *,
    name: str | None = None,
    code: str | Path | None = None,
    instance_type: str = "ml.m5.large",
    count: int = 1,
    variants: Variants | None = None,
    wait: bool = True,
) -> Endpoint:
    """Bring a model into service; returns the Endpoint, in service if ``wait``.

    ``source``: a TrainingJob, a Model, or what :meth:`Model.create` takes (an ``s3://`` archive, a local one,
    a folder, a model file); ``code``: its inference script. ``variants`` instead of a source, for several
    models behind one name: ``{"a": job, "b": (other, 3.0)}`` gives b three times a's traffic; a value may
    also be a mapping with ``source``, ``weight``, ``instance_type`` and ``count``; a list is taken as the
    API's ProductionVariants.

    Raises ClaryError for what the API refuses, DeploymentFailed when the endpoint does not come into service.
    """
    if code is not None:
        if source is None or isinstance(source, Model):
            raise ValueError(
                "code= goes with a source that is not a Model yet; Model.create(..., code=...) makes one."
            )
        source = Model.create(source, name=_fresh(source), code=code)
    stem = source.name if isinstance(source, Resource) else "endpoint"
    endpoint = Endpoint(name or packing.new_name(stem))
    config = _configure(endpoint.name, _variants(source, variants, instance_type, count))
    call("CreateEndpoint", EndpointName=endpoint.name, EndpointConfigName=config)
    return endpoint.wait() if wait else endpoint


def endpoints(
    *, status: str | None = None, name_contains: str | None = None, limit: int = 20
) -> Listing[Endpoint]:
    """The latest endpoints, newest first; ``status`` as the API's StatusEquals."""
    wanted: dict[str, Any] = {"StatusEquals": status} if status else {}
    if name_contains:
        wanted["NameContains"] = name_contains
    return listed(Endpoint, "ListEndpoints", "Endpoints", limit, wanted)


def _fresh(source: Source) -> str | None:
    # A job's own model has no code; with code it is another model and needs another name.
    return packing.new_name(source.name) if isinstance(source, TrainingJob) else None


def _model(source: Source) -> Model:
    if isinstance(source, Model):
        return source
    return source.model if isinstance(source, TrainingJob) else Model.create(source)


def _variants(
    source: Source | None, variants: Variants | None, instance_type: str, count: int
) -> list[dict[str, Any]]:
    if (source is None) == (variants is None):
        raise ValueError("Give either a source or variants.")
    if source is not None:
        return [_variant("AllTraffic", {"source": source}, instance_type, count)]
    if isinstance(variants, Mapping):
        return [_variant(key, _options(value), instance_type, count) for key, value in variants.items()]
    return [dict(variant) for variant in variants or ()]


def _options(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple):
        return {"source": value[0], "weight": value[1]}
    return {"source": value}


def _variant(name: str, options: Mapping[str, Any], instance_type: str, count: int) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": _model(options["source"]).name,
        "InstanceType": options.get("instance_type", instance_type),
        "InitialInstanceCount": options.get("count", count),
        "InitialVariantWeight": options.get("weight", 1.0),
    }


def _configure(endpoint: str, variants: list[dict[str, Any]]) -> str:
    name = packing.new_name(endpoint)
    call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=variants)
    return name


def _models(config: str) -> list[str]:
    variants = call("DescribeEndpointConfig", EndpointConfigName=config)["ProductionVariants"]
    return sorted({variant["ModelName"] for variant in variants})
