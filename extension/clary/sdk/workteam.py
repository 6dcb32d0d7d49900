"""Work teams: the people who label, each with a link of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary.sdk import pages
from clary.sdk.api import account, call, region, request
from clary.sdk.errors import ClaryError
from clary.sdk.resource import Listing, Resource

DEFAULT = "default"


class Workteam(Resource):
    """A private work team, by its name."""

    kind = "Workteam"

    @classmethod
    def create(cls, name: str, description: str = "") -> Workteam:
        """A new private team; those whom it invites see its jobs only: ``clary.label(..., team=name)``.

        Raises ClaryError for a name that is taken.
        """
        group = {"UserPool": f"{region()}_clary", "UserGroup": name, "ClientId": "clary"}
        call(
            "CreateWorkteam",
            WorkteamName=name,
            MemberDefinitions=[{"CognitoMemberDefinition": group}],
            Description=description or f"Who labels {name}",
        )
        return cls(name)

    @property
    def boto3(self) -> str:
        return f"boto3.client('sagemaker').describe_workteam(WorkteamName={self.name!r})"

    def describe(self) -> dict[str, Any]:
        """The API's answer, without the frame around it."""
        return dict(super().describe()["Workteam"])

    @property
    def arn(self) -> str:
        return team_arn(self.name)

    @property
    def members(self) -> list[dict[str, Any]]:
        """Those who have a link: ``name``, ``created``, and whether it was revoked."""
        return list(request("GET", f"/clary/workteams/{self.name}/members")["members"])

    def invite(self, person: str) -> str:
        """A new member's link. It is told once, here; who has it can label all of this team's jobs, and do nothing else.

        Raises ClaryError (ResourceInUse) for a name that a member has already: the link that was made then goes on opening every
        job of the team. For a new one, :meth:`revoke` the member first.
        """
        try:
            answer = request("POST", f"/clary/workteams/{self.name}/members", {"name": person})
        except ClaryError as error:
            if error.code != "ResourceInUse":
                raise
            raise ClaryError(error.code, _member_already(self.name, person)) from None
        if answer.get("note"):
            print(answer["note"])
        return str(answer["link"])

    def revoke(self, person: str) -> None:
        """Make a member's link worthless, from now on. What the person has labelled stays."""
        request("DELETE", f"/clary/workteams/{self.name}/members/{_quoted(person)}")

    def _repr_html_(self) -> str:
        people = [(one["name"], "Revoked" if one.get("revoked") else "Member") for one in self.members]
        return f"<b>{self.name}</b>" + (
            pages.table(("name", "status"), people) if people else "<p>no members yet</p>"
        )


def workteams(limit: int = 100) -> Listing[Workteam]:
    """The work teams of this machine."""
    teams: Sequence[dict[str, Any]] = call("ListWorkteams", MaxResults=min(limit, 100))["Workteams"]
    names = [str(one["WorkteamName"]) for one in teams]
    return Listing(
        [Workteam(name) for name in names], [(one["WorkteamName"], "", one["CreateDate"]) for one in teams]
    )


def team_arn(name: str) -> str:
    """The ARN of a private team; an ARN stays as it is."""
    if name.startswith("arn:"):
        return name
    return f"arn:aws:sagemaker:{region()}:{account()}:workteam/private-crowd/{name}"


def _member_already(team: str, person: str) -> str:
    return (
        f"{person!r} is a member of the team {team} already, and the link that was shown then opens all jobs of the team, "
        f"later ones, too: no other is needed. Where it is lost, clary.Workteam({team!r}).revoke({person!r}) makes it worthless, "
        "and the next invite(...) gives a new one; what was labeled stays."
    )


def _quoted(person: str) -> str:
    from urllib.parse import quote

    return quote(person, safe="")
