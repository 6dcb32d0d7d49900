"""A host of the canvas for its tests: real sessions over HTTP, and a page around the canvas that counts what leaks into it.

``python -m tests.canvas.server HOME PORT``. Paths: ``/host.html?job=NAME&worker=NAME``, ``/canvas/...``, ``/jobs/NAME/...``.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from clary.home import Home
from clary.labeling import canvas
from clary.labeling.session import Session, SessionError, SessionImage

HERE = Path(__file__).parent


class Host(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    home: Home

    def do_GET(self) -> None:
        path, query = self._address()
        parts = path.split("/")
        if parts[1] == "jobs":
            params = {"object": int(parts[4]), **({"size": int(query["size"])} if "size" in query else {})}
            self._answer(parts[2], query, "image", params)
        elif parts[1] == "canvas":
            if parts[2] == "host.js":
                self._send(200, "text/javascript", (HERE / "host.js").read_bytes())
                return
            bundle = parts[2] == "bundle.js"
            self._send(
                200, "text/javascript", canvas.bundled().encode() if bundle else canvas.module(parts[2])
            )
        elif path == "/host.html":
            self._send(200, "text/html", (HERE / "host.html").read_bytes())
        else:
            self._send(404, "text/plain", b"")

    def do_POST(self) -> None:
        path, query = self._address()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(path.split("/")[2], query, body["method"], body["params"])

    def _address(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _answer(self, job: str, query: dict[str, str], method: str, params: dict[str, Any]) -> None:
        worker = query.get("worker", "anna")
        try:
            result = Session(self.home, None, None, job, worker, worker == "owner").call(method, params)
        except SessionError as error:
            document = {"error": {"code": error.code, "message": error.message, "retry": error.retry}}
            self._send(409, "application/json", json.dumps(document).encode())
            return
        if isinstance(result, SessionImage):
            self._send(200, result.type, result.data)
        else:
            self._send(200, "application/json", json.dumps({"result": result}).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        # As strict as the portal's: nothing inline, nothing from elsewhere.
        policy = (
            "default-src 'none'; script-src 'self' blob:; connect-src 'self'; style-src 'self'; img-src data:"
        )
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main(home: str, port: int) -> None:
    Host.home = Home.locate(Path(home))
    server = Server(("127.0.0.1", port), Host)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
