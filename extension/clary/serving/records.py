"""An endpoint's document in the store, as its processes change it. Every change is one transaction and safe to repeat.

Body members of our own beside the API's: `generation` (serves), `target` (is being deployed: generation and
EndpointConfigName), `previous` (was replaced and may still drain), `served` (the last generation that was InService),
`starts` (processes of a generation that began to start since one was in service).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from clary.store import Store

if TYPE_CHECKING:
    from clary.serving.variant import Variant

KIND = "endpoint"


def job_name(endpoint: str, generation: int) -> str:
    return f"{endpoint}:{generation}"


def split_job_name(name: str) -> tuple[str, int]:
    endpoint, _, generation = name.rpartition(":")
    return endpoint, int(generation)


def generations(body: Mapping[str, Any]) -> list[int]:
    """Every generation that may have a job."""
    found = {int(body.get("generation", 1)), *(int(number) for number in body.get("previous", []))}
    if body.get("target"):
        found.add(int(body["target"]["generation"]))
    return sorted(found)


def summaries(variants: Sequence[Variant], images: Mapping[str, str]) -> list[dict[str, Any]]:
    """ProductionVariants as DescribeEndpoint shows them."""
    found = []
    for variant in variants:
        summary: dict[str, Any] = {
            "VariantName": variant.name,
            "CurrentWeight": variant.weight,
            "DesiredWeight": variant.desired_weight,
            "CurrentInstanceCount": variant.instances,
            "DesiredInstanceCount": variant.desired_instances,
        }
        if images.get(variant.name):
            summary["DeployedImages"] = [
                {"SpecifiedImage": images[variant.name], "ResolvedImage": images[variant.name]}
            ]
        found.append(summary)
    return found


class Record:
    """One generation's view of its endpoint's document."""

    def __init__(self, store: Store, endpoint: str, generation: int) -> None:
        self._store = store
        self._endpoint = endpoint
        self._generation = generation

    def desired(self) -> dict[str, dict[str, Any]]:
        """Desired weight and count by variant, where the document has them for this generation."""
        document = self._store.documents.find(KIND, self._endpoint)
        if document is None:
            return {}
        if document.body.get("generation") == self._generation:
            listed = document.body.get("ProductionVariants", [])
        else:
            listed = (document.body.get("target") or {}).get("retained", [])
        return {item["VariantName"]: item for item in listed}

    def starting(self) -> int:
        """Note that a process of this generation begins to start; returns how many have since one was in service."""
        with self._store.transaction():
            document = self._store.documents.find(KIND, self._endpoint)
            if document is None:
                return 1
            starts = dict(document.body.get("starts", {}))
            count = int(starts.get(str(self._generation), 0)) + 1
            body = {**document.body, "starts": {str(self._generation): count}}
            self._store.documents.update(KIND, self._endpoint, body=body)
        return count

    def take_over(self, config_name: str, variants: list[dict[str, Any]], flip: Callable[[], None]) -> bool:
        """Make this generation the serving one; `flip` turns the traffic inside the transaction. False: not wanted any more."""
        with self._store.transaction():
            document = self._store.documents.find(KIND, self._endpoint)
            if document is None or document.status == "Deleting":
                return False
            body = dict(document.body)
            target = body.get("target") or {}
            if body.get("generation") != self._generation:
                if target.get("generation") != self._generation:
                    return False
                body["previous"] = sorted({*body.get("previous", []), body["generation"]})
                body["generation"] = self._generation
            body["EndpointConfigName"] = config_name
            body["ProductionVariants"] = variants
            self._store.documents.update(KIND, self._endpoint, body=body)
            flip()
        return True

    def in_service(self) -> list[int]:
        """The traffic is here: say so. Returns the generations that were replaced and are to be stopped."""
        with self._store.transaction():
            document = self._store.documents.find(KIND, self._endpoint)
            if (
                document is None
                or document.body.get("generation") != self._generation
                or document.status == "Deleting"
            ):
                return []
            body = dict(document.body)
            target = body.pop("target", None) or {}
            if target and target.get("generation") != self._generation:
                body["target"] = target  # a later update has begun meanwhile
            body.pop("FailureReason", None)
            body.pop("starts", None)
            body["served"] = self._generation
            status = document.status if "target" in body else "InService"
            self._store.documents.update(KIND, self._endpoint, body=body, status=status)
            return list(body.get("previous", []))

    def failed(self, reason: str) -> bool:
        """This generation cannot serve. A new endpoint becomes Failed, an update is rolled back. True: it has served before,
        and is worth another try."""
        with self._store.transaction():
            document = self._store.documents.find(KIND, self._endpoint)
            if document is None or document.status == "Deleting":
                return False
            body = {**document.body, "FailureReason": reason}
            if body.get("generation") == self._generation:
                self._store.documents.update(KIND, self._endpoint, body=body, status="Failed")
                return body.get("served") == self._generation
            if (body.get("target") or {}).get("generation") == self._generation:
                body.pop("target")
                # It stays possible that the old one was never there: a Failed endpoint whose update failed, too.
                status = "InService" if body.get("served") == body.get("generation") else "Failed"
                body["previous"] = sorted({*body.get("previous", []), self._generation})
                self._store.documents.update(KIND, self._endpoint, body=body, status=status)
            return False

    def reloaded(self, variants: list[dict[str, Any]], failure: str = "") -> None:
        """New weights and counts are in force (or, with a `failure`, the old ones still are). What was asked for meanwhile
        is kept, and the status with it: another reload is on its way."""
        with self._store.transaction():
            document = self._store.documents.find(KIND, self._endpoint)
            if (
                document is None
                or document.body.get("generation") != self._generation
                or document.status == "Deleting"
            ):
                return
            body = dict(document.body)
            asked = {item["VariantName"]: item for item in body.get("ProductionVariants", [])}
            later = not failure and any(
                asked.get(item["VariantName"], item)[name] != item[name]
                for item in variants
                for name in ("DesiredWeight", "DesiredInstanceCount")
            )
            if later:
                return
            if not failure and body.get("ProductionVariants") == variants and document.status != "Updating":
                return
            body["ProductionVariants"] = variants
            if failure:
                body["FailureReason"] = failure
            # While a new generation is being deployed the status is that one's to change.
            status = document.status if body.get("target") else "InService"
            self._store.documents.update(KIND, self._endpoint, body=body, status=status)
