"""HTTP/1.1 discipline: raw requests and the exact answer to each (raw_requests.py), deadlines, and the limits of a
connection. Every case runs against the http room alone and against the real server."""

import re
import socket
import time

import http_servers
import pytest
import raw_requests
from raw_http import converse
from support.eventually import eventually

GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def start_echo(directory, **environment):
    if not http_servers.ECHO.exists():
        pytest.skip(f"{http_servers.ECHO} is not built")
    return http_servers.start_echo(directory, **environment)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    running = start_echo(tmp_path_factory.mktemp("echo"))
    yield running
    http_servers.stop(running)


@pytest.fixture(params=["echo", "segreteria"])
def target(request):
    if request.param == "echo":
        return request.getfixturevalue("echo")
    return http_servers.of_server(request.getfixturevalue("server"))


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """The http room with deadlines that a test can wait for."""
    running = start_echo(tmp_path_factory.mktemp("hasty"), HEAD_MS=400, BODY_MS=600, IDLE_MS=500,
                                      REQUEST_MS=500, ANSWER_MS=700, CONNECTIONS=20)
    yield running
    http_servers.stop(running)


def hits(echo):
    exchange = converse(echo.address, b"GET /hits HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return int(exchange.responses[0].body.split(b":")[1].rstrip(b"}"))


@pytest.mark.parametrize("case", raw_requests.all_cases(), ids=lambda case: case.name.replace(" ", "-"))
def test_exact_answer(target, case):
    exchange = converse(target.address, target.fill(case.request), methods=case.methods, half_close=case.half_close)
    assert exchange.statuses == target.statuses(case.statuses)
    assert exchange.closed == case.closed
    assert exchange.rest == b""


def test_nothing_smuggled_runs(echo):
    refused = [case for case in raw_requests.all_cases() if case.request.endswith(raw_requests.MARK)]
    assert len(refused) >= 80
    before = hits(echo)
    bodies = 0
    for case in refused:
        converse(echo.address, case.request.replace(b"%POST%", b"/livez"))
    assert hits(echo) == before + bodies


def test_refusals_are_problem_documents(target):
    exchange = converse(target.address, b"GET /livez HTTP/1.1\r\nHost: a@b\r\n\r\n")
    response = exchange.responses[0]
    assert response.status == 400
    assert response.header("Content-Type") == "application/problem+json"
    assert response.header("Connection") == "close"
    assert response.header("Cache-Control") == "no-store"
    assert response.header("X-Request-Id")
    assert b'"code":"malformed_request"' in response.body
    assert b'{"header":"Host","code":"format"' in response.body


def test_trace_names_the_methods(target):
    exchange = converse(target.address, b"TRACE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert exchange.responses[0].header("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def test_http_1_0_is_answered_and_closed(target):
    exchange = converse(target.address, b"GET /livez HTTP/1.0\r\n\r\n")
    assert exchange.responses[0].header("Connection") == "close"
    assert exchange.closed


def test_expect_continue_is_answered_before_the_body(target):
    head = (b"POST " + target.post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    exchange = converse(target.address, None, pieces=[head, b"{}"], pause=0.3)
    assert exchange.statuses == [100, target.post_status]
    assert not exchange.closed


def test_a_body_too_large_is_refused_on_its_head(target):
    head = (b"POST " + target.post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100000000\r\nExpect: 100-continue\r\n\r\n")
    exchange = converse(target.address, head)
    assert exchange.statuses == [413]
    assert exchange.closed
    assert exchange.responses[0].header("Content-Type") == "application/problem+json"


def test_a_large_body_that_was_sent_unasked_gets_its_answer(target):
    head = (b"POST " + target.post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 3000000\r\n\r\n")
    exchange = converse(target.address, head + b" " * 3000000)
    assert exchange.statuses == [413]
    assert exchange.closed


def test_a_chunked_body_too_large_is_refused_while_it_comes(target):
    head = (b"POST " + target.post_path + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    exchange = converse(target.address, head + chunk * 30 + b"0\r\n\r\n" + GET)
    assert exchange.statuses == [413]
    assert exchange.closed
    assert exchange.responses[0].header("Content-Type") == "application/problem+json"
    assert exchange.responses[0].header("Connection") == "close"


@pytest.mark.parametrize("fields", [1, 10, 26, 30, 40, 50, 60, 63])
def test_a_head_of_any_size_gets_an_answer(target, fields):
    for size in (2000, 4000, 6000, 7000, 7500, 8000, 8150, 8300, 9000, 9900):
        value = b"a" * max(1, (size - 60) // fields - 9)
        head = GET[:-2] + b"".join(b"X-%03d: " % i + value + b"\r\n" for i in range(fields)) + b"\r\n"
        exchange = converse(target.address, head, quiet=0.05)
        if len(head) > 8192:
            assert exchange.statuses == [431]
        elif len(head) < 5500:
            assert exchange.statuses == [200]
        else:
            assert exchange.statuses in ([200], [431])
        assert exchange.closed == (exchange.statuses == [431])


def test_a_thousand_pipelined_requests_are_answered_in_order(target):
    exchange = converse(target.address, GET * 1000)
    assert exchange.statuses == [200] * 1000


def test_a_request_in_single_bytes(target):
    exchange = converse(target.address, None, pieces=[bytes([byte]) for byte in GET], pause=0.002)
    assert exchange.statuses == [200]


# The http room alone from here on.


def test_a_half_closed_client_that_waits_is_answered(echo):
    exchange = converse(echo.address, b"GET /wait?300 HTTP/1.1\r\nHost: localhost\r\n\r\n", half_close=True)
    assert exchange.statuses == [200]
    assert exchange.closed


def test_pipelining_behind_a_waiting_request_keeps_the_order(echo):
    exchange = converse(echo.address, b"GET /wait?200 HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET)
    assert exchange.statuses == [200, 200]
    assert exchange.responses[0].body == b'{"waited":true}'
    assert exchange.responses[1].body == b'{"status":"ok"}'


def test_a_stream_of_any_size_is_taken(echo):
    size = 20_000_000
    head = b"POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
    exchange = converse(echo.address, head + b"x" * size + GET)
    assert exchange.statuses == [200, 200]
    assert exchange.responses[0].body == b'{"bytes":%d}' % size


def test_a_slow_reader_of_a_stream_holds_its_sender_back(echo):
    size = 60_000
    body = b"".join(b"7D0\r\n" + b"y" * 2000 + b"\r\n" for _ in range(size // 2000)) + b"0\r\n\r\n"
    head = b"POST /slow-count HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = converse(echo.address, head + body + GET, limit=10)
    assert exchange.statuses == [200, 200]
    assert exchange.responses[0].body == b'{"bytes":%d}' % size


def test_a_stream_that_is_cut_off_is_forgotten(echo):
    head = b"POST /slow-count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000\r\n\r\n"
    exchange = converse(echo.address, head + b"z" * 20000, half_close=True)
    assert exchange.statuses == []
    assert exchange.closed


def test_each_piece_of_a_slow_stream_has_its_own_time(hasty):
    """However long a client takes over its body, what a piece of it begins is not late when it begins."""
    head = b"POST /time-left HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n"
    exchange = converse(hasty.address, None, pieces=[head, *[b"x" * 10] * 5], pause=0.15)  # longer than REQUEST_MS in all
    assert exchange.statuses == [200]
    assert int(re.search(rb"-?\d+", exchange.responses[0].body)[0]) > 0


def test_a_503_always_says_when_to_come_again(echo):
    (answer,) = converse(echo.address, b"GET /away HTTP/1.1\r\nHost: localhost\r\n\r\n").responses
    assert (answer.status, answer.header("Location"), answer.header("Retry-After")) == (503, "/livez", "1")


def test_a_refusal_before_a_large_body_arrives_whole(echo):
    head = b"POST /refuse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n"
    exchange = converse(echo.address, head + b"x" * 2000000)
    assert exchange.statuses == [401]
    assert exchange.closed


def test_a_megabyte_answer(echo):
    exchange = converse(echo.address, b"GET /size?3000000 HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET)
    assert exchange.statuses == [200, 200]
    assert len(exchange.responses[0].body) == 3000000


LINE = (rb"ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info event=request method=%s route=(\S+) op=(\S+) status=(\d+) "
        rb"bytes=(\d+) duration_us=\d+ request_id=%s client=(\S+)(.*)$")


def log_line(running, method, request_id):
    pattern = re.compile(LINE % (method, request_id), re.MULTILINE)
    eventually(lambda: pattern.search(running.log.read_bytes()), f"a line for {request_id}")
    found = pattern.findall(running.log.read_bytes())
    assert len(found) == 1, found
    return found[0]


def test_one_log_line_a_request(echo):
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    converse(echo.address, b"GET /livez?secret=1 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: log-1\r\ntraceparent: "
             + trace + b"\r\n\r\n")
    assert log_line(echo, b"GET", b"log-1") == (b"/livez", b"system_livez", b"200", b"15", b"127.0.0.1",
                                                b" traceparent=" + trace)
    converse(echo.address, b"GET /nowhere HTTP/1.1\r\nHost: a b\r\nX-Request-Id: log-2\r\ntraceparent: x y\r\n\r\n")
    assert log_line(echo, b"GET", b"log-2")[2] == b"400"
    converse(echo.address, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: log-3\r\nContent-Length: 9\r\n\r\n1",
             half_close=True)
    assert log_line(echo, b"POST", b"log-3")[5] == b" truncated=true"
    assert b"secret" not in echo.log.read_bytes()


def test_the_clients_address_behind_proxies(tmp_path):
    running = start_echo(tmp_path, TRUSTED="127.0.0.0/8,10.0.0.0/8,2001:db8:ffff::/48")
    cases = [
        (b"", b"127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.7\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7, 127.0.0.1\r\n", b"203.0.113.7"),
        # proxies behind the proxy: the last address that is none of theirs
        (b"X-Forwarded-For: 203.0.113.7, 10.1.2.3, 10.9.9.9\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: 203.0.113.7, 2001:db8:ffff:1::9\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: 203.0.113.7, 2001:db8:fffe::9\r\n", b"2001:db8:fffe::9"),
        (b"X-Forwarded-For: 10.1.2.3\r\n", b"10.1.2.3"),
        (b"X-Forwarded-For: ::ffff:203.0.113.7, ::ffff:10.1.2.3\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: 203.0.113.7:4711\r\n", b"203.0.113.7"),
        (b"X-Forwarded-For: [2001:db8::5]:4711\r\n", b"2001:db8::5"),
        (b"X-Forwarded-For: [2001:db8::5]\r\n", b"2001:db8::5"),
        # what a client wrote is never reached, whatever it is
        (b"X-Forwarded-For: \"1.1.1.1, nonsense, 203.0.113.7\r\n", b"203.0.113.7"),
        (b"Forwarded: for=\"1.1.1.1, for=203.0.113.7;by=10.0.0.1\r\n", b"203.0.113.7"),
        # what cannot be read says nothing at all
        (b"X-Forwarded-For: nonsense, 10.1.2.3\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.7, \r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: \r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.7:99999\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: [2001:db8::5\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.7/32\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.07\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: fe80::1%eth0\r\n", b"127.0.0.1"),
        (b"Forwarded: proto=https\r\n", b"127.0.0.1"),
        (b"Forwarded: for=unknown\r\n", b"127.0.0.1"),
        (b"Forwarded: FOR = 203.0.113.9\r\n", b"127.0.0.1"),
        (b"Forwarded: by=10.0.0.1; For=\"203.0.113.9:80\"\r\n", b"203.0.113.9"),
        (b"X-Forwarded-For: nonsense\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 1.2.3.4\\\" a=b\r\n", b"127.0.0.1"),
        (b"X-Forwarded-For: 2001:db8::5\r\n", b"2001:db8::5"),
        (b"Forwarded: for=203.0.113.9;proto=https\r\n", b"203.0.113.9"),
        (b"Forwarded: for=1.1.1.1, for=\"[2001:db8::7]:4711\"\r\n", b"2001:db8::7"),
        (b"Forwarded: for=_hidden\r\n", b"127.0.0.1"),
        (b"Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 1.1.1.1\r\n", b"127.0.0.1"),
    ]
    for number, (fields, expected) in enumerate(cases):
        converse(running.address, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: p-%d\r\n" % number + fields
                 + b"\r\n", quiet=0.05)
        assert log_line(running, b"GET", b"p-%d" % number)[4] == expected, fields
    http_servers.stop(running)


def test_no_proxy_is_believed_unasked(echo):
    converse(echo.address, b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: q-1\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    assert log_line(echo, b"GET", b"q-1")[4] == b"127.0.0.1"


# Deadlines: a byte now and then keeps nothing open.


def drip(text, pieces):
    return [text] + [b"a"] * pieces


def test_a_slow_request_line_is_cut_off(hasty):
    exchange = converse(hasty.address, None, pieces=drip(b"GET /", 8), pause=0.1, limit=20)
    assert exchange.statuses == []
    assert exchange.closed


def test_a_slow_head_is_told_so(hasty):
    exchange = converse(hasty.address, None, pieces=drip(b"GET / HTTP/1.1\r\nX-A: ", 8), pause=0.1, quiet=5, limit=20)
    assert exchange.statuses == [408]
    assert exchange.closed
    assert exchange.responses[0].header("Content-Type") == "application/problem+json"


def test_a_slow_body_is_told_so(hasty):
    head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
    exchange = converse(hasty.address, None, pieces=drip(head, 10), pause=0.1, quiet=5, limit=20)
    assert exchange.statuses == [408]
    assert exchange.closed


def test_an_idle_connection_is_closed(hasty):
    exchange = converse(hasty.address, GET, quiet=20, limit=20)
    assert exchange.statuses == [200]
    assert exchange.closed


def test_an_application_that_is_late_is_answered_for(hasty):
    exchange = converse(hasty.address, b"GET /wait?60000 HTTP/1.1\r\nHost: localhost\r\n\r\n" + GET, limit=20)
    assert exchange.statuses == [503, 200]
    assert exchange.responses[0].header("Retry-After") == "1"


def test_a_client_that_does_not_read_is_cut_off(hasty):
    with socket.create_connection(hasty.address) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(b"GET /size?20000000 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: unread\r\n\r\n")
        assert b"truncated=true" in log_line(hasty, b"GET", b"unread")[-1]
        got = 0
        try:
            while chunk := sock.recv(65536):
                got += len(chunk)
        except ConnectionResetError:
            pass
    assert got < 20000000


def test_a_full_server_says_so(tmp_path):
    full = start_echo(tmp_path, CONNECTIONS=20)
    held = []
    try:
        for _ in range(20):
            sock = socket.create_connection(full.address)
            sock.sendall(b"GET /wait?3000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            held.append(sock)
        exchange = converse(full.address, GET)
        assert exchange.statuses == [503]
        assert exchange.closed
        assert exchange.responses[0].header("Retry-After") == "1"
        assert exchange.responses[0].header("Content-Type") == "application/problem+json"
        for sock in held:
            assert sock.recv(12) == b"HTTP/1.1 200"
    finally:
        for sock in held:
            sock.close()
    eventually(lambda: converse(full.address, GET).statuses == [200], "there is room again")
    http_servers.stop(full)


def get(sock):
    sock.sendall(GET)
    assert sock.recv(65536).startswith(b"HTTP/1.1 200")


def test_connections_used_lately_make_no_room(tmp_path):
    """How lately is an hour here, so that the time this test takes does not matter."""
    running = start_echo(tmp_path, CONNECTIONS=5, IDLE_MS=7_200_000, EVICT_MS=3_600_000)
    held = [socket.create_connection(running.address) for _ in range(5)]
    for sock in held:
        get(sock)
    assert converse(running.address, GET).statuses == [503]
    for sock in held:
        get(sock)
        sock.close()
    http_servers.stop(running)


def test_idle_connections_make_room_for_new_ones(tmp_path):
    """The one that has been idle longest, and no other."""
    running = start_echo(tmp_path, CONNECTIONS=5)
    held = [socket.create_connection(running.address) for _ in range(5)]
    for sock in held:
        get(sock)
    time.sleep(1.2)
    get(held[0])
    assert converse(running.address, GET).statuses == [200]
    held[1].settimeout(20)
    assert held[1].recv(1) == b""
    for sock in (held[0], *held[2:]):
        get(sock)
    for sock in held:
        sock.close()
    http_servers.stop(running)


def test_draining_finishes_what_runs(tmp_path):
    running = start_echo(tmp_path)
    idle = socket.create_connection(running.address)
    idle.sendall(GET)
    assert idle.recv(12) == b"HTTP/1.1 200"
    waiting = socket.create_connection(running.address)
    before = hits(running)
    waiting.sendall(b"POST /mark HTTP/1.1\r\nHost: localhost\r\n\r\nGET /wait?20000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    eventually(lambda: hits(running) == before + 1, "what comes before it is done")
    assert waiting.recv(65536).startswith(b"HTTP/1.1 204")
    converse(running.address, GET)  # and it has begun
    http_servers.stop(running)
    answer = waiting.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Connection: close\r\n" in answer
    idle.close()
    waiting.close()
