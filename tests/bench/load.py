"""Programs under load: starting them, wrk against them, what memory they take."""
import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


class Program:
    """A server under test; ready when `url` answers."""

    def __init__(self, command, url, environment=None, log=None):
        self.log = open(log or os.devnull, "w", encoding="utf-8")
        self.started = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in command], stdout=self.log, stderr=self.log,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)
        self.url = url
        self.seconds_to_answer = self._wait()

    def _wait(self):
        while time.monotonic() - self.started < 60:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: {self.process.args[0]} ended with {self.process.returncode}")
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    answer.read()
                    return time.monotonic() - self.started
            except OSError:
                time.sleep(0.002)
        raise SystemExit(f"bench: {self.url} does not answer")

    def resident_mib(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()


def wrk(url, seconds, connections=64, script=None, arguments=()):
    """{"rate", "p50_ms", "p99_ms", "errors"}; errors counts answers that are not 2xx or 3xx and failed sockets."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    if script is not None:
        command += ["-s", str(script)]
    done = subprocess.run([*command, url, "--", *map(str, arguments)], check=True, capture_output=True, text=True)
    figures = {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]), "errors": 0}
    for percent in ("50", "99"):
        value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s|m)\b", done.stdout).groups()
        figures[f"p{percent}_ms"] = float(value) * UNITS[unit]
    for pattern in (r"Non-2xx or 3xx responses: (\d+)", r"connect (\d+)", r"read (\d+)", r"write (\d+)", r"timeout (\d+)"):
        found = re.search(pattern, done.stdout)
        figures["errors"] += int(found[1]) if found else 0
    return figures
