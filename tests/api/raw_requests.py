"""The raw requests of the HTTP/1.1 suite and the exact answer to each.

A case is (name, bytes, statuses, closed). Where a request is refused, a well-formed POST to `MARK` follows it in the same
bytes: nothing of it may ever run. POST stands for the status a good POST gets (it differs between the servers tested).
"""

from dataclasses import dataclass

POST = "POST"  # stands for the status of a good POST of {}
GET_BODY = "GET with a body"  # stands for the status of a GET with a body that nobody asked for

HOST = b"Host: localhost\r\n"
MARK = b"POST /mark HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Case:
    name: str
    request: bytes
    statuses: list
    closed: bool
    methods: tuple = ()
    half_close: bool = False


def get(headers=b"", target=b"/livez", version=b"HTTP/1.1", method=b"GET", host=HOST):
    return method + b" " + target + b" " + version + b"\r\n" + host + headers + b"\r\n"


def post(headers, body=b"", version=b"HTTP/1.1", host=HOST, target=b"%POST%"):
    return (b"POST " + target + b" " + version + b"\r\n" + host + b"Content-Type: application/json\r\n" + headers +
            b"\r\n" + body)


def chunked(body, headers=b"Transfer-Encoding: chunked\r\n"):
    return post(headers, body)


def accepted():
    yield Case("get", get(), [200], False)
    yield Case("two pipelined", get() + get(), [200, 200], False)
    yield Case("head", get(method=b"HEAD"), [200], False, ("HEAD",))
    yield Case("head then get", get(method=b"HEAD") + get(), [200, 200], False, ("HEAD", "GET"))
    yield Case("options", get(method=b"OPTIONS"), [204], False)
    yield Case("options asterisk", get(method=b"OPTIONS", target=b"*"), [204], False)
    yield Case("connection close", get(b"Connection: close\r\n"), [200], True)
    yield Case("connection close ends pipelining", get(b"Connection: close\r\n") + MARK, [200], True)
    yield Case("http 1.0", get(version=b"HTTP/1.0"), [200], True)
    yield Case("http 1.0 without host", get(version=b"HTTP/1.0", host=b""), [200], True)
    yield Case("http 1.0 keep-alive", get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0") + MARK, [200], True)
    yield Case("lower-case field names", get(b"accept:*/*\r\n", host=b"host:localhost\r\n"), [200], False)
    yield Case("space around a value", get(b"Accept: \t */* \t \r\n"), [200], False)
    yield Case("empty value", get(b"X-Empty:\r\n"), [200], False)
    yield Case("latin-1 in a value", get(b"X-Name: caf\xe9\r\n"), [200], False)
    yield Case("absolute-form, own authority", get(target=b"http://localhost/livez"), [200], False)
    yield Case("absolute-form, upper case", get(target=b"HTTP://LOCALHOST/livez"), [200], False)
    yield Case("absolute-form, https", get(target=b"https://localhost/livez"), [200], False)
    yield Case("host with a port", get(host=b"Host: localhost:8080\r\n"), [200], False)
    yield Case("host, IPv6", get(host=b"Host: [::1]:8080\r\n"), [200], False)
    yield Case("63 fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(60))), [200], False)
    yield Case("half-close after the request", get(), [200], True, half_close=True)
    yield Case("content-length 0", get(b"Content-Length: 0\r\n") + get(), [200, 200], False)
    yield Case("post", post(b"Content-Length: 2\r\n", b"{}"), [POST], False)
    yield Case("post then get", post(b"Content-Length: 2\r\n", b"{}") + get(), [POST, 200], False)
    yield Case("post, half-close", post(b"Content-Length: 2\r\n", b"{}"), [POST], True, half_close=True)
    yield Case("content-length with zeros", post(b"Content-Length: 0002\r\n", b"{}") + get(), [POST, 200], False)
    yield Case("expect with the body", post(b"Content-Length: 2\r\nExpect: 100-continue\r\n", b"{}"), [POST], False)
    yield Case("expect, upper case", post(b"Content-Length: 2\r\nExpect: 100-CONTINUE\r\n", b"{}"), [POST], False)
    yield Case("get with a body", get(b"Content-Length: 5\r\n") + b"hello" + get(), [GET_BODY, 200], False)
    yield Case("refused body is read past", post(b"Content-Length: 5\r\n", b"hello", target=b"/nowhere") + get(),
               [404, 200], False)
    yield Case("chunked", chunked(b"2\r\n{}\r\n0\r\n\r\n"), [POST], False)
    yield Case("chunked then get", chunked(b"2\r\n{}\r\n0\r\n\r\n") + get(), [POST, 200], False)
    yield Case("chunked, two chunks", chunked(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n") + get(), [POST, 200], False)
    yield Case("chunked, upper case", chunked(b"2\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: Chunked\r\n"), [POST], False)
    yield Case("chunked, zeros in the size", chunked(b"0002\r\n{}\r\n000\r\n\r\n") + get(), [POST, 200], False)
    yield Case("chunked, hexadecimal size", chunked(b"C\r\n{          }\r\n0\r\n\r\n") + get(), [POST, 200], False)
    yield Case("trailers", chunked(b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n") + get(), [POST, 200], False)
    yield Case("trailers cannot change the framing", chunked(b"2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n") + get(),
               [POST, 200], False)


def refuse(name, request, status, **more):
    return Case(name, request + MARK, [status], True, **more)


def silent(name, request):
    """libmicrohttpd ends these without a word, before anything of this server sees them."""
    return Case(name, request + MARK, [], True)


def refused_request_lines():
    def line(text):
        return text + b"\r\n" + HOST + b"\r\n"

    yield refuse("fragment", get(target=b"/livez#a"), 400)
    yield refuse("absolute-form, other authority", get(target=b"http://evil.example/livez"), 400)
    yield refuse("absolute-form, other port", get(target=b"http://localhost:99/livez"), 400)
    yield refuse("absolute-form, user", get(target=b"http://a@localhost/livez"), 400)
    yield refuse("absolute-form, other scheme", get(target=b"ftp://localhost/livez"), 400)
    yield refuse("absolute-form, no path", get(target=b"http://localhost"), 400)
    yield refuse("authority-form", get(target=b"localhost:80"), 400)
    yield refuse("asterisk-form with get", get(target=b"*"), 400)
    yield refuse("relative target", get(target=b"livez"), 400)
    yield refuse("latin-1 in the target", get(target=b"/caf\xe9"), 400)
    yield refuse("delete character in the target", get(target=b"/a\x7f"), 400)
    yield refuse("control character in the target", get(target=b"/a\x01"), 400)
    yield silent("nul in the target", get(target=b"/a\x00b"))
    yield refuse("connect", get(method=b"CONNECT", target=b"localhost:80"), 501)
    yield refuse("trace", get(method=b"TRACE"), 405)
    yield refuse("unknown method", get(method=b"BREW"), 501)
    yield refuse("lower-case method", get(method=b"get"), 501)
    yield refuse("method that is no token", get(method=b"G@T"), 400)
    yield refuse("version 1.2", get(version=b"HTTP/1.2"), 505)
    yield refuse("version 2.0", get(version=b"HTTP/2.0"), 505)
    yield refuse("version 0.9", get(version=b"HTTP/0.9"), 505)
    yield refuse("version 1.10", get(version=b"HTTP/1.10"), 400)
    yield refuse("version in lower case", get(version=b"http/1.1"), 400)
    yield refuse("no version", line(b"GET /livez"), 400)
    yield refuse("two spaces", line(b"GET  /livez HTTP/1.1"), 400)
    yield refuse("space in the target", line(b"GET /a b HTTP/1.1"), 400)
    yield silent("tab between", line(b"GET\t/livez HTTP/1.1"))
    yield silent("leading space", line(b" GET /livez HTTP/1.1"))
    yield refuse("space at the end", line(b"GET /livez HTTP/1.1 "), 400)
    yield silent("empty line first", b"\r\n" + get())
    yield refuse("bare LF after the request line", b"GET /livez HTTP/1.1\n" + HOST + b"\r\n", 400)
    yield refuse("bare CR in the request line", b"GET /livez\rHTTP/1.1\r\n" + HOST + b"\r\n", 400)
    yield refuse("target of 5,000 bytes", get(target=b"/" + b"a" * 5000), 414)
    yield refuse("target of 40 KB", get(target=b"/" + b"a" * 40000), 414)
    yield silent("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n")


def refused_fields():
    yield refuse("bare LF after a field", b"GET /livez HTTP/1.1\r\nHost: localhost\nAccept: */*\r\n\r\n", 400)
    yield refuse("bare LF at the end", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\n", 400)
    yield refuse("bare CR in a value", get(b"X-A: a\rb\r\n"), 400)
    yield refuse("nul in a value", get(b"X-A: a\x00b\r\n"), 400)
    yield refuse("control character in a value", get(b"X-A: a\x01b\r\n"), 400)
    yield refuse("no colon", get(b"X-A\r\n"), 400)
    yield refuse("empty name", get(b": a\r\n"), 400)
    yield refuse("space before the colon", get(b"X-A : a\r\n"), 400)
    yield refuse("space in a name", get(b"X A: a\r\n"), 400)
    yield refuse("name that is no token", get(b"X(A): a\r\n"), 400)
    yield refuse("latin-1 in a name", get(b"X-\xe9: a\r\n"), 400)
    yield refuse("folded value", get(b"X-A: a\r\n b\r\n"), 400)
    yield refuse("folded name", get(b"X-\r\n A: a\r\n"), 400)
    yield refuse("space before the first field", b"GET /livez HTTP/1.1\r\n " + HOST + b"\r\n", 400)
    yield refuse("no host", get(host=b""), 400)
    yield refuse("two hosts", get(host=HOST + b"Host: other\r\n"), 400)
    yield refuse("the same host twice", get(host=HOST + HOST), 400)
    yield refuse("empty host", get(host=b"Host:\r\n"), 400)
    yield refuse("host with a space", get(host=b"Host: a b\r\n"), 400)
    yield refuse("host with a user", get(host=b"Host: a@localhost\r\n"), 400)
    yield refuse("host with a path", get(host=b"Host: localhost/a\r\n"), 400)
    yield refuse("host with a port that is no number", get(host=b"Host: localhost:8x\r\n"), 400)
    yield refuse("two authorizations", get(b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400)
    yield refuse("two content types", post(b"Content-Type: text/plain\r\nContent-Length: 2\r\n", b"{}"), 400)
    yield refuse("two idempotency keys", get(b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), 400)
    yield refuse("two dates", get(b"If-Modified-Since: a\r\nIf-Modified-Since: b\r\n"), 400)
    yield refuse("unknown expectation", get(b"Expect: 200-ok\r\n"), 417)
    yield refuse("coded body", post(b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"{}"), 415)
    yield refuse("field of 40 KB", get(b"X-A: " + b"a" * 40000 + b"\r\n"), 431)
    yield refuse("9 KB of fields", get(b"X-A: " + b"a" * 4500 + b"\r\nX-B: " + b"b" * 4500 + b"\r\n"), 431)
    yield refuse("65 fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(64))), 431)
    yield refuse("1,000 fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(1000))), 431)


def refused_framing():
    def length(value):
        return post(b"Content-Length: " + value + b"\r\n", b"{}")

    def coding(value, body=b"2\r\n{}\r\n0\r\n\r\n"):
        return post(b"Transfer-Encoding: " + value + b"\r\n", body)

    yield refuse("two lengths", post(b"Content-Length: 2\r\nContent-Length: 20\r\n", b"{}"), 400)
    yield refuse("the same length twice", post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"), 400)
    yield refuse("list of lengths", length(b"2, 2"), 400)
    yield refuse("length with a sign", length(b"+2"), 400)
    yield refuse("negative length", length(b"-2"), 400)
    yield refuse("hexadecimal length", length(b"0x2"), 400)
    yield refuse("length with a space", length(b"2 2"), 400)
    yield refuse("empty length", length(b""), 400)
    yield refuse("length of words", length(b"two"), 400)
    yield refuse("decimal fraction", length(b"2.0"), 400)
    yield refuse("length beyond 64 bits", length(b"99999999999999999999"), 413)
    yield refuse("length and coding", post(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400)
    yield refuse("coding and length", post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"), 400)
    yield refuse("two codings", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400)
    yield refuse("second coding unknown", post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", b"0\r\n\r\n"),
                 400)
    yield refuse("gzip, chunked", coding(b"gzip, chunked"), 400)
    yield refuse("chunked, chunked", coding(b"chunked, chunked"), 400)
    yield refuse("chunked, identity", coding(b"chunked, identity"), 400)
    yield refuse("identity", coding(b"identity"), 400)
    yield refuse("xchunked", coding(b"xchunked"), 400)
    yield refuse("chunked with a parameter", coding(b"chunked;a=1"), 400)
    yield refuse("quoted coding", coding(b'"chunked"'), 400)
    yield refuse("vertical tab before chunked", coding(b"\x0bchunked"), 400)
    yield refuse("empty coding", coding(b""), 400)
    yield refuse("coding on http 1.0", post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", version=b"HTTP/1.0"), 400)
    yield refuse("space before the colon of the coding", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400)
    yield refuse("folded coding", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), 400)
    yield refuse("folded name of the coding", post(b"Transfer-: chunked\r\n Encoding\r\n", b"0\r\n\r\n"), 400)


def refused_chunks():
    yield refuse("size that is no number", chunked(b"g\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("size with 0x", chunked(b"0x2\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("negative size", chunked(b"-2\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("empty size", chunked(b"\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("space before the size", chunked(b" 2\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("space after the size", chunked(b"2 \r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("size beyond 64 bits", chunked(b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n"), 413)
    yield refuse("chunk extension", chunked(b"2;a=b\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("extension of the last chunk", chunked(b"2\r\n{}\r\n0;a\r\n\r\n"), 400)
    yield refuse("chunk longer than its size", chunked(b"2\r\n{}}\r\n0\r\n\r\n"), 400)
    yield refuse("chunk shorter than its size", chunked(b"4\r\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("bare LF after the size", chunked(b"2\n{}\r\n0\r\n\r\n"), 400)
    yield refuse("bare LF after a chunk", chunked(b"2\r\n{}\n0\r\n\r\n"), 400)
    yield refuse("trailer without a colon", chunked(b"2\r\n{}\r\n0\r\nX-Sum\r\n\r\n"), 400)
    yield refuse("folded trailer", chunked(b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n 2\r\n\r\n"), 400)


def cut():
    yield Case("nothing", b"", [], True, half_close=True)
    yield Case("half a request line", b"GET /liv", [], True, half_close=True)
    yield Case("head without its end", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n", [], True, half_close=True)
    yield Case("body cut short", post(b"Content-Length: 10\r\n", b"{}"), [], True, half_close=True)
    yield Case("chunk cut short", chunked(b"A\r\n{}"), [], True, half_close=True)
    yield Case("no last chunk", chunked(b"2\r\n{}\r\n"), [], True, half_close=True)


def all_cases():
    cases = [*accepted(), *refused_request_lines(), *refused_fields(), *refused_framing(), *refused_chunks(), *cut()]
    assert len({case.name for case in cases}) == len(cases)
    return cases
