"""The labeling part of ``/clary/...``, for whoever is logged in or signs.

POST   /clary/labeling-jobs/<name>/canvas               {"method", "params"}: what a canvas asks of a session
GET    /clary/labeling-jobs/<name>/objects/<id>/image   an object's image; ?size= for a preview
POST   /clary/labeling-jobs/<name>/retry                do again what failed; of a job that has ended, write its output again
GET    /clary/labeling-jobs/<name>/results              what there is to look at: charts, agreement, the certificate
GET    /clary/labeling-jobs/<name>/events               the audit trail; ?after=&limit=&worker=&object=
GET    /clary/workteams/<name>/members                  who is in a team
POST   /clary/workteams/<name>/members                  {"name"}: a new member; the answer tells the link, once
DELETE /clary/workteams/<name>/members/<person>         the person's link is void from now on
GET    /clary/canvas/<module>.js                        the canvas's modules; bundle.js: all of them as one

`?worker=` says for whom a canvas speaks; without it, for the user of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from clary.api import labeling_canvas, portal_address, portal_page
from clary.api.errors import ApiError, in_use, validation
from clary.api.http_types import Request, Response
from clary.api.operations import resources
from clary.api.rest import json_object, json_response
from clary.labeling.people import AlreadyMember, NotMember, People, PeopleError, Person, owner_name

if TYPE_CHECKING:
    from clary.api.engine import Engine

_MOST_EVENTS = 10_000


def handle(engine: Engine, request: Request) -> Response:
    """Answer a request under these; raises ApiError."""
    known: set[str] = set()
    for methods, pattern, answer in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match and request.method in methods:
            return answer(engine, request, *map(unquote, match.groups()))
        known |= set(methods) if match else set()
    if known:
        raise ApiError("MethodNotAllowed", f"{request.path} takes {', '.join(sorted(known))} only.", 405)
    raise ApiError("ResourceNotFound", f"There is nothing at {request.path}.", 404)


def _canvas(engine: Engine, request: Request, job: str) -> Response:
    name = _name(engine, job)
    return labeling_canvas.canvas(engine, request, name, *_who(request)) if name else _no_job(request, job)


def _image(engine: Engine, request: Request, job: str, number: str) -> Response:
    name = _name(engine, job)
    return (
        labeling_canvas.image(engine, request, name, number, *_who(request))
        if name
        else _no_job(request, job)
    )


def _name(engine: Engine, job: str) -> str:
    """The job's own name, whatever its case in the address; empty where there is none."""
    document = engine.store.documents.find_by_arn(resources.arn(engine, "labeling-job", job))
    return document.name if document else ""


def _no_job(request: Request, job: str) -> Response:
    return labeling_canvas.problem(request, "NotFound", f"There is no labeling job named {job[:63]}.", 404)


def _who(request: Request) -> tuple[str, bool]:
    """For whom the canvas speaks, and whether that is the job's owner."""
    owner = owner_name()
    worker = request.parameters.get("worker") or owner
    return worker, worker == owner


def _retry(engine: Engine, request: Request, job: str) -> Response:
    from clary.labeling import steps

    work = _work(engine, job)
    if not steps.retry(engine.home, engine.store, engine.runner, work.settings.name):
        why = (
            "it failed before anybody labeled anything: create a new one"
            if work.status == "Failed"
            else f"it is {work.status}"
        )
        raise validation(f"{work.settings.name} has nothing to be done again: {why}.")
    return json_response({}, request.request_id)


def _results(engine: Engine, request: Request, job: str) -> Response:
    from clary.labeling import results

    return json_response(results.document(_work(engine, job)), request.request_id)


def _events(engine: Engine, request: Request, job: str) -> Response:
    after, limit = _number(request, "after", 0), _number(request, "limit", 1000)
    events = _work(engine, job).events(
        after=after,
        limit=max(1, min(limit, _MOST_EVENTS)),
        worker=request.parameters.get("worker"),
        object=_number(request, "object", None),
    )
    return json_response({"events": [one.to_json() for one in events]}, request.request_id)


def _work(engine: Engine, job: str) -> Any:
    from clary.labeling.work import Work
    from clary.labeling.work.errors import WorkError

    name = _name(engine, job)
    if not name:
        raise ApiError("ResourceNotFound", f"There is no labeling job named {job[:63]}.", 404)
    try:
        return Work.open(engine.home, name)
    except WorkError as error:
        raise ApiError("ResourceNotFound", str(error), 404) from None


def _number(request: Request, name: str, default: Any) -> Any:
    text = request.parameters.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise validation(f"{name} must be a whole number, not {text[:100]!r}.")
    return int(text)


def _members(engine: Engine, request: Request, team: str) -> Response:
    people = People(engine.store).members(_team(engine, team))
    return json_response({"members": [_shown(one) for one in people]}, request.request_id)


def _invite(engine: Engine, request: Request, team: str) -> Response:
    document = json_object(request)
    try:
        person, secret = People(engine.store).invite(_team(engine, team), document.get("name"))
    except AlreadyMember as error:
        raise in_use(str(error)) from None
    except PeopleError as error:
        raise validation(str(error)) from None
    address, serving = portal_address.find(engine, request)
    answer = {"name": person.name, "team": person.team, "link": f"{address}#{secret}", "serving": serving}
    if not serving:
        answer["note"] = "No server of Clary's answers there now. `clary portal` starts one."
    return json_response(answer, request.request_id)


def _revoke(engine: Engine, request: Request, team: str, name: str) -> Response:
    try:
        person = People(engine.store).revoke(_team(engine, team), name)
    except NotMember as error:
        raise ApiError("ResourceNotFound", str(error), 404) from None
    return json_response(_shown(person), request.request_id)


def _shown(person: Person) -> dict[str, Any]:
    return {**asdict(person), "status": "Active" if person.revoked is None else "Revoked"}


def _team(engine: Engine, name: str) -> str:
    from clary.api.operations import workteam

    return workteam.found(engine, name).name


def _module(engine: Engine, request: Request, name: str) -> Response:
    return portal_page.module(request, name)


_READ = ("GET", "HEAD")
_ROUTES: list[tuple[tuple[str, ...], re.Pattern[str], Callable[..., Response]]] = [
    (("POST",), re.compile(r"/clary/labeling-jobs/([^/]+)/canvas"), _canvas),
    (_READ, re.compile(r"/clary/labeling-jobs/([^/]+)/objects/([^/]+)/image"), _image),
    (("POST",), re.compile(r"/clary/labeling-jobs/([^/]+)/retry"), _retry),
    (_READ, re.compile(r"/clary/labeling-jobs/([^/]+)/results"), _results),
    (_READ, re.compile(r"/clary/labeling-jobs/([^/]+)/events"), _events),
    (_READ, re.compile(r"/clary/workteams/([^/]+)/members"), _members),
    (("POST",), re.compile(r"/clary/workteams/([^/]+)/members"), _invite),
    (("DELETE",), re.compile(r"/clary/workteams/([^/]+)/members/([^/]+)"), _revoke),
    (_READ, re.compile(r"/clary/canvas/([^/]+)"), _module),
]
