"""The HTTP protocol class by itself: limits on size and time, pipelining, broken requests, handover."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from clary.serving.http import HttpServer, Request, status_line
from clary.serving.limits import Limits
from clary.serving.loops import run
from clary.serving.passing import Passer, Receiver


def echo(request: Request) -> None:
    """Answers with the body; a body "slow" after a while, so that order can be seen."""

    def reply() -> None:
        request.reply(status_line(200) + b"X-Url: " + request.url + b"\r\n", request.body)

    if request.body == b"slow":
        asyncio.get_running_loop().call_later(0.1, reply)
    else:
        reply()


async def exchange(
    data: bytes, *, limits: Limits | None = None, trusted: bool = False, wait: float = 5.0
) -> bytes:
    """Send raw bytes to a server, read until it closes or `wait` is over."""
    server = HttpServer(echo, limits or Limits())
    server.start()
    ours, theirs = socket.socketpair()
    server.adopt(theirs.detach(), trusted=trusted)
    reader, writer = await asyncio.open_connection(sock=ours)
    writer.write(data)
    received = b""
    try:
        async with asyncio.timeout(wait):
            while chunk := await reader.read(65536):
                received += chunk
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    await server.close()
    return received


def asked(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run an async test on the loop that serving uses."""

    def wrapper() -> None:
        run(test())

    wrapper.__name__ = test.__name__
    return wrapper


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /x HTTP/1.1", b"Host: h", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@asked
async def test_pipelined_requests_are_answered_in_their_order() -> None:
    answer = await exchange(post(b"slow") + post(b"two") + post(b"three", b"Connection: close"))
    bodies = [part.split(b"\r\n\r\n")[-1] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"slow", b"two", b"three"]


@asked
async def test_a_chunked_body_and_expect_continue_are_understood() -> None:
    head = b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    answer = await exchange(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert answer.endswith(b"abcde")


@asked
async def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not() -> None:
    limits = Limits(body=10)
    answer = await exchange(post(b"x" * 11), limits=limits)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"exceeded 10 bytes" in answer
    chunked = (
        b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"8\r\n12345678\r\n" * 4
        + b"0\r\n\r\n"
    )
    assert (await exchange(chunked, limits=limits)).startswith(b"HTTP/1.1 413 ")


@asked
async def test_endless_headers_are_refused() -> None:
    data = b"POST /x HTTP/1.1\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"v" * 100) for n in range(2000))
    assert (await exchange(data)).startswith(b"HTTP/1.1 431 ")
    assert (await exchange(b"POST /x HTTP/1.1\r\nX: " + b"v" * 200_000)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(data: bytes) -> None:
    async def test() -> None:
        assert (await exchange(data, wait=3)).startswith(b"HTTP/1.1 400 ")

    run(test())


@asked
async def test_a_request_that_dribbles_in_is_cut_off() -> None:
    limits = Limits(head_seconds=0.5, body_seconds=0.5)
    assert (await exchange(b"POST /x HT", limits=limits)).startswith(b"HTTP/1.1 408 ")
    assert (await exchange(post(b"abc")[:-1], limits=limits)).startswith(b"HTTP/1.1 408 ")


@asked
async def test_an_idle_connection_is_closed_without_a_word() -> None:
    answer = await exchange(post(b"abc"), limits=Limits(idle_seconds=0.5), wait=10)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.endswith(b"abc")


@asked
async def test_a_client_that_does_not_read_its_answers_is_cut_off() -> None:
    server = HttpServer(
        lambda request: request.reply(status_line(200), b"x" * 20_000_000), Limits(write_seconds=0.5)
    )
    server.start()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    server.adopt(theirs.detach(), trusted=False)
    await asyncio.sleep(0.05)
    ours.send(post(b""))
    for _ in range(60):
        await asyncio.sleep(0.1)
        if not server.connections:
            break
    assert not server.connections
    ours.close()
    await server.close()


def test_connections_move_between_servers_without_losing_a_byte(tmp_path: Path) -> None:
    async def test() -> None:
        first, second = HttpServer(echo, Limits()), HttpServer(echo, Limits())
        receiver = Receiver(tmp_path, lambda descriptor, trusted: second.adopt(descriptor, trusted=trusted))
        passer = Passer(tmp_path)
        ours, theirs = socket.socketpair()
        first.adopt(theirs.detach(), trusted=True)
        reader, writer = await asyncio.open_connection(sock=ours)
        writer.write(post(b"one"))
        assert (await reader.readuntil(b"one")).startswith(b"HTTP/1.1 200")
        (connection,) = first.connections
        writer.write(post(b"two")[:20])
        await asyncio.sleep(0.05)
        assert not connection.idle, "half a request must be finished where it began"
        writer.write(post(b"two")[20:])
        await reader.readuntil(b"two")
        await asyncio.sleep(0.01)
        assert connection.idle
        descriptor = connection.release()
        assert descriptor is not None
        writer.write(post(b"three"))  # in the kernel's buffer while it moves
        assert passer.send(descriptor, trusted=True)
        connection.abort()
        assert not connection.idle, "given away once, and never again"
        await reader.readuntil(b"three")
        await asyncio.sleep(0.01)
        assert not first.connections
        assert [one.trusted for one in second.connections] == [True]
        writer.close()
        receiver.close()
        passer.close()
        assert Passer(tmp_path).send(0, trusted=True) is False

    run(test())
