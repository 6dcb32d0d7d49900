"""The work of a labeling job: who labels what, what they did, and what follows from it, in one database a job."""

from clary.labeling.work.errors import SessionError, WorkError
from clary.labeling.work.recording import Act
from clary.labeling.work.rows import Batch, Event, NewObject, ObjectRow
from clary.labeling.work.work import Work

__all__ = ["Act", "Batch", "Event", "NewObject", "ObjectRow", "SessionError", "Work", "WorkError"]
