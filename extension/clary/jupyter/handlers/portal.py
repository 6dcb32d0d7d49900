"""The annotators' portal inside a Jupyter server: no Jupyter login, and no way from it to anything else of Jupyter's."""

from __future__ import annotations

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler

from clary.api.http import AwsMixin
from clary.api.http_types import Request


class PortalHandler(AwsMixin, JupyterHandler):  # type: ignore[misc]
    """`<base_url>clary/portal/...`: for who bears the secret of an annotator's link, which `clary.api.portal` checks.

    Jupyter's login is neither asked for nor looked at. Its cookie proves nothing here, so there is nothing that another site
    could forge with it, and no XSRF token to ask of people who are not logged in.
    """

    get = head = post = put = delete = patch = options = allow_unauthenticated(AwsMixin.answer)

    async def signed_in(self) -> bool:
        return False

    def check_xsrf_cookie(self) -> None:
        """The secret comes in a header, which other sites cannot send."""

    def _signed(self) -> bool:
        return False

    def _translated(self) -> Request:
        request = super()._translated()
        base = self.base_url.rstrip("/")
        request.path = request.path.removeprefix(base)
        request.prefix = base
        request.service = "portal"
        return request
