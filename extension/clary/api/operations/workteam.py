"""CreateWorkteam, DescribeWorkteam, ListWorkteams, UpdateWorkteam, DeleteWorkteam, and the teams of vendors, of whom there are
none.

A team's people are those with a link (`clary.labeling.people`); its member definitions are kept and told back.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from clary.api.errors import ApiError, in_use, limit_exceeded, validation
from clary.api.operations import resources, workforce
from clary.api.operations.resources import refuse
from clary.api.paging import listing
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "workteam"
# Made when it is first named.
DEFAULT = "default"
_MOST = 25
_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:([0-9]{12}):workteam/([^/]+)/(.+)")
_OVER = ("Completed", "Failed", "Stopped")
_KEPT = ("MemberDefinitions", "Description", "NotificationConfiguration", "WorkerAccessConfiguration")


@operation("sagemaker", "CreateWorkteam")
def create_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    _check_members(params["MemberDefinitions"])
    name = params["WorkteamName"]
    with engine.store.transaction():
        if "WorkforceName" in params:
            resources.find(engine, workforce.KIND, params["WorkforceName"])
        else:
            params = {**params, "WorkforceName": workforce.made(engine).name}
        if len(engine.store.documents.page(KIND, limit=_MOST).items) >= _MOST:
            raise limit_exceeded(f"An account can have {_MOST} work teams in a region, and has them.")
        try:
            with resources.creating(engine, KIND, name, params) as document:
                return {"WorkteamArn": document.arn}
        except AlreadyExists:
            known = resources.arn(engine, KIND, name)
            raise in_use(f"There is a work team of this name already: {known}.") from None


@operation("sagemaker", "DescribeWorkteam")
def describe_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"Workteam": description(engine, found(engine, params["WorkteamName"]))}


@operation("sagemaker", "ListWorkteams")
def list_workteams(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return listing(
        engine,
        KIND,
        workforce.as_listing(params),
        "Workteams",
        lambda document: description(engine, document),
    )


@operation("sagemaker", "UpdateWorkteam")
def update_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    if "MemberDefinitions" in params:
        _check_members(params["MemberDefinitions"])
    with engine.store.transaction():
        document = found(engine, params["WorkteamName"])
        body = {**document.body, **{key: params[key] for key in _KEPT if key in params}}
        document = engine.store.documents.update(KIND, document.name, body=body)
    return {"Workteam": description(engine, document)}


@operation("sagemaker", "DeleteWorkteam")
def delete_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    """The team goes, and every link of its people with it; what they labelled stays."""
    from clary.labeling.people import People

    with engine.store.transaction():
        document = resources.find(engine, KIND, params["WorkteamName"])
        marks = ", ".join("?" * len(_OVER))
        within = (
            f"status NOT IN ({marks}) AND json_extract(body, '$.HumanTaskConfig.WorkteamArn') = ?",
            (*_OVER, document.arn),
        )
        busy = engine.store.documents.page("labeling-job", limit=1, within=within).items
        if busy:
            raise in_use(
                f"The work team {document.arn} is at work on the labeling job {busy[0].arn}. Stop it first."
            )
        People(engine.store).revoke_all(document.name)
        resources.remove(engine, document)
    return {"Success": True}


@operation("sagemaker", "ListSubscribedWorkteams")
def list_subscribed_workteams(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("NextToken"):
        raise validation("Invalid pagination token: NextToken was not returned by this listing.")
    return {"SubscribedWorkteams": []}


@operation("sagemaker", "DescribeSubscribedWorkteam")
def describe_subscribed_workteam(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    raise validation(
        f'Could not find subscribed work team "{params["WorkteamArn"]}". Clary has no marketplace.'
    )


def found(engine: Engine, name: str) -> Document:
    """The team; Clary's own is made now if it is asked for and not there. Raises ApiError."""
    if name.lower() != DEFAULT:
        return resources.find(engine, KIND, name)
    with engine.store.transaction():
        known = engine.store.documents.find_by_arn(resources.arn(engine, KIND, DEFAULT))
        if known is not None:
            return known
        group = {"UserPool": f"{engine.config.region}_clary", "UserGroup": "annotators", "ClientId": "clary"}
        params = {
            "WorkteamName": DEFAULT,
            "WorkforceName": workforce.made(engine).name,
            "MemberDefinitions": [{"CognitoMemberDefinition": group}],
            "Description": "Who labels on this machine, and whoever has a link",
        }
        with contextlib.suppress(AlreadyExists), resources.creating(engine, KIND, DEFAULT, params):
            pass
    return engine.store.documents.get(KIND, DEFAULT)


def by_arn(engine: Engine, arn: str) -> Document:
    """The team that a labeling job names. Raises ApiError, by name for the workforces that Clary does not have."""
    match = _ARN.fullmatch(arn)
    crowd, name = (match[2], match[3]) if match else ("", "")
    if crowd == "public-crowd":
        raise refuse(
            "The public workforce (Amazon Mechanical Turk)",
            "Make a private work team with CreateWorkteam and invite people to it.",
        )
    if crowd == "vendor-crowd":
        raise refuse(
            "A vendor's workforce", "Make a private work team with CreateWorkteam and invite people to it."
        )
    if crowd != "private-crowd" or "/" in name:
        raise validation(f"{arn!r} is not the ARN of a work team: it ends in workteam/private-crowd/<name>.")
    if match is not None and match[1] != engine.config.account_id:
        raise validation(
            f"The work team {arn} is of account {match[1]}; this is account {engine.config.account_id}."
        )
    document = engine.store.documents.find_by_arn(resources.arn(engine, KIND, name))
    if document is None and name.lower() != DEFAULT:
        raise ApiError("ResourceNotFound", f"The work team {arn} does not exist. CreateWorkteam makes one.")
    return document or found(engine, DEFAULT)


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeWorkteam says of a team."""
    body = document.body
    answer: dict[str, Any] = {
        "WorkteamName": document.name,
        "WorkteamArn": document.arn,
        "WorkforceArn": resources.arn(engine, workforce.KIND, body["WorkforceName"]),
        "CreateDate": resources.moment(document.created),
        "LastUpdatedDate": resources.moment(document.modified),
        "SubDomain": workforce.sub_domain(engine),
        "NotificationConfiguration": {},
    }
    return answer | {key: body[key] for key in _KEPT if key in body}


def _check_members(definitions: list[dict[str, Any]]) -> None:
    kinds: set[str] = set()
    for number, one in enumerate(definitions, 1):
        if len(one) != 1:
            raise validation(
                f"MemberDefinitions.{number} must have exactly one of CognitoMemberDefinition and OidcMemberDefinition."
            )
        kinds.update(one)
    if len(kinds) > 1:
        raise validation("MemberDefinitions must all be of one kind: Cognito or OIDC.")
