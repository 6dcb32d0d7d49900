"""CreateWorkforce, DescribeWorkforce, ListWorkforces, UpdateWorkforce, DeleteWorkforce: the one private workforce.

People are not found in Cognito or by OpenID Connect here: each has a link of their own (`clary.labeling.people`). What a
request says of either is kept and told back.
"""

from __future__ import annotations

import contextlib
import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from clary.api import portal_address
from clary.api.errors import ApiError, in_use, validation
from clary.api.http_types import Request
from clary.api.operations import resources
from clary.api.paging import listing
from clary.api.registry import operation
from clary.store.documents import AlreadyExists, Document

if TYPE_CHECKING:
    from clary.api.engine import Engine

KIND = "workforce"
DEFAULT = "default"
_MOST_RANGES = 10


@operation("sagemaker", "CreateWorkforce")
def create_workforce(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    if ("CognitoConfig" in params) == ("OidcConfig" in params):
        raise validation("Exactly one of CognitoConfig and OidcConfig must be given.")
    _check_ranges(params)
    with engine.store.transaction():
        known = the_one(engine)
        if known is not None:
            raise validation(
                f"There is a private workforce already, and an account can have one in a region: {known.arn}. Delete it first."
            )
        with resources.creating(engine, KIND, params["WorkforceName"], _without_secret(params)) as document:
            return {"WorkforceArn": document.arn}


@operation("sagemaker", "DescribeWorkforce")
def describe_workforce(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return {"Workforce": description(engine, resources.find(engine, KIND, params["WorkforceName"]))}


@operation("sagemaker", "ListWorkforces")
def list_workforces(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    return listing(
        engine, KIND, as_listing(params), "Workforces", lambda document: description(engine, document)
    )


@operation("sagemaker", "UpdateWorkforce")
def update_workforce(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    _check_ranges(params)
    with engine.store.transaction():
        document = resources.find(engine, KIND, params["WorkforceName"])
        if "OidcConfig" in params and "OidcConfig" not in document.body:
            raise validation("OidcConfig can be updated only of a workforce that was created with it.")
        if "OidcConfig" in params and _has_teams(engine):
            raise ApiError(
                "ConflictException",
                "OidcConfig cannot be updated while the workforce has work teams. Delete them first.",
            )
        body = {**document.body, **_without_secret(params)}
        document = engine.store.documents.update(KIND, document.name, body=body)
    return {"Workforce": description(engine, document)}


@operation("sagemaker", "DeleteWorkforce")
def delete_workforce(engine: Engine, params: dict[str, Any]) -> dict[str, Any]:
    with engine.store.transaction():
        document = resources.find(engine, KIND, params["WorkforceName"])
        if _has_teams(engine):
            raise in_use(
                f"The workforce {document.arn} has work teams. Delete them before you delete the workforce."
            )
        resources.remove(engine, document)
    return {}


def the_one(engine: Engine) -> Document | None:
    """The private workforce, if there is one."""
    return next(iter(engine.store.documents.page(KIND, limit=1).items), None)


def made(engine: Engine) -> Document:
    """The private workforce; Clary's own, if nobody has made one."""
    with engine.store.transaction():
        known = the_one(engine)
        if known is not None:
            return known
        pool = f"{engine.config.region}_clary"
        params = {"WorkforceName": DEFAULT, "CognitoConfig": {"UserPool": pool, "ClientId": "clary"}}
        with contextlib.suppress(AlreadyExists), resources.creating(engine, KIND, DEFAULT, params):
            pass
    return engine.store.documents.get(KIND, DEFAULT)


def description(engine: Engine, document: Document) -> dict[str, Any]:
    """What DescribeWorkforce says of a workforce."""
    body = document.body
    answer: dict[str, Any] = {
        "WorkforceName": document.name,
        "WorkforceArn": document.arn,
        "CreateDate": resources.moment(document.created),
        "LastUpdatedDate": resources.moment(document.modified),
        "SubDomain": sub_domain(engine),
        "SourceIpConfig": body.get("SourceIpConfig", {"Cidrs": []}),
        "Status": "Active",
        "IpAddressType": body.get("IpAddressType", "ipv4"),
    }
    answer |= {key: body[key] for key in ("CognitoConfig", "OidcConfig") if key in body}
    network = body.get("WorkforceVpcConfig", {})
    if network.keys() >= {"VpcId", "SecurityGroupIds", "Subnets"}:
        answer["WorkforceVpcConfig"] = network
    return answer


def sub_domain(engine: Engine) -> str:
    """Host and path under which annotators reach the portal, as AWS says it: without ``https://``."""
    address, _ = portal_address.find(engine, Request("GET", "/"))
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path}".rstrip("/")


def lets_in(engine: Engine, address: str) -> bool:
    """Whether the workforce's SourceIpConfig allows annotators at this address. ``::ffff:10.0.0.1`` is ``10.0.0.1``."""
    workforce = the_one(engine)
    ranges = workforce.body.get("SourceIpConfig", {}).get("Cidrs", []) if workforce else []
    if not ranges:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(one, strict=False) for one in ranges)


def as_listing(params: dict[str, Any]) -> dict[str, Any]:
    """A List request of these families as `paging.listing` reads it: AWS's defaults and words differ from the older ones'."""
    order = {"CreateDate": "CreationTime"}
    sort_by = params.get("SortBy", "CreationTime")
    return {"SortOrder": "Ascending", **params, "SortBy": order.get(sort_by, sort_by)}


def _check_ranges(params: dict[str, Any]) -> None:
    ranges = params.get("SourceIpConfig", {}).get("Cidrs", [])
    if len(ranges) > _MOST_RANGES:
        raise validation(
            f"SourceIpConfig.Cidrs may list up to {_MOST_RANGES} ranges; {len(ranges)} were given."
        )
    for one in ranges:
        try:
            ipaddress.ip_network(one, strict=False)
        except ValueError as error:
            raise validation(f"SourceIpConfig.Cidrs: {one!r} is not a range of addresses: {error}.") from None


def _without_secret(params: dict[str, Any]) -> dict[str, Any]:
    """The request without the client's secret, which nothing here needs and AWS does not tell back either."""
    if "OidcConfig" not in params:
        return params
    kept = {key: value for key, value in params["OidcConfig"].items() if key != "ClientSecret"}
    return {**params, "OidcConfig": kept}


def _has_teams(engine: Engine) -> bool:
    return bool(engine.store.documents.page("workteam", limit=1).items)
