"""Servers for the suites that speak HTTP on a bare socket: the http room alone (http_echo_server, no data base), and the
real one."""

import os
import pathlib
import socket
import subprocess
import time
from dataclasses import dataclass

import raw_requests
from support.ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SEGRETERIA_BINARY", ROOT / "build" / "asan" / "segreteria"))
ECHO = pathlib.Path(os.environ.get("SEGRETERIA_HTTP_ECHO", BINARY.parent / "tests" / "http_echo_server"))


@dataclass
class Target:
    address: tuple
    post_path: bytes
    post_status: int
    get_body_status: int
    process: subprocess.Popen
    log: pathlib.Path

    def fill(self, request):
        return request.replace(b"%POST%", self.post_path)

    def statuses(self, expected):
        known = {raw_requests.POST: self.post_status, raw_requests.GET_BODY: self.get_body_status}
        return [known.get(status, status) for status in expected]


def wait_for(address, process, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            with socket.create_connection(address, timeout=1) as sock:
                sock.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if sock.recv(12) == b"HTTP/1.1 200":
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server did not answer")


def start_echo(directory, **environment):
    port = free_port()
    log = directory / f"echo-{port}.log"
    with open(log, "wb") as stderr:
        process = subprocess.Popen([ECHO, str(port)], stderr=stderr, stdin=subprocess.DEVNULL,
                                   env={**os.environ, **{name: str(value) for name, value in environment.items()}})
    target = Target(("127.0.0.1", port), b"/echo", 200, 200, process, log)
    wait_for(target.address, process, 10)
    return target


def of_server(server):
    """The real server, which a fixture starts and stops."""
    return Target((server.host, server.port), b"/v1/companies", 422, 415, server.process, server.log_path)


def stop(target):
    target.process.terminate()
    code = target.process.wait(timeout=30)
    assert code == 0, f"the server ended with {code}: {target.log.read_bytes()[-3000:].decode(errors='replace')}"
    assert b"ERROR: AddressSanitizer" not in target.log.read_bytes()
