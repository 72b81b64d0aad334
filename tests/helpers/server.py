"""A web server on this machine that answers with given bytes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType


@contextmanager
def serve(
    files: Mapping[str, bytes],
    *,
    cut: int = 0,
    say_length: bool = True,
    moved: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Give the address of a server that has some files.

    Args:
        files: Content by path, with ``/`` in front; other paths are answered with 404.
        cut: Bytes missing at the end of every answer.
        say_length: Whether answers state their length.
        moved: Where a path leads to; ``HOST`` in it is this server.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(302 if self.path in moved else 404 if content is None else 200)
            if self.path in moved:
                self.send_header("Location", moved[self.path].replace("HOST", self.headers["Host"]))
            if say_length:
                self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write((content or b"")[: len(content or b"") - cut])

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
