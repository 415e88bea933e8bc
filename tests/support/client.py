"""An HTTP client that holds every answer against the contract (contract.check) before the test sees it."""

import http.client
import json
import threading
import zlib
from dataclasses import dataclass, field
from urllib.parse import urlencode

import brotli
import zstandard
from support import contract

JSON = "application/json"
SECONDS = 60
CODINGS = {
    None: lambda body: body,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def has_token(self):
        return "Authorization" in self.headers

    def __str__(self):
        return f"{self.method} {self.target[:200]}"


@dataclass
class Response:
    status: int
    headers: http.client.HTTPMessage
    raw: bytes = field(repr=False)  # as it came
    body: bytes  # decoded
    request: Request = field(repr=False)

    @property
    def media_type(self):
        return (self.headers["Content-Type"] or "").split(";")[0].strip()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def code(self):
        """The code of a problem; None if it is none."""
        return self.json["code"] if self.media_type == "application/problem+json" else None

    @property
    def errors(self):
        """{(where, code)} of a problem: where is the pointer, or the name of the parameter or header."""
        return {(e.get("pointer", e.get("parameter", e.get("header"))), e["code"]) for e in self.json.get("errors", [])}

    @property
    def etag(self):
        return self.headers["ETag"]

    def expect(self, status, code=None):
        """Asserts the status and, for a problem, its code; gives back the response."""
        assert (self.status, self.code) == (status, code), (
            f"{self.request} -> {self.status} {self.body[:1000]!r}, expected {status} {code or ''}")
        return self


class Client:
    """One caller. Connections are kept alive, one for each thread; as_() makes clients for other callers on the same ones."""

    def __init__(self, host, port, token=None, pool=None):
        self.host, self.port, self.token = host, port, token
        self.pool = pool if pool is not None else threading.local()

    def as_(self, token):
        return Client(self.host, self.port, token, self.pool)

    @property
    def anybody(self):
        return self.as_(None)

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=SECONDS)

    def close(self):
        """Closes this thread's connection."""
        connection = getattr(self.pool, "connection", None)
        if connection is not None:
            connection.close()
            self.pool.connection = None

    def exchange(self, request):
        connection = getattr(self.pool, "connection", None)
        fresh = connection is None
        if fresh:
            connection = self.pool.connection = self.connect()
        try:
            connection.putrequest(request.method, request.target, skip_accept_encoding=True,
                                  skip_host="Host" in request.headers)
            for name, value in request.headers.items():
                for one in value if isinstance(value, list) else [value]:
                    connection.putheader(name, one)
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            raw = answer.read()
            body = CODINGS[answer.headers["Content-Encoding"]](raw) if raw else raw
            response = Response(answer.status, answer.headers, raw, body, request)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if fresh or request.method not in ("GET", "HEAD", "OPTIONS"):
                raise
            return self.exchange(request)  # a kept connection that the server had closed meanwhile
        except BaseException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return response

    def request(self, method, target, json_body=None, *, body=None, params=None, headers=None, check=True):
        """json_body: any JSON value, sent as application/json (a PATCH as merge patch); body: bytes as they are, with the
        media type in headers. A header whose value is None is left out, a list is sent as several."""
        sent = {}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if json_body is not None:
            body = json.dumps(json_body, ensure_ascii=False).encode("utf-8", "surrogatepass")
            sent["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else JSON
        sent.update(headers or {})
        sent = {name: value for name, value in sent.items() if value is not None}
        if body is not None or method in ("POST", "PUT", "PATCH"):
            if "Transfer-Encoding" not in sent and "Content-Length" not in sent:
                sent["Content-Length"] = str(len(body or b""))
        if params:
            target += "?" + urlencode(params, doseq=True)
        response = self.exchange(Request(method, target, sent, body or b""))
        if check:
            contract.check(response.request, response)
        return response

    def get(self, target, **more):
        return self.request("GET", target, **more)

    def head(self, target, **more):
        return self.request("HEAD", target, **more)

    def options(self, target, **more):
        return self.request("OPTIONS", target, **more)

    def delete(self, target, **more):
        return self.request("DELETE", target, **more)

    def post(self, target, json_body=None, **more):
        return self.request("POST", target, json_body, **more)

    def put(self, target, json_body=None, **more):
        return self.request("PUT", target, json_body, **more)

    def patch(self, target, json_body=None, **more):
        return self.request("PATCH", target, json_body, **more)

    def pages(self, target, **params):
        """Every item of a list, page by page."""
        while True:
            page = self.get(target, params=params).expect(200).json
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]


def ndjson(lines):
    """A batch: values are written as JSON, bytes go in as they are."""
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
