"""A plug-in of botocore's: STS clients made for AWS's own host ask the endpoint that AWS_ENDPOINT_URL names instead.

It runs in any environment that has boto3 and none of Clary's packages. Without it (an older botocore) everything but
`get_execution_role` and the like works.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit


def initialize_client_plugin(client: Any) -> None:
    """Called by botocore for every client that it makes."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if client.meta.service_model.service_name == "sts" and host.endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    ):
        client.meta.events.register_first("request-created.sts", _send_to_clary)


def _send_to_clary(request: Any, **_: Any) -> None:
    # Before the signature is made, which is of the host's name, too.
    server = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ.get("AWS_ENDPOINT_URL")
    if server:
        to, asked = urlsplit(server), urlsplit(request.url)
        request.url = urlunsplit((to.scheme, to.netloc, to.path.rstrip("/") + asked.path, asked.query, ""))
