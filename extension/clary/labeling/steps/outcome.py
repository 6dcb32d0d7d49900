"""How a labeling job stands, for all to see: its document in the store follows its database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clary.labeling.work import Work, course
from clary.labeling.work.database import put

if TYPE_CHECKING:
    from clary.store import Store

DOCUMENT = "labeling-job"
_LONGEST_REASON = 1024


class StepFailed(Exception):
    """The job cannot go on; the text becomes its FailureReason, so it begins with ``ClientError:`` or the like."""


def fail(store: Store, work: Work, reason: str) -> None:
    """A step cannot go on: end the job as failed; of one that has ended, note why its output is not what it should be."""
    mended = f"once this is mended, clary.LabelingJob({work.settings.name!r}).retry()"
    with work.transaction() as db:
        more = {
            "failed": "",
            "halted": f" Nothing that people did is lost: {mended} goes on from here.",
            "outdated": f" The output is that of before the last review: {mended} writes it again.",
        }[course.fail(db)]
        put(db, "reason", _shortened(reason, _LONGEST_REASON - len(more)) + more)
    show(store, work)


def show(store: Store, work: Work) -> None:
    """Bring the document to what the database says: status, FailureReason, LabelingJobOutput."""
    if _lags(store, work) is None:
        return
    with store.transaction():
        body = _lags(store, work)
        if body is not None:
            store.documents.update(DOCUMENT, work.settings.name, status=work.status, body=body)


def _lags(store: Store, work: Work) -> dict[str, Any] | None:
    """What the document's body should be, if the document says anything else than the database."""
    document = store.documents.find(DOCUMENT, work.settings.name)
    if document is None or document.arn != work.settings.arn:
        return None  # deleted, or another job of this name
    body = dict(document.body)
    reason, output = work.fact("reason"), work.fact("output")
    if reason:
        body["FailureReason"] = reason
    else:
        body.pop("FailureReason", None)
    if output:
        body["LabelingJobOutput"] = output
    return body if work.status != document.status or body != document.body else None


def touch(store: Store, work: Work) -> None:
    """Tell watchers that the job has moved on, though its status is the same."""
    document = store.documents.find(DOCUMENT, work.settings.name)
    if document is not None:
        store.documents.update(DOCUMENT, work.settings.name, body=document.body)


def _shortened(reason: str, most: int) -> str:
    """AWS takes 1,024 characters; the end of a traceback says more than its middle."""
    if len(reason) <= most:
        return reason
    half = most // 2 - 3
    return f"{reason[:half]} ... {reason[-half:]}"
