"""Serves the gallery (`python -m tests.canvas.gallery`), a page to look at and design the canvas on, with a session in memory."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from clary.labeling import canvas

HERE = Path(__file__).parent


class Gallery(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        name = path.rpartition("/")[2] or "gallery.html"
        try:
            if path.startswith("/canvas/"):
                body = canvas.bundled().encode() if name == "bundle.js" else canvas.module(name)
            else:
                body = (HERE / name).read_bytes()
        except (KeyError, OSError):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if name.endswith(".html") else "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main(port: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", port), Gallery)
    print(f"The gallery is at http://127.0.0.1:{server.server_port}/gallery.html", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
