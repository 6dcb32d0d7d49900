"""IAM: every role exists and may do everything, because on one's own machine there is nobody to keep out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from clary.api.errors import ApiError, not_offered
from clary.api.http_types import Request, Response
from clary.api.query import answer, form, required
from clary.api.s3_xml import Xml, node, timestamp
from clary.api.sts import unique_id

if TYPE_CHECKING:
    from clary.api.engine import Engine

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
_CREATED = 1_700_000_000.0
_MOST_ACTIONS = 500


def handle(engine: Engine, request: Request) -> Response:
    """GetRole and SimulatePrincipalPolicy. Raises ApiError."""
    values = form(request)
    action = values["Action"]
    if action == "GetRole":
        role = _role(engine.config.account_id, required(values, "RoleName"))
        return answer(request, action, _NAMESPACE, role)
    if action == "SimulatePrincipalPolicy":
        return answer(request, action, _NAMESPACE, node("IsTruncated", False), _simulated(values))
    raise not_offered("iam", action)


def _role(account: str, name: str) -> Xml:
    if not _ROLE_NAME.fullmatch(name):
        raise ApiError(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters"
            " and/or the"
            " following: +=,.@_-",
        )
    return node(
        "Role",
        node("Path", "/"),
        node("RoleName", name),
        node("RoleId", unique_id("AROA", name)),
        node("Arn", f"arn:aws:iam::{account}:role/{name}"),
        node("CreateDate", timestamp(_CREATED)),
        node("AssumeRolePolicyDocument", quote(_TRUST, safe="")),
        node("MaxSessionDuration", 43_200),
    )


def _simulated(values: dict[str, str]) -> Xml:
    required(values, "PolicySourceArn")
    actions = [
        values[f"ActionNames.member.{number}"]
        for number in range(1, _MOST_ACTIONS)
        if f"ActionNames.member.{number}" in values
    ]
    if not actions:
        raise ApiError("ValidationError", "SimulatePrincipalPolicy wants at least one action in ActionNames.")
    resource = values.get("ResourceArns.member.1", "*")
    return node(
        "EvaluationResults",
        *(
            node(
                "member",
                node("EvalActionName", action),
                node("EvalResourceName", resource),
                node("EvalDecision", "allowed"),
                node("MatchedStatements"),
                node("MissingContextValues"),
            )
            for action in actions
        ),
    )
