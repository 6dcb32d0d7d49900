"""The annotators' portal under ``/clary/portal/``: people with a link of their own, and no rights to anything but their tasks.

GET  /clary/portal/                                the page
GET  /clary/portal/canvas/<module>.js              the canvas's modules
GET  /clary/portal/me                              who the secret's bearer is, and the jobs that are open to them
POST /clary/portal/jobs/<name>/canvas              {"method", "params"}: what a canvas asks of a session
GET  /clary/portal/jobs/<name>/objects/<id>/image  an object's image; ?size= for a preview

The page and its modules are open to everybody, and hold no data. Everything else wants the secret in the header
``X-Clary-Annotator``; it is never part of an address, which servers and proxies write into their logs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from clary.api import labeling_canvas, portal_page
from clary.api.errors import ApiError
from clary.api.http_types import Headers, Request, Response
from clary.api.labeling_canvas import problem
from clary.api.operations import resources, workforce
from clary.api.portal_limit import WrongSecrets
from clary.api.rest import json_response
from clary.labeling.people import People, Person, RevokedSecret, UnknownSecret
from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

HEADER = "x-clary-annotator"
_MODULE = re.compile(r"/clary/portal/canvas/([^/]+)")
_CANVAS = re.compile(r"/clary/portal/jobs/([^/]+)/canvas")
_IMAGE = re.compile(r"/clary/portal/jobs/([^/]+)/objects/([^/]+)/image")
_OPEN = ("InProgress", "Initializing")
_MOST_JOBS = 100
_wrong = WrongSecrets()


def handle(engine: Engine, request: Request) -> Response:
    """Answer one request. Never needs, and never looks at, any other login."""
    reading = request.method in ("GET", "HEAD")
    if request.path == "/clary/portal" and reading:
        return Response(308, Headers({"Location": "portal/", "Content-Length": "0"}))
    if request.path == "/clary/portal/" and reading:
        return portal_page.page(request)
    module = _MODULE.fullmatch(request.path)
    if module and reading:
        return portal_page.module(request, unquote(module[1]))
    person = bearer(engine, request)
    if request.path == "/clary/portal/me" and reading:
        return _me(engine, request, person)
    canvas, image = _CANVAS.fullmatch(request.path), _IMAGE.fullmatch(request.path)
    if canvas and request.method == "POST":
        job = _job(engine, unquote(canvas[1]), person)
        return labeling_canvas.canvas(engine, request, job, person.name, owner=False)
    if image and reading:
        job = _job(engine, unquote(image[1]), person)
        return labeling_canvas.image(engine, request, job, unquote(image[2]), person.name, owner=False)
    raise ApiError("NotFound", "There is nothing here.", 404)


def bearer(engine: Engine, request: Request) -> Person:
    """Who asks. Raises ApiError: 403 for a secret that is missing, wrong or revoked, 429 for too many wrong ones."""
    secret = request.headers.get(HEADER, "")
    if not secret:
        raise ApiError("Forbidden", "Open the portal with the link that was sent to you.", 403)
    if not workforce.lets_in(engine, request.remote):
        raise ApiError(
            "NotFound", "There is nothing here.", 404
        )  # AWS's answer to addresses that are kept out
    try:
        return People(engine.store).of(secret)
    except RevokedSecret:
        raise ApiError("Forbidden", "This link was revoked.", 403) from None
    except UnknownSecret:
        if _wrong.too_many(request.remote):
            raise ApiError("TooManyRequests", "Too many wrong links. Try again in a minute.", 429) from None
        raise ApiError("Forbidden", "This link is not valid.", 403) from None


def failure(request: Request, error: ApiError) -> Response:
    """Any refusal, in the portal's form. What went wrong inside is not an annotator's business."""
    if error.status >= 500:
        text = f"Something went wrong here (request {request.request_id}). Try again, or tell who sent you the link."
        return problem(request, error.code, text, error.status, retry=True)
    return problem(request, error.code, error.message, error.status, retry=error.status == 429)


def _me(engine: Engine, request: Request, person: Person) -> Response:
    jobs = []
    for document in _jobs(engine, person):
        task = document.body.get("HumanTaskConfig", {})
        opened = labeling_canvas.call(engine, request, document.name, person.name, False, "open", {})
        progress: dict[str, Any] = {} if isinstance(opened, Response) else opened
        jobs.append(
            {
                "job": document.name,
                "title": task.get("TaskTitle", document.name),
                "description": task.get("TaskDescription", ""),
                "task": progress.get("task", ""),
                "status": document.status,
                "progress": progress.get("progress"),
            }
        )
    return json_response({"name": person.name, "jobs": jobs}, request.request_id)


def _jobs(engine: Engine, person: Person) -> list[Document]:
    """The open jobs of the person's team, the oldest first."""
    team = resources.arn(engine, "workteam", person.team)
    marks = ", ".join("?" * len(_OPEN))
    within = (
        f"status IN ({marks}) AND json_extract(body, '$.HumanTaskConfig.WorkteamArn') = ?",
        (*_OPEN, team),
    )
    page = engine.store.documents.page("labeling-job", limit=_MOST_JOBS, within=within, descending=False)
    return page.items


def _job(engine: Engine, name: str, person: Person) -> str:
    """The job's own name, if it is the person's team's. A job of others is not there at all."""
    document = engine.store.documents.find("labeling-job", name)
    team = resources.arn(engine, "workteam", person.team)
    if document is None or document.body["HumanTaskConfig"]["WorkteamArn"] != team:
        raise ApiError("NotFound", f"There is no job {name[:63]!r} for you.", 404)
    return document.name
