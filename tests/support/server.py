"""The server under test, as a process."""

import os
import re
import signal
import subprocess
from pathlib import Path

from support.client import Client

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SEGRETERIA_BINARY", ROOT / "build" / "asan" / "segreteria"))
SANITIZERS = re.compile(rb"ERROR: (Address|Leak|Thread|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:")

# For tests that measure the server's memory: little that was freed is kept aside to find errors.
MEASURED = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}


class Server:
    """Starts at once and waits for the line that says it serves. stop() asserts a clean end."""

    def __init__(self, directory, database_url=None, options=(), environment=None):
        self.directory = Path(directory)
        self.log_path = self.directory / "server.log"
        variables = {**os.environ, "SEGRETERIA_MASTER_KEY": "5e" * 32, **(environment or {})}
        variables.setdefault("ASAN_OPTIONS", "detect_leaks=1")
        if database_url is not None:
            variables["SEGRETERIA_DATABASE_URL"] = database_url
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.directory / "data", *options],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=variables)
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://([^:\s]+):(\d+)", line)
        if found is None:
            self.process.kill()
            raise AssertionError(f"the server did not start: {line!r}\n{self.log[-3000:].decode(errors='replace')}")
        self.host, self.port = found[1], int(found[2])

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def log(self):
        return self.log_path.read_bytes()

    def client(self, token=None):
        return Client(self.host, self.port, token)

    def memory(self, what="VmRSS"):
        """Bytes of memory in use (VmRSS) or the most there ever were (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) * 1024

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()
        log = self.log
        report = SANITIZERS.search(log)
        assert report is None, log[report.start() - 200:report.start() + 5000].decode(errors="replace")
        assert code == 0, f"the server ended with {code}: {log[-3000:].decode(errors='replace')}"
