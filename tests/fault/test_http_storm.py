"""A storm of clients that break off, garble, dawdle and do not read. The server must stay sane: no descriptor or request
left over, nothing reported by the sanitizers, and the next well-behaved client served as if nothing had been."""

import os
import pathlib
import random
import socket
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import http_servers  # noqa: E402
import raw_requests  # noqa: E402
from raw_http import converse  # noqa: E402

SECONDS = float(os.environ.get("SEGRETERIA_STORM_SECONDS", "8"))
POSTS = (b"/echo", b"/count", b"/slow-count", b"/refuse")
ABORT = b"\x01\0\0\0\0\0\0\0"  # struct linger: close with a reset


def requests(chance):
    yield from (case.request.replace(b"%POST%", chance.choice(POSTS)) for case in raw_requests.all_cases() if case.request)
    for milliseconds in (0, 5, 50, 200, 900):
        yield b"GET /wait?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % milliseconds
    for size in (10, 40000, 4000000):
        yield b"GET /size?%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % size
    for size in (1000, 300000, 400000):
        yield b"POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n" + b"x" * size
    for coding in (b"gzip", b"br", b"zstd", b"*;q=0"):
        yield b"GET /public HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: " + coding + b"\r\n\r\n"


def garbled(data, chance):
    kind = chance.random()
    if kind < 0.3:
        data = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data)
    return data[:chance.randrange(len(data) + 1)] if kind < 0.5 else data


def send(sock, data, chance):
    if chance.random() < 0.5:
        sock.sendall(data)
        return
    while data:
        size = chance.randint(1, 2000)
        sock.sendall(data[:size])
        data = data[size:]
        if chance.random() < 0.2:
            time.sleep(chance.random() * 0.02)


def one_client(address, choices, chance):
    with socket.create_connection(address, timeout=2) as sock:
        for _ in range(chance.randint(1, 4)):
            send(sock, garbled(b"".join(chance.choices(choices, k=chance.randint(1, 4))), chance), chance)
            if chance.random() < 0.3:
                break
            sock.settimeout(0.01 + 0.3 * chance.random())
            for _ in range(chance.randint(1, 10)):
                if not sock.recv(chance.choice([10, 65536])):
                    break
            if chance.random() < 0.2:
                sock.shutdown(socket.SHUT_WR)
        if chance.random() < 0.3:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)


def client(address, seed, end, failures):
    chance = random.Random(seed)
    choices = list(requests(chance))
    while time.monotonic() < end:
        try:
            one_client(address, choices, chance)
        except OSError:
            pass  # the server's right, and often its duty
        except Exception as error:  # a mistake of this test's own
            failures.append(error)
            raise


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_a_storm(tmp_path):
    if not http_servers.ECHO.exists():
        pytest.skip(f"{http_servers.ECHO} is not built")
    running = http_servers.start_echo(tmp_path, HEAD_MS=800, BODY_MS=900, IDLE_MS=700, REQUEST_MS=600, ANSWER_MS=500,
                                      CONNECTIONS=20)
    time.sleep(1.2)
    before = descriptors(running.process)
    failures = []
    end = time.monotonic() + SECONDS
    threads = [threading.Thread(target=client, args=(running.address, seed, end, failures)) for seed in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    end = time.monotonic() + 6
    while descriptors(running.process) > before and time.monotonic() < end:
        time.sleep(0.1)
    assert descriptors(running.process) == before
    assert converse(running.address, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").statuses == [200]
    http_servers.stop(running)
    log = running.log.read_bytes()
    assert b"level=error" not in log
    assert log.count(b"event=request") > 100


@pytest.mark.parametrize("path", ["/echo", "/count"])
def test_a_body_that_breaks_off_late_is_noticed_soon(tmp_path, path):
    """The last bytes and the end of the stream in one: the reader of the bytes is not told of the end."""
    if not http_servers.ECHO.exists():
        pytest.skip(f"{http_servers.ECHO} is not built")
    running = http_servers.start_echo(tmp_path)
    time.sleep(1)  # the connection that asked whether it serves has been closed
    before = descriptors(running.process)
    clients = [socket.create_connection(running.address) for _ in range(20)]
    for sock in clients:
        sock.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\nx" % path.encode())
    time.sleep(1.5)
    for sock in clients:
        sock.sendall(b"x" * 1000)
        sock.close()
    end = time.monotonic() + 5
    while descriptors(running.process) > before and time.monotonic() < end:
        time.sleep(0.1)
    assert descriptors(running.process) == before
    http_servers.stop(running)
