"""Answers that are made while they are sent: framing, back-pressure, and what happens when either side gives up."""

import json
import socket
import time

import pytest

import http_servers

PIECE = 30000


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    target = http_servers.start_echo(tmp_path_factory.mktemp("echo"))
    yield target
    http_servers.stop(target)


def ask(echo, target, version="1.1", method="GET", close=True):
    sock = socket.create_connection(echo.address, timeout=20)
    fields = "Host: a\r\n" + ("Connection: close\r\n" if close else "")
    sock.sendall(f"{method} {target} HTTP/{version}\r\n{fields}\r\n".encode())
    return sock


def read_all(sock):
    data = bytearray()
    with sock:
        while piece := sock.recv(65536):
            data += piece
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    return head, body


def unchunk(body):
    """The content, and whether its last chunk came."""
    out = bytearray()
    while body:
        size, _, body = body.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            return bytes(out), body == b"\r\n"
        out += body[:n]
        if len(body) < n + 2:
            break
        body = body[n + 2:]
    return bytes(out), False


def expected(n):
    piece = bytes(ord("a") + i % 26 for i in range(PIECE))
    return (piece * (n // PIECE + 1))[:n] if n >= PIECE else piece[:n]


def pieces(echo):
    return json.loads(read_all(ask(echo, "/pieces"))[1])


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 1_000_000])
def test_every_byte_in_chunks(echo, size):
    head, body = read_all(ask(echo, f"/made?{size}"))
    assert b"200" in head.split(b"\r\n")[0] and b"chunked" in head.lower() and b"content-type: text/plain" in head.lower()
    assert b"etag" not in head.lower()
    assert unchunk(body) == (expected(size), True)


def test_http_1_0_gets_it_up_to_the_close(echo):
    head, body = read_all(ask(echo, "/made?100000", version="1.0"))
    assert b"chunked" not in head.lower() and body == expected(100000)


def test_head_makes_nothing(echo):
    before = pieces(echo)["made"]
    head, body = read_all(ask(echo, "/made?100000", method="HEAD"))
    assert b"200" in head and body == b"" and pieces(echo) == {"made": before, "open": 0}


def test_the_connection_lives_on(echo):
    with ask(echo, "/made?70000", close=False) as sock:
        data = bytearray()
        while not data.endswith(b"0\r\n\r\n"):
            data += sock.recv(65536)
        sock.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b'{"status":"ok"}' in sock.recv(4096)


def test_what_cannot_be_made_to_the_end_is_cut_off(echo):
    _, body = read_all(ask(echo, "/broken?65000"))
    content, complete = unchunk(body)
    assert not complete and expected(65000).startswith(content)


def test_nothing_is_made_that_is_not_taken(echo):
    before = pieces(echo)["made"]
    with ask(echo, "/made?100000000") as sock:
        sock.recv(1000)
        made, was, deadline = 0, -1, time.time() + 15
        while made != was and time.time() < deadline:
            time.sleep(0.5)
            was, made = made, pieces(echo)["made"] - before
        assert made == was < 400  # what the socket buffers hold, not 100 MB
    deadline = time.time() + 10
    while pieces(echo)["open"] > 0 and time.time() < deadline:
        time.sleep(0.05)
    assert pieces(echo)["open"] == 0


def test_a_hundred_at_once_of_which_half_go_away(echo):
    socks = [ask(echo, "/made?400000") for _ in range(100)]
    for sock in socks[::2]:
        sock.recv(100)
        sock.close()
    for sock in socks[1::2]:
        assert unchunk(read_all(sock)[1]) == (expected(400000), True)
    deadline = time.time() + 10
    while pieces(echo)["open"] > 0 and time.time() < deadline:
        time.sleep(0.05)
    assert pieces(echo)["open"] == 0
