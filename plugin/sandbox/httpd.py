"""A small threaded HTTP/1.1 server for a WSGI application: keep-alive, no Nagle delay, one send per answer.

Werkzeug's own closes each connection, and gunicorn wants a process; tests want a thread with a real socket.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import sys
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

_RESET = struct.pack("ii", 1, 0)  # linger on, for no time: close() sends RST


class Handler(BaseHTTPRequestHandler):
    """One connection; each request is read completely before the application runs."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # answers are collected and sent at once
    rbufsize = 65_536
    server: Server

    def setup(self) -> None:
        """Remember the connection, so that stopping the server can close it."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.server.connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            return  # the client is gone, and so is what was left to send

    def handle(self) -> None:
        """Serve requests until the client leaves."""
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True

    def serve_request(self) -> None:
        """Run the application for one request and send its answer."""
        body = self._body()
        status, headers = "500 Internal Server Error", list[tuple[str, str]]()

        def start_response(given: str, listed: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status, headers
            status, headers = given, listed
            return lambda data: None

        answer = self.server.application(self._environ(body), start_response)
        known = status.startswith("204") or any(name.lower() == "content-length" for name, _ in headers)
        try:
            if self.connection.fileno() >= 0:  # a fault may have taken the connection away
                if known:
                    self._send(status, headers, b"".join(answer))
                else:
                    self._stream(status, headers, answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = serve_request  # noqa: N815

    def _send(self, status: str, headers: list[tuple[str, str]], payload: bytes) -> None:
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        length = [] if status.startswith("204") else [("Content-Length", str(len(payload)))]
        self._head(status, kept + length)
        if self.command != "HEAD":
            self.wfile.write(payload)
        self.wfile.flush()

    def _stream(self, status: str, headers: list[tuple[str, str]], answer: Iterable[bytes]) -> None:
        """An answer of unknown length goes out in chunks as it is made."""
        self._head(status, [*headers, ("Transfer-Encoding", "chunked")])
        for part in filter(None, answer):
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _head(self, status: str, headers: list[tuple[str, str]]) -> None:
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        lines.append("Connection: close" if self.close_connection else "Connection: keep-alive")
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def _body(self) -> bytes:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": str(self.client_address[0]),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.connection": self.connection,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        environ.pop("HTTP_CONTENT_LENGTH", None)
        return environ

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: the statistics tell what was called."""


class Server(ThreadingHTTPServer):
    """Accepts connections, each in its own thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self.application: Any = application
        self.connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._run, name="sandbox-http", daemon=True)
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def _run(self) -> None:
        self.serve_forever(poll_interval=0.01)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is the client's affair; anything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)


def hang_up(connection: socket.socket, *, reset: bool) -> None:
    """Close a client's connection without an answer; with `reset` the client sees a reset.

    Only for the thread that serves the connection: the descriptor is taken out of its hands.
    """
    try:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # close() would wait for the buffered files around the socket; the descriptor does not.
        os.close(connection.detach())
    except OSError:
        return  # it was closed already
