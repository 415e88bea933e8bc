"""Standard error is a pipe that nobody reads any more: the server goes on without its log, and says afterwards what it lost.
Or it is closed: then nothing else may get its number, and the log with it."""

import os
import re
import subprocess
import threading

import pytest
import requests
from private_server import binary, environment, new_data_dir, remove

REQUESTS = 1500  # some hundred bytes of access log each; a pipe holds 64 KiB


@pytest.fixture(name="server")
def server_fixture():
    data_dir = new_data_dir()
    read, write = os.pipe()
    process = subprocess.Popen(
        [binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir), "--workers", "1"],
        env=environment(), stdout=subprocess.PIPE, stderr=write, text=True)
    os.close(write)
    try:
        yield re.search(r"http://\S+", process.stdout.readline())[0], read, process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        os.close(read)
        remove(data_dir)


def test_requests_are_answered_though_the_log_cannot_be_written(server):
    url, read, process = server
    with requests.Session() as client:
        for _ in range(REQUESTS):
            assert client.get(f"{url}/livez", timeout=5).status_code == 200
        log = b""
        while b"event=log_lines_lost" not in log:
            log += os.read(read, 65536)
            assert client.get(f"{url}/livez", timeout=5).status_code == 200
    log = log[: log.rindex(b"\n") + 1]
    assert all(line.startswith(b"ts=") for line in log.splitlines())
    lost = int(re.search(rb"event=log_lines_lost count=(\d+)", log)[1])
    assert 0 < lost < REQUESTS
    reader = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(read, 65536), b"")])
    reader.start()
    process.terminate()
    assert process.wait(30) == 0
    reader.join()


def test_standard_input_and_error_may_be_closed():
    data_dir = new_data_dir()
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- 2>&-', "sh", binary(), "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data_dir),
         "--workers", "1"], env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert "http://" in line
        assert os.readlink(f"/proc/{process.pid}/fd/0") == os.readlink(f"/proc/{process.pid}/fd/2") == "/dev/null"
        assert requests.get(re.search(r"http://\S+", line)[0] + "/livez", timeout=5).status_code == 200
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        remove(data_dir)
