"""Whatever is asked of S3, the answer is S3's: never a failure of Clary's, never a byte from outside the
buckets."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clary.api.engine import Engine
from clary.api.http_types import Headers, Request

SECRET = b"nobody may read this"
PARTS = st.sampled_from(
    ["box", "other", "a", "b", "..", ".", "", "%2e%2e", "%00", "%ff", "+", "é", ".clary", "x" * 300]
)
PATHS = st.lists(PARTS, max_size=5).map("/".join).map(lambda path: "/" + path)
NAMES = st.sampled_from(
    [
        "uploads",
        "uploadId",
        "partNumber",
        "delete",
        "tagging",
        "acl",
        "location",
        "list-type",
        "prefix",
        "delimiter",
        "marker",
        "max-keys",
        "continuation-token",
        "encoding-type",
        "start-after",
        "versionId",
        "policy",
        "versions",
        "max-parts",
        "part-number-marker",
        "max-uploads",
        "key-marker",
        "max-buckets",
        "response-content-type",
        "x-id",
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        ["", "0", "1", "2", "-1", "1e9", "99999999999999999999", "/", "../", "url", "a/", "\0", "\r\nX: y"]
    ),
    st.text(max_size=8),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "range",
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-range",
            "x-amz-copy-source",
            "content-md5",
            "x-amz-copy-source-range",
            "x-amz-checksum-crc32",
            "x-amz-checksum-mode",
            "x-amz-tagging",
            "content-encoding",
            "x-amz-content-sha256",
            "x-amz-decoded-content-length",
            "x-amz-metadata-directive",
            "x-amz-meta-a",
            "x-amz-checksum-algorithm",
            "x-amz-expected-bucket-owner",
            "host",
            "x-amz-trailer",
        ]
    ),
    st.one_of(
        st.sampled_from(
            [
                "bytes=0-1",
                "bytes=-5",
                "bytes=99999999999999999999-",
                "*",
                '"x"',
                "box/a",
                "/box/../secret",
                "box/%2e%2e/secret",
                "aws-chunked",
                "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                "REPLACE",
                "CRC32",
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "box.localhost",
                "0" * 64,
                "box/a?versionId=null",
            ]
        ),
        st.text(max_size=12),
    ),
    max_size=4,
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"", b"<Delete><Object><Key>../secret</Key></Object></Delete>", b"<Delete/>", b"4\r\ntext\r\n0\r\n\r\n",
         b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", b"<a>" * 3000,
         b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"]
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
    path=PATHS,
    query=st.dictionaries(NAMES, VALUES, max_size=4),
    headers=HEADERS,
    body=BODIES,
)
def test_anything_at_all_is_answered(
    engine: Engine, method: str, path: str, query: dict[str, Any], headers: dict[str, str], body: bytes
) -> None:
    for bucket in ("box", "other"):
        if not (engine.home.s3 / bucket).is_dir():
            engine.objects.create_bucket(bucket)
    for secret in (engine.home.s3 / "secret", engine.home.root / "secret"):
        secret.write_bytes(SECRET)
    request = Request(
        method,
        quote(path, safe="/%+"),
        urlencode(query, errors="replace"),
        Headers(headers),
        body,
        service="s3",
    )
    answer = engine.handle(request, authenticated=True)
    assert answer.status < 500 or answer.status == 501, answer.content()
    content = answer.content()
    assert SECRET not in content
    assert (engine.home.s3 / "secret").read_bytes() == SECRET
    if content and answer.headers.get("content-type") == "application/xml" and b"&#x" not in content:
        ElementTree.fromstring(content)
    assert all("\n" not in value and "\r" not in value for value in answer.headers.values())
