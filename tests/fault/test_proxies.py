"""The raw requests through nginx and HAProxy: the server behind must never see two requests where the proxy saw one.

Each case goes to the proxy with a mark of its own in the smuggled part's path; the proxy's log says how many requests it
forwarded, the server's log how many it got. Whatever a proxy lets through in another form is the server's to answer, once.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import http_servers  # noqa: E402
import raw_requests  # noqa: E402
from raw_http import converse  # noqa: E402
from support.ports import free_port  # noqa: E402

NGINX = """
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx-error.log;
events {{ worker_connections 512; }}
http {{
    log_format forwarded 'request="$request" upstream=$upstream_status';
    access_log {directory}/proxy.log forwarded;
    client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
    uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 1; }}
    server {{
        listen 127.0.0.1:{port};
        large_client_header_buffers 8 64k; client_max_body_size 0; ignore_invalid_headers off;
        location / {{
            proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host; proxy_request_buffering off;
        }}
    }}
}}
"""

HAPROXY = """
global
    maxconn 512
    tune.bufsize 65536
    stats socket {directory}/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    http-reuse always
frontend front
    bind 127.0.0.1:{port}
    option http-ignore-probes
    default_backend behind
backend behind
    server one 127.0.0.1:{behind} maxconn 8
"""


def start_nginx(directory, behind, port):
    path = shutil.which("nginx") or "/usr/sbin/nginx"
    if not pathlib.Path(path).exists():
        pytest.skip("nginx is not installed (package nginx-light)")
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, behind=behind, port=port), encoding="ascii")
    return subprocess.Popen([path, "-e", directory / "nginx-start.log", "-c", config])


def start_haproxy(directory, behind, port):
    path = shutil.which("haproxy") or "/usr/sbin/haproxy"
    if not pathlib.Path(path).exists():
        pytest.skip("haproxy is not installed (package haproxy)")
    config = directory / "haproxy.cfg"
    config.write_text(HAPROXY.format(directory=directory, behind=behind, port=port), encoding="ascii")
    return subprocess.Popen([path, "-q", "-db", "-f", config])


@pytest.fixture(scope="module", params=[start_nginx, start_haproxy], ids=["nginx", "haproxy"])
def front(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("proxy")
    if not http_servers.ECHO.exists():
        pytest.skip(f"{http_servers.ECHO} is not built")
    behind = http_servers.start_echo(directory)
    port = free_port()
    proxy = request.param(directory, behind.address[1], port)
    http_servers.wait_for(("127.0.0.1", port), proxy, 10)
    yield ("127.0.0.1", port), behind
    proxy.terminate()
    proxy.wait(timeout=20)
    http_servers.stop(behind)


def requests_seen(behind):
    """Complete requests in the server's log, whatever their answer."""
    time.sleep(0.02)
    lines = behind.log.read_bytes().splitlines()
    return [line for line in lines if b"event=request" in line and b"status=0 " not in line]


def exchange_all(front, case, patience):
    address, behind = front
    before = len(requests_seen(behind))
    exchange = converse(address, behind.fill(case.request), methods=case.methods, **patience)
    return exchange, len(requests_seen(behind)) - before


# How long to wait for more answers. On a busy machine an answer may come after the short time: what looks wrong is asked again.
PATIENCE = ({"quiet": 0.06, "limit": 1.0}, {"quiet": 2.0, "limit": 10.0})

CASES = [case for case in raw_requests.all_cases() if not case.half_close]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_no_request_is_split(front, case):
    for patience in PATIENCE:
        exchange, seen = exchange_all(front, case, patience)
        answered = [status for status in exchange.statuses if status >= 200]
        without_head = 1 if exchange.rest else 0  # nginx answers a request line without a version as HTTP/0.9 did
        if seen <= len(answered) + without_head:
            return
    raise AssertionError(f"the proxy answered {answered}, the server saw {seen} requests")


def test_marks_run_only_when_the_proxy_forwarded_them(front):
    """What follows a request in the same bytes may be a request of its own to the proxy; to the server it is one only
    then. Refused cases are followed by POST /mark, which answers 204."""
    address, behind = front

    def hits():
        answer = converse(address, b"GET /hits HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return int(re.search(rb'"hits":(\d+)', answer.responses[0].body)[1])

    for case in CASES:
        if not case.request.endswith(raw_requests.MARK):
            continue
        for patience in PATIENCE:
            before = hits()
            exchange = converse(address, case.request.replace(b"%POST%", b"/livez"), **patience)
            ran = hits() - before
            if ran <= exchange.statuses.count(204):
                break
        else:
            raise AssertionError(f"{case.name}: {exchange.statuses}, and {ran} marks ran")
