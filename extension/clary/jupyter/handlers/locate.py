"""Where an object lies on this machine, and where the file browser can show it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

if TYPE_CHECKING:
    from clary.objects import Objects


class LocateHandler(APIHandler):  # type: ignore[misc]
    """GET `<base_url>clary/locate?uri=s3://bucket/key` answers `{"path": ..., "local": ...}`.

    `path` is under the file browser's root, or null where it cannot be shown there; `local` is absolute, or
    null where there is nothing.
    """

    auth_resource = "clary"

    def initialize(self, objects: Callable[[], Objects]) -> None:
        self._objects = objects

    @authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    def get(self) -> None:
        from clary.objects.errors import ObjectsError

        uri = self.get_query_argument("uri")
        try:
            local = self._objects().resolve(uri).path
        except ObjectsError as error:
            raise HTTPError(400, f"{uri!r} names no place on this machine: {error}") from error
        there = local.exists()
        shown = self._shown(local) if there else None
        self.finish(json.dumps({"path": shown, "local": str(local) if there else None}))

    def _shown(self, local: Path) -> str | None:
        """The path in the file browser; None for what lies outside its root or is hidden there."""
        root = getattr(self.contents_manager, "root_dir", "")
        try:
            relative = local.resolve().relative_to(Path(root).resolve()) if root else None
        except ValueError:
            return None
        if relative is None:
            return None
        hidden = any(part.startswith(".") for part in relative.parts)
        return None if hidden and not self.contents_manager.allow_hidden else relative.as_posix()
