"""What is owed to MLflow for one job: a document of the kind ``mlflow-run`` with the job's name, gone when all is done."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clary.store import Store
    from clary.store.documents import Document

KIND = "mlflow-run"


@dataclass(frozen=True)
class Entry:
    """job: the name of the training job. arn: its ARN. joined: the script may log to the run itself, so parameters are added only
    at the end, as far as they are missing. theirs: the job brought the run, which is not ours to end. sent: lines of metrics
    that are in MLflow already. mirrored, scripts: names of metrics that we send, and that the script of a joined run logs
    itself. told: what was said in the job's log. created: epoch seconds."""

    job: str
    arn: str
    uri: str
    experiment: str
    variables: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    joined: bool = False
    theirs: bool = False
    sent: int = 0
    mirrored: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    params_sent: bool = False
    told: tuple[str, ...] = ()
    created: float = 0.0

    @classmethod
    def of(cls, document: Document) -> Entry:
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in document.body.items() if name in known}
        for name in ("mirrored", "scripts", "told"):
            values[name] = tuple(values.get(name, ()))
        return cls(**{**values, "created": document.created})

    def body(self) -> dict[str, Any]:
        return asdict(self)


def any_open(store: Store) -> bool:
    """Whether anything is owed."""
    row = store.read().execute("SELECT 1 FROM documents WHERE kind = ? LIMIT 1", (KIND,)).fetchone()
    return row is not None
