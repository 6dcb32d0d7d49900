"""Clary's memory: one SQLite file in WAL mode that any process may open."""

from clary.store.database import Store, StoreError
from clary.store.documents import AlreadyExists, Document, NotFound, Page

__all__ = ["AlreadyExists", "Document", "NotFound", "Page", "Store", "StoreError"]
