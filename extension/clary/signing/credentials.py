"""The keys of one home: whoever can read its credentials file may use Clary."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class _Home(Protocol):
    """The part of `clary.home.Home` that matters here; the two rooms do not know each other."""

    @property
    def credentials(self) -> Path: ...


@dataclass(frozen=True)
class Credentials:
    """The key pair that signs requests, and the bearer token of the runtime address."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)


def load_or_mint(home: _Home) -> Credentials:
    """The credentials of `home`, made on first use.

    The file has mode 0600 and appears complete or not at all; when two processes race, both get the same
    credentials. Raises ValueError when the file is there but cannot be understood.
    """
    path = home.credentials
    with contextlib.suppress(FileNotFoundError):
        return _load(str(path))
    # Letters that base32 knows; AWS's key ids are twenty of them.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    minted = {
        "access_key": "CLARY" + "".join(secrets.choice(letters) for _ in range(15)),
        "secret_key": secrets.token_urlsafe(30),
        "token": secrets.token_urlsafe(32),
    }
    descriptor, name = tempfile.mkstemp(prefix=".credentials.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(minted, file)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails when another process was first.
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
    return _load(str(path))


def _load(path: str) -> Credentials:
    with open(path, encoding="utf-8") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            os.chmod(path, 0o600)
        try:
            content = json.load(file)
            return Credentials(str(content["access_key"]), str(content["secret_key"]), str(content["token"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} does not hold Clary's credentials ({error!r}); remove it to mint new ones."
            ) from error


def verify_bearer(header: str, credentials: Credentials) -> bool:
    """Whether an Authorization header holds the bearer token; takes the same time whatever is wrong."""
    scheme, _, token = header.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        token.strip().encode(), credentials.token.encode()
    )
