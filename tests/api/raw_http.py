"""Bytes on a socket: requests no client library would send, and what came back, taken apart strictly."""

import socket
import time
from dataclasses import dataclass, field


@dataclass
class Response:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, f"{name} stands {len(values)} times"
        return values[0] if values else None


@dataclass
class Exchange:
    responses: list = field(default_factory=list)
    closed: bool = False
    rest: bytes = b""

    @property
    def statuses(self):
        return [response.status for response in self.responses]


def parse(data, methods=()):
    """All responses in `data`. `methods` are those of the requests, in order (a HEAD has no content)."""
    exchange = Exchange()
    methods = list(methods)
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        if not separator:
            break
        lines = head.split(b"\r\n")
        version, status, _ = lines[0].split(b" ", 2)
        assert version == b"HTTP/1.1", lines[0]
        headers = [tuple(part.strip().decode("latin-1") for part in line.split(b":", 1)) for line in lines[1:]]
        response = Response(int(status), headers, b"")
        if response.status >= 200:
            method = methods.pop(0) if methods else "GET"
            assert response.header("Transfer-Encoding") is None
            length = int(response.header("Content-Length") or 0)
            if method == "HEAD" or response.status in (204, 304):
                length = 0
            if len(rest) < length:
                break
            response.body, rest = rest[:length], rest[length:]
        data = rest
        exchange.responses.append(response)
    exchange.rest = data
    return exchange


MORE = 1.5  # seconds for the next of several answers, on a busy machine


def converse(address, request, *, methods=(), half_close=False, quiet=0.25, limit=5.0, pieces=None, pause=0.0):
    """Sends `request` (or `pieces` with a pause after each), reads until the server closes or says nothing for `quiet`
    seconds after its last byte (`limit` before the first). It is given longer as long as there are fewer answers than what
    was sent may be requests."""
    data = b""
    expected = (b"".join(pieces) if request is None else request).count(b" HTTP/1.1\r\n")
    closed = False
    with socket.create_connection(address, timeout=limit) as sock:
        try:
            for piece in pieces or [request]:
                sock.sendall(piece)
                if pause:
                    time.sleep(pause)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        end = time.monotonic() + limit
        while True:
            complete = parse(data, methods)
            some = not half_close and complete.responses and not complete.rest and complete.statuses[-1] >= 200
            final = sum(status >= 200 for status in complete.statuses)
            waiting = limit if not some else quiet if final >= expected else max(quiet, MORE)
            sock.settimeout(max(0.01, min(waiting, end - time.monotonic())))
            try:
                got = sock.recv(65536)
            except (TimeoutError, socket.timeout):
                break
            except ConnectionResetError:
                closed = True
                break
            if not got:
                closed = True
                break
            data += got
    exchange = parse(data, methods)
    exchange.closed = closed
    return exchange
