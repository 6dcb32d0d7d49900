"""What is left to do when an endpoint's process, or the router, has ended for good."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from clary.runner.kinds import Finish, JobKind, Outcome
from clary.serving import addresses
from clary.serving.deployment import generation_folder
from clary.serving.records import KIND, generations, job_name, split_job_name

if TYPE_CHECKING:
    from clary.runner.runner import Runner
    from clary.store.jobs import Job


class EndpointKind(JobKind):
    """One generation of an endpoint. The endpoint's document goes when the last generation of a deleted one has ended."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        """Delete the generation's unpacked models and stale sockets."""
        endpoint, generation = split_job_name(job.name)
        document = runner.store.documents.find(KIND, endpoint)
        serving = (
            document is not None
            and document.body.get("generation") == generation
            and document.status != "Deleting"
        )
        if not serving:
            shutil.rmtree(generation_folder(runner.home, endpoint, generation), ignore_errors=True)
            with contextlib.suppress(OSError):
                (runner.home.endpoints / endpoint).rmdir()  # the last one turns off the light
        addresses.clear(runner.home, endpoint, generation)
        if outcome.reason == "stopped" or outcome.succeeded:
            return Finish("Stopped", "Stopped")
        return Finish("Failed", "Failed", outcome.describe())

    def finished(self, runner: Runner, job: Job) -> None:
        """Forget the generation; and the endpoint, if it was deleted and this was its last process."""
        endpoint, generation = split_job_name(job.name)
        document = runner.store.documents.find(KIND, endpoint)
        if document is None:
            return
        if document.status == "Deleting":
            others = [number for number in generations(document.body) if number != generation]
            jobs = [runner.store.jobs.find("endpoint", job_name(endpoint, number)) for number in others]
            if all(one is None or one.state == "done" for one in jobs):
                runner.store.documents.delete(KIND, endpoint)
                runner.store.tags.clear(document.arn)
            return
        body = dict(document.body)
        if generation in body.get("previous", []):
            body["previous"] = [number for number in body["previous"] if number != generation]
            runner.store.documents.update(KIND, endpoint, body=body)
        elif body.get("generation") == generation and document.status in (
            "Creating",
            "InService",
            "Updating",
        ):
            # Nobody asked for this end: say so instead of showing an endpoint that cannot answer.
            body["FailureReason"] = job.failure_reason or "The endpoint's process was stopped."
            runner.store.documents.update(KIND, endpoint, body=body, status="Failed")


class RouterKind(JobKind):
    """The router leaves nothing behind."""

    def finish(self, runner: Runner, job: Job, outcome: Outcome) -> Finish:
        if outcome.reason == "stopped" or outcome.succeeded:
            return Finish("Stopped", "Stopped")
        return Finish("Failed", "Failed", outcome.describe())
