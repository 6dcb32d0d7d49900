"""Endpoints as the API engine uses them: create, update, delete, invoke. The work is done by the endpoints' processes."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from clary.config import Config
from clary.home import Home
from clary.runner.runner import Runner
from clary.runner.spec import JobSpec, Resources
from clary.serving.addresses import active_folder
from clary.serving.client import Client, Unreachable
from clary.serving.instance_logs import log_group
from clary.serving.records import KIND, generations, job_name
from clary.serving.runtime_address import RouterMissing, RuntimeAddress
from clary.store import Store
from clary.store.documents import Document

# A request may take 60 s; then its process has five more to hand over what is idle.
_GRACE_SECONDS = 75.0


class EndpointError(Exception):
    """An order that the endpoint's state does not allow; the text says why."""


class Endpoints:
    """The endpoints of one home. Methods may be called from any thread and process, and inside a store transaction;
    call `Runner.schedule` after its commit where it says so."""

    def __init__(self, home: Home, config: Config, store: Store, runner: Runner) -> None:
        self._home = home
        self._config = config
        self._store = store
        self._runner = runner
        self._client = Client()
        self._address = RuntimeAddress(home, store, runner)

    def create(self, name: str) -> None:
        """Submit the first generation of the endpoint, whose document (status Creating) is there. Then `Runner.schedule`."""
        with self._store.transaction():
            document = self._store.documents.get(KIND, name)
            config_name = document.body["EndpointConfigName"]
            generation = int(document.body.get("generation", 1))
            self._submit(document, generation, config_name)
            self._address.ensure()

    def update(
        self,
        name: str,
        config_name: str,
        kept: Collection[str] = (),
        deployment: Mapping[str, Any] | None = None,
    ) -> None:
        """Submit a new generation; the serving one goes on until the new one is warm. Then `Runner.schedule`.

        `kept`: which of DesiredWeight and DesiredInstanceCount the variants of the same name keep. Raises EndpointError.
        """
        with self._store.transaction():
            document = self._store.documents.get(KIND, name)
            if document.status not in ("InService", "Failed"):
                raise EndpointError(
                    f'Cannot update in-progress endpoint "{document.arn}". Its status is {document.status}.'
                )
            body = dict(document.body)
            generation = max([*generations(body), int(body.get("latest", 0))]) + 1
            old = body.get("ProductionVariants", [])
            retained = [
                {
                    "VariantName": item["VariantName"],
                    **{member: item[member] for member in kept if member in item},
                }
                for item in old
            ]
            body["latest"] = generation
            body["target"] = {
                "generation": generation,
                "EndpointConfigName": config_name,
                "retained": retained if kept else [],
            }
            body.pop("FailureReason", None)
            if deployment is not None:
                body["LastDeploymentConfig"] = dict(deployment)
            self._submit(document, generation, config_name)
            self._store.documents.update(KIND, name, body=body, status="Updating")
            self._address.ensure()

    def update_weights(self, name: str, changes: Sequence[Mapping[str, Any]]) -> None:
        """Change weights and counts of variants live; InService again when the endpoint's process has done so."""
        with self._store.transaction():
            document = self._store.documents.get(KIND, name)
            if document.status != "InService":
                raise EndpointError(
                    f'Cannot update in-progress endpoint "{document.arn}". Its status is {document.status}.'
                )
            body = dict(document.body)
            variants = {item["VariantName"]: dict(item) for item in body.get("ProductionVariants", [])}
            for change in changes:
                if change["VariantName"] not in variants:
                    raise EndpointError(f"Endpoint {name} has no variant named {change['VariantName']}.")
                for member in ("DesiredWeight", "DesiredInstanceCount"):
                    if change.get(member) is not None:
                        variants[change["VariantName"]][member] = change[member]
            body["ProductionVariants"] = list(variants.values())
            body.pop("FailureReason", None)
            self._store.documents.update(KIND, name, body=body, status="Updating")
        folder = active_folder(self._home, name)
        if folder is not None:
            # A process that is being restarted right now reads the document itself when it is up.
            with contextlib.suppress(Unreachable):
                self._client.call(folder, "POST", "/control/reload", {}, b"", timeout=10.0)

    def delete(self, name: str) -> None:
        """Let the endpoint's processes drain; its document goes with the last of them."""
        with self._store.transaction():
            document = self._store.documents.get(KIND, name)
            if document.status != "Deleting":
                self._store.documents.update(KIND, name, status="Deleting")
            names = [job_name(name, number) for number in generations(document.body)]
            left = [
                job
                for job in (self._runner.get("endpoint", one) for one in names)
                if job is not None and job.state != "done"
            ]
            if not left:
                self._store.documents.delete(KIND, name)
                self._store.tags.clear(document.arn)
                shutil.rmtree(self._home.endpoints / name, ignore_errors=True)
        for job in left:
            self._runner.stop("endpoint", job.name)

    def invoke(
        self,
        name: str,
        *,
        body: bytes,
        content_type: str | None = None,
        accept: str | None = None,
        target_variant: str | None = None,
        custom_attributes: str | None = None,
        inference_id: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """InvokeEndpoint by the process's Unix socket: status, headers and body as on the wire. Blocks; never raises for an
        answer that is an error. `headers`: further ones of the runtime API."""
        sent = {
            **(headers or {}),
            "Content-Type": content_type,
            "Accept": accept,
            "X-Amzn-SageMaker-Target-Variant": target_variant,
            "X-Amzn-SageMaker-Custom-Attributes": custom_attributes,
            "X-Amzn-SageMaker-Inference-Id": inference_id,
        }
        given = {key: value for key, value in sent.items() if value is not None}
        for attempt in range(3):
            folder = active_folder(self._home, name)
            if folder is None:
                break
            try:
                return self._client.call(folder, "POST", f"/endpoints/{name}/invocations", given, body)
            except Unreachable as error:
                if error.sent:
                    break
                time.sleep(0.02 * attempt)  # it may have been replaced this very moment
        return self._no_answer(name)

    def status(self, name: str) -> dict[str, Any]:
        """What the endpoint's processes are doing, for people: status, generations with their jobs' states, sockets."""
        document = self._store.documents.get(KIND, name)
        folder = active_folder(self._home, name)
        jobs: list[dict[str, Any]] = []
        for number in generations(document.body):
            job = self._runner.get("endpoint", job_name(name, number))
            if job is not None:
                jobs.append(
                    {
                        "generation": number,
                        "state": job.state,
                        "attempt": job.attempt,
                        "secondary": job.secondary,
                    }
                )
        return {
            "status": document.status,
            "jobs": jobs,
            "socket": str(folder) if folder is not None else None,
        }

    def runtime_url(self) -> str:
        """The address of the router, which is started if it is not there. Raises EndpointError when it does not come up."""
        try:
            return self._address.url()
        except RouterMissing as error:
            raise EndpointError(str(error)) from error

    def _submit(self, document: Document, generation: int, config_name: str) -> None:
        """Copy what the generation needs into its job: configuration and models may be deleted while it serves."""
        name = document.name
        config = self._store.documents.get("endpoint-config", config_name).body
        wanted = {item["ModelName"] for item in config.get("ProductionVariants", []) if "ModelName" in item}
        models = {model: self._store.documents.get("model", model).body for model in sorted(wanted)}
        self._forget(job_name(name, generation))
        self._runner.submit(
            JobSpec(
                kind="endpoint",
                name=job_name(name, generation),
                entry="clary.serving.process:main",
                log_group=log_group(name),
                log_stream=f"clary/generation-{generation}",
                payload={
                    "home": str(self._home.root),
                    "endpoint": name,
                    "generation": generation,
                    "config_name": config_name,
                    "config": config,
                    "models": models,
                    "created": document.created,
                },
                environment={"CLARY_DOOR": "off"},
                resources=Resources(self._config.cpus, 0, len(self._config.gpus)),
                grace_s=_GRACE_SECONDS,
                holds_slots=False,
                restart=True,
            )
        )

    def _forget(self, name: str) -> None:
        """An endpoint of this name was deleted before; its job's row is in the way."""
        job = self._runner.get("endpoint", name)
        if job is not None and job.state == "done":
            self._runner.remove("endpoint", name)

    def _no_answer(self, name: str) -> tuple[int, dict[str, str], bytes]:
        document = self._store.documents.find(KIND, name)
        served = (
            document is not None
            and document.status in ("InService", "Updating")
            and "served" in document.body
        )
        if served:
            self._runner.reconcile()
            self._runner.schedule()
            status, code = 503, "ServiceUnavailable"
            message = f"The process of endpoint {name} is not there right now; it is being started again. Try again in a moment."
        else:
            status, code = 400, "ValidationError"
            message = f"Endpoint {name} of account {self._config.account_id} not found."
        return (
            status,
            {"Content-Type": "application/json", "x-amzn-ErrorType": code},
            json.dumps({"Message": message}).encode(),
        )
