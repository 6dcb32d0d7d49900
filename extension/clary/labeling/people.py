"""Annotators: members of a work team who have no account on this machine, only a link with a secret of their own.

A secret is ``<id>.<key>``: the id finds the record, the key proves the bearer. Only the key's hash is kept, so that nobody can
read a link out of Clary's home, and the link is told once.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clary.store.documents import Document

if TYPE_CHECKING:
    from clary.store import Store

KIND = "annotator"
_ID_BYTES = 9
_KEY_BYTES = 32
_SECRET = re.compile(r"([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{43})")
_LONGEST_NAME = 64
_MOST = 1000
_PAGE = 500


class PeopleError(ValueError):
    """A member cannot be added or removed; the text says why and what to do."""


class AlreadyMember(PeopleError):
    """Somebody of this name is in the team."""


class NotMember(PeopleError):
    """Nobody of this name is in the team."""


class UnknownSecret(Exception):
    """No link has this secret, or ever had it."""


class RevokedSecret(Exception):
    """The link was good once."""


@dataclass(frozen=True)
class Person:
    """One member of a team. Times are seconds since the epoch; `revoked` None: the link is good."""

    name: str
    team: str
    added: float
    revoked: float | None = None


def owner_name() -> str:
    """Who works without a link: the user whom this process belongs to."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without an entry, as in some containers
        return "owner"


class People:
    """The annotators of one home. Safe from many threads and processes at once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def invite(self, team: str, name: Any) -> tuple[Person, str]:
        """Make `name` a member of the team (also again, after a revocation) and return the secret of the new link, which
        cannot be read back. Raises PeopleError."""
        name = checked_name(name)
        identity, key = secrets.token_urlsafe(_ID_BYTES), secrets.token_urlsafe(_KEY_BYTES)
        with self._store.transaction():
            members = [one for one in self.members(team) if one.revoked is None]
            if any(one.name.casefold() == name.casefold() for one in members):
                raise AlreadyMember(
                    f"{name!r} is a member of {team} already. The link was shown when it was made; to give a new one, "
                    "remove the member first."
                )
            if len(members) >= _MOST:
                raise PeopleError(f"{team} has {_MOST} members, and no room for more.")
            body = {"person": name, "team": team, "hash": _hash(key), "added": time.time()}
            document = self._store.documents.create(
                KIND, _document_name(team, identity), body, arn=_arn(identity)
            )
        return _person(document), f"{identity}.{key}"

    def members(self, team: str) -> list[Person]:
        """Everybody who is or was a member, by name; of those who were several times only the last time counts."""
        found: dict[str, Person] = {}
        for document in self._documents(team):
            person = _person(document)
            known = found.get(person.name.casefold())
            if known is None or (person.revoked is None, person.added) > (known.revoked is None, known.added):
                found[person.name.casefold()] = person
        return [found[name] for name in sorted(found)]

    def revoke(self, team: str, name: str) -> Person:
        """Make the person's link void, at once. What was labelled stays. Raises NotMember."""
        with self._store.transaction():
            for document in self._documents(team):
                same = document.body["person"].casefold() == name.casefold()
                if same and document.body.get("revoked") is None:
                    return self._revoke(document)
        raise NotMember(f"{name!r} is not a member of {team}.")

    def revoke_all(self, team: str) -> None:
        """Void every link of a team, because the team goes."""
        with self._store.transaction():
            for document in list(self._documents(team)):
                if document.body.get("revoked") is None:
                    self._revoke(document)

    def of(self, secret: str) -> Person:
        """Whose secret this is. Raises UnknownSecret or RevokedSecret."""
        match = _SECRET.fullmatch(secret)
        document = self._store.documents.find_by_arn(_arn(match[1])) if match else None
        # Hashed and compared even where there is nothing to compare with: the time says nothing about ids.
        stored = document.body["hash"] if document else "0" * 64
        same = hmac.compare_digest(_hash(match[2] if match else ""), stored)
        if document is None or not same:
            raise UnknownSecret
        if document.body.get("revoked") is not None:
            raise RevokedSecret
        return _person(document)

    def _revoke(self, document: Document) -> Person:
        body = {**document.body, "revoked": time.time()}
        return _person(self._store.documents.update(KIND, document.name, body=body))

    def _documents(self, team: str) -> Iterator[Document]:
        prefix = f"{team.lower()}/"
        after = prefix
        while True:
            page = self._store.documents.after_name(KIND, after, _PAGE)
            for document in page:
                if not document.name.startswith(prefix):
                    return
                yield document
            if len(page) < _PAGE:
                return
            after = page[-1].name


def checked_name(given: Any) -> str:
    """A person's name without white space around it, or PeopleError."""
    if not isinstance(given, str):
        raise PeopleError(f"A member's name must be text, not {type(given).__name__}.")
    name = " ".join(given.split())
    if not name or len(name) > _LONGEST_NAME:
        raise PeopleError(
            f"A member's name must have 1 to {_LONGEST_NAME} characters; this one has {len(name)}."
        )
    if not name.isprintable() or "/" in name:
        raise PeopleError(
            f"The name {name!r} has characters that a member's name cannot have, such as a slash."
        )
    if name.casefold() == owner_name().casefold():
        raise PeopleError(
            f"{name!r} is your own user name on this machine: you label without a link. Choose another name."
        )
    return name


def _person(document: Document) -> Person:
    body = document.body
    return Person(body["person"], body["team"], body["added"], body.get("revoked"))


def _document_name(team: str, identity: str) -> str:
    return f"{team.lower()}/{identity}"


def _arn(identity: str) -> str:
    # Not an ARN of AWS's: the store's unique key beside the name.
    return f"annotator:{identity}"


def _hash(key: str) -> str:
    # The key is 256 random bits; there is nothing for a slow hash to protect.
    return hashlib.sha256(key.encode()).hexdigest()
