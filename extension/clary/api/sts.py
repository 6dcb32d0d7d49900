"""STS: who am I, and credentials for the one user that this machine has."""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING

from clary.api.errors import ApiError, not_offered
from clary.api.http_types import Request, Response
from clary.api.query import answer, form, required
from clary.api.s3_xml import Xml, node, timestamp

if TYPE_CHECKING:
    from clary.api.engine import Engine

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
# A role, because the SageMaker SDKs refuse to run anything for an identity that is none.
ROLE = "ClaryExecutionRole"
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\x21-\x7e]+/)?([\w+=,.@-]{1,64})", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SHORTEST_S, _LONGEST_S = 900, 129_600


def handle(engine: Engine, request: Request) -> Response:
    """GetCallerIdentity, AssumeRole, GetSessionToken. Raises ApiError."""
    values = form(request)
    action = values["Action"]
    if action == "GetCallerIdentity":
        return answer(request, action, _NAMESPACE, *_identity(engine.config.account_id))
    if action == "AssumeRole":
        return answer(request, action, _NAMESPACE, *_assume_role(engine, values))
    if action == "GetSessionToken":
        return answer(request, action, _NAMESPACE, _credentials(engine, values, 43_200))
    raise not_offered("sts", action)


def unique_id(prefix: str, name: str) -> str:
    """An identifier in IAM's form, always the same for the same name."""
    digest = hashlib.sha256(name.encode()).hexdigest().upper()
    return prefix + "".join(char if char.isalpha() else chr(ord("G") + int(char)) for char in digest[:17])


def _identity(account: str) -> list[Xml]:
    return [
        node("Arn", f"arn:aws:sts::{account}:assumed-role/{ROLE}/clary"),
        node("UserId", f"{unique_id('AROA', ROLE)}:clary"),
        node("Account", account),
    ]


def _assume_role(engine: Engine, values: dict[str, str]) -> list[Xml]:
    arn, session = required(values, "RoleArn"), required(values, "RoleSessionName")
    found = _ROLE_ARN.fullmatch(arn)
    if not found:
        raise ApiError("ValidationError", f"{arn} is invalid")
    if not _SESSION_NAME.fullmatch(session):
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy"
            f" constraint: Member"
            r" must satisfy regular expression pattern: [\w+=,.@-]*",
        )
    account, role = found.groups()
    user = node(
        "AssumedRoleUser",
        node("AssumedRoleId", f"{unique_id('AROA', role)}:{session}"),
        node("Arn", f"arn:aws:sts::{account}:assumed-role/{role}/{session}"),
    )
    return [_credentials(engine, values, 3600), user]


def _credentials(engine: Engine, values: dict[str, str], default_s: int) -> Xml:
    """The machine's own key pair: whoever gets this far has it already, and no role may do less."""
    text = values.get("DurationSeconds", "") or str(default_s)
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise ApiError(
            "ValidationError",
            f"1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint:"
            f" Member must"
            f" have value between {_SHORTEST_S} and {_LONGEST_S}",
        )
    return node(
        "Credentials",
        node("AccessKeyId", engine.credentials.access_key),
        node("SecretAccessKey", engine.credentials.secret_key),
        node("SessionToken", "clary"),
        node("Expiration", timestamp(time.time() + seconds)),
    )
