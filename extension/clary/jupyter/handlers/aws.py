"""The API behind Jupyter's login. Everything but the login is `clary.api.http`."""

from __future__ import annotations

from collections.abc import Awaitable

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from clary.api.http import AwsMixin
from clary.api.http_types import Request


class AwsHandler(AwsMixin, JupyterHandler):  # type: ignore[misc]
    """`<base_url>clary/aws/...`: for who signs, bears Clary's token, or is logged in to Jupyter."""

    auth_resource = "clary"

    # Judged in `prepare`, before any of these; Jupyter wants to be told so.
    get = head = post = put = delete = patch = options = allow_unauthenticated(AwsMixin.answer)

    @property
    def content_security_policy(self) -> str:
        # Objects come from anywhere; opened in a browser they must not run as Jupyter's own pages.
        return f"{super().content_security_policy}; sandbox"

    async def signed_in(self) -> bool:
        """Called by `AwsMixin.prepare` for a request without signature: is it logged in to Jupyter?.

        Raises HTTPError where the login is good, but the request may come from another site or is not
        permitted.
        """
        if not self.check_host():
            return False
        user = self.identity_provider.get_user(self)
        if isinstance(user, Awaitable):
            user = await user
        self.current_user = self._jupyter_current_user = user
        if user is None:
            return False
        reading = self.request.method in ("GET", "HEAD", "OPTIONS")
        if not reading:
            self.check_xsrf_cookie()
        allowed = self.authorizer.is_authorized(
            self, user, "read" if reading else "execute", self.auth_resource
        )
        if isinstance(allowed, Awaitable):
            allowed = await allowed
        if not allowed:
            raise HTTPError(403, "This Jupyter user is not permitted to use Clary.")
        return True

    def _translated(self) -> Request:
        request = super()._translated()
        if request.path == self._prefix:
            # ListBuckets: boto3 leaves out the last slash where the address has a path.
            request.prefix, request.path = self._prefix, "/"
        return request


class RestHandler(AwsHandler):
    """`<base_url>clary/...`: what Clary offers beside AWS's API, with the same logins."""

    def _translated(self) -> Request:
        request = super()._translated()
        base = self.base_url.rstrip("/")
        request.path = request.path.removeprefix(base)
        request.prefix = self._prefix
        return request
