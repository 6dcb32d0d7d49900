"""Who may invoke: a SigV4 signature or the bearer token, checked where the request is answered."""

from __future__ import annotations

import hmac
import time

from clary import signing
from clary.serving.http import Request


class Gate:
    """Checks requests of connections that came over TCP."""

    def __init__(self, credentials: signing.Credentials) -> None:
        self._credentials = credentials
        self._bearer = b"Bearer " + credentials.token.encode()

    def refusal(self, request: Request) -> tuple[str, str] | None:
        """None when the request may pass, else AWS's error code and message for a 403."""
        header = request.headers.get(b"authorization", b"")
        if hmac.compare_digest(header, self._bearer):
            return None
        if header[:7].lower() == b"bearer ":
            if signing.verify_bearer(header.decode("latin-1"), self._credentials):
                return None
            return "InvalidClientTokenId", "The bearer token included in the request is invalid."
        path, _, query = request.url.decode("latin-1").partition("?")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.items()}
        try:
            said = signing.verify(
                request.method.decode("latin-1"),
                path,
                query,
                headers,
                request.body,
                self._credentials,
                time.time(),
            )
        except signing.SignatureError as error:
            return error.code, error.message
        if said.service != "sagemaker":
            return (
                "SignatureDoesNotMatch",
                f"Credential should be scoped to correct service: 'sagemaker', not {said.service!r}.",
            )
        return None
