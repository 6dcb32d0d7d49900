"""Work teams, the private workforce, and who is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clary.api.engine import Engine
from clary.api.errors import ApiError
from clary.api.http_types import Request
from clary.labeling.people import owner_name

GROUP = {"CognitoMemberDefinition": {"UserPool": "us-east-1_abc", "UserGroup": "g", "ClientId": "c"}}
OIDC = {"OidcMemberDefinition": {"Groups": ["g"]}}
TEAM = {"WorkteamName": "Readers", "MemberDefinitions": [GROUP], "Description": "d"}
COGNITO = {"UserPool": "us-east-1_abc", "ClientId": "c"}


def call(engine: Engine, operation: str, **params: Any) -> dict[str, Any]:
    return engine.call("sagemaker", operation, params)


def refused(engine: Engine, code: str, words: str, operation: str, **params: Any) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        call(engine, operation, **params)
    assert caught.value.code == code


def rest(engine: Engine, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    answer = engine.handle(Request(method, path, service="clary", body=data), authenticated=True)
    return answer.status, json.loads(answer.content())


def test_a_team_is_made_described_changed_listed_and_deleted(engine: Engine) -> None:
    arn = call(engine, "CreateWorkteam", **TEAM)["WorkteamArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/readers"
    team = call(engine, "DescribeWorkteam", WorkteamName="Readers")["Workteam"]
    assert team["MemberDefinitions"] == [GROUP]
    assert team["WorkforceArn"].endswith(":workforce/default")
    assert team["SubDomain"].endswith("/clary/portal")
    changed = call(engine, "UpdateWorkteam", WorkteamName="Readers", Description="e")["Workteam"]
    assert (changed["Description"], changed["CreateDate"]) == ("e", team["CreateDate"])
    call(engine, "CreateWorkteam", **{**TEAM, "WorkteamName": "Artists"})
    listed = call(engine, "ListWorkteams", SortBy="Name", NameContains="art")["Workteams"]
    assert [one["WorkteamName"] for one in listed] == ["Artists"]
    page = call(engine, "ListWorkteams", MaxResults=1)
    assert page["Workteams"][0]["WorkteamName"] == "Readers"
    page = call(engine, "ListWorkteams", MaxResults=1, NextToken=page["NextToken"])
    assert page["Workteams"][0]["WorkteamName"] == "Artists"
    assert call(engine, "DeleteWorkteam", WorkteamName="Readers") == {"Success": True}
    refused(
        engine, "ValidationException", "Could not find work team", "DescribeWorkteam", WorkteamName="Readers"
    )


def test_what_a_team_cannot_be_is_refused(engine: Engine) -> None:
    call(engine, "CreateWorkteam", **TEAM)
    refused(engine, "ResourceInUse", "already", "CreateWorkteam", **{**TEAM, "WorkteamName": "READERS"})
    mixed = {**TEAM, "WorkteamName": "x", "MemberDefinitions": [GROUP, OIDC]}
    refused(engine, "ValidationException", "one kind", "CreateWorkteam", **mixed)
    both = {**TEAM, "WorkteamName": "x", "MemberDefinitions": [{**GROUP, **OIDC}]}
    refused(engine, "ValidationException", "exactly one of", "CreateWorkteam", **both)
    foreign = {**TEAM, "WorkteamName": "x", "WorkforceName": "nobody"}
    refused(engine, "ValidationException", "Could not find workforce", "CreateWorkteam", **foreign)
    for number in range(24):
        call(engine, "CreateWorkteam", **{**TEAM, "WorkteamName": f"t{number}"})
    refused(
        engine, "ResourceLimitExceeded", "25 work teams", "CreateWorkteam", **{**TEAM, "WorkteamName": "x"}
    )


def test_a_team_at_work_is_not_deleted(engine: Engine, job: Any) -> None:
    job()
    refused(engine, "ResourceInUse", "labeling-job/mood", "DeleteWorkteam", WorkteamName="default")


def test_there_is_one_private_workforce(engine: Engine) -> None:
    secret = {
        "ClientId": "c", "ClientSecret": "s3cret", "Issuer": "https://i", "AuthorizationEndpoint": "https://a",
        "TokenEndpoint": "https://t", "UserInfoEndpoint": "https://u", "LogoutEndpoint": "https://l", "JwksUri": "https://j",
    }  # fmt: skip
    refused(engine, "ValidationException", "Exactly one", "CreateWorkforce", WorkforceName="w")
    call(engine, "CreateWorkforce", WorkforceName="Staff", OidcConfig=secret)
    refused(
        engine,
        "ValidationException",
        "one in a region",
        "CreateWorkforce",
        WorkforceName="w",
        CognitoConfig=COGNITO,
    )
    found = call(engine, "DescribeWorkforce", WorkforceName="Staff")["Workforce"]
    assert found["Status"] == "Active"
    assert "s3cret" not in str(found) + str(engine.store.documents.get("workforce", "Staff").body)
    call(engine, "CreateWorkteam", **TEAM)
    refused(engine, "ResourceInUse", "work teams", "DeleteWorkforce", WorkforceName="Staff")
    refused(
        engine, "ConflictException", "work teams", "UpdateWorkforce", WorkforceName="Staff", OidcConfig=secret
    )
    ranges = {"Cidrs": ["10.0.0.0/8"]}
    changed = call(engine, "UpdateWorkforce", WorkforceName="Staff", SourceIpConfig=ranges)["Workforce"]
    assert changed["SourceIpConfig"] == ranges
    assert [one["WorkforceName"] for one in call(engine, "ListWorkforces")["Workforces"]] == ["Staff"]
    call(engine, "DeleteWorkteam", WorkteamName="Readers")
    call(engine, "DeleteWorkforce", WorkforceName="Staff")
    assert call(engine, "ListWorkforces")["Workforces"] == []


def test_there_are_no_vendors(engine: Engine) -> None:
    assert call(engine, "ListSubscribedWorkteams") == {"SubscribedWorkteams": []}
    arn = "arn:aws:sagemaker:us-east-1:000000000000:workteam/vendor-crowd/acme"
    refused(engine, "ValidationException", "no marketplace", "DescribeSubscribedWorkteam", WorkteamArn=arn)


def test_a_member_gets_a_link_once_and_loses_it_at_once(engine: Engine) -> None:
    members = "/clary/workteams/default/members"
    status, anna = rest(engine, "POST", members, {"name": "  Anna   B "})
    assert (status, anna["name"], anna["serving"]) == (200, "Anna B", False)
    assert "clary portal" in anna["note"]
    assert rest(engine, "POST", members, {"name": "anna b"})[0] == 400
    (known,) = rest(engine, "GET", members)[1]["members"]
    assert (known["name"], known["status"]) == ("Anna B", "Active")
    secret = anna["link"].partition("#")[2]
    assert secret.partition(".")[2] not in json.dumps(known) + engine.home.database.read_bytes().decode(
        "latin-1"
    )
    assert rest(engine, "DELETE", f"{members}/Anna%20B")[1]["status"] == "Revoked"
    assert rest(engine, "DELETE", f"{members}/Anna%20B")[0] == 404
    again = rest(engine, "POST", members, {"name": "Anna B"})[1]["link"]
    assert again != anna["link"]
    assert [one["status"] for one in rest(engine, "GET", members)[1]["members"]] == ["Active"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": ""}, "1 to 64 characters"),
        ({"name": "x" * 65}, "1 to 64 characters"),
        ({"name": 5}, "must be text"),
        ({}, "must be text"),
        ({"name": "a/b"}, "slash"),
        ({"name": "a\u202eb"}, "characters"),
        ({"name": owner_name()}, "your own user name"),
        ([], "JSON object"),
        (b"{", "not valid JSON"),
    ],
)
def test_a_name_that_cannot_be_is_refused(engine: Engine, body: Any, words: str) -> None:
    status, answer = rest(engine, "POST", "/clary/workteams/default/members", body)
    assert status == 400
    assert words in answer["Message"]


def test_members_of_no_team_are_not_found(engine: Engine) -> None:
    assert rest(engine, "GET", "/clary/workteams/nobody/members")[0] == 400
    assert (
        "Could not find work team"
        in rest(engine, "POST", "/clary/workteams/nobody/members", {"name": "a"})[1]["Message"]
    )
    assert rest(engine, "PUT", "/clary/workteams/default/members")[0] == 405


def test_a_teams_links_end_with_the_team(engine: Engine) -> None:
    from clary.labeling.people import People, RevokedSecret

    call(engine, "CreateWorkteam", **TEAM)
    link = rest(engine, "POST", "/clary/workteams/Readers/members", {"name": "Bo"})[1]["link"]
    call(engine, "DeleteWorkteam", WorkteamName="Readers")
    with pytest.raises(RevokedSecret):
        People(engine.store).of(link.partition("#")[2])
