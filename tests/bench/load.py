"""Programs under load: starting them, wrk against them, what memory and processor time they take."""
import os
import re
import resource
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A server under test; ready when `url` answers."""

    def __init__(self, command, url, environment=None, log=None):
        self.log = open(log or os.devnull, "w", encoding="utf-8")
        self.started = time.monotonic()
        self.process = subprocess.Popen([str(word) for word in command], stdout=self.log, stderr=self.log,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)
        self.url = url
        try:
            self.seconds_to_answer = self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self):
        while time.monotonic() - self.started < 60:
            if self.process.poll() is not None:
                log = Path(self.log.name).read_text(encoding="utf-8") if self.log.name != os.devnull else ""
                raise SystemExit(f"bench: {self.process.args[0]} ended with {self.process.returncode}\n{log}")
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    answer.read()
                    return time.monotonic() - self.started
            except OSError:
                time.sleep(0.002)
        raise SystemExit(f"bench: {self.url} does not answer")

    def resident_mib(self, field="VmRSS"):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(field + r":\s+(\d+)", text)[1]) / 1024

    def peak_mib(self):
        """The most that was resident since the start or forget_peak()."""
        return self.resident_mib("VmHWM")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def cpu_us(self):
        """Of the program and all it started: they share its session."""
        return sum(stat.own for stat in all_stats() if stat.session == self.process.pid)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()


# ---- processor time ----

class Stat:
    def __init__(self, pid):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
        self.parent, self.session = int(fields[1]), int(fields[3])
        self.own = (int(fields[11]) + int(fields[12])) * TICK_US
        self.of_ended_children = (int(fields[13]) + int(fields[14])) * TICK_US


def all_stats():
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield Stat(name)
            except OSError:
                pass  # it has ended


def cpu_us_of_family(pid):
    """Of a process, its children and those of them that have ended."""
    parent = Stat(pid)
    return parent.own + parent.of_ended_children + sum(stat.own for stat in all_stats() if stat.parent == pid)


def cpu_us_of_tools():
    """Of the programs this one ran and waited for: wrk and pgbench."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6


# ---- wrk ----

def wrk(url, seconds, connections=64, script=None, arguments=()):
    """{"rate", "requests", "p50_ms", "p99_ms", "errors"}; errors counts answers that are not 2xx or 3xx and failed
    sockets, rate and requests the others."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    if script is not None:
        command += ["-s", str(script)]
    done = subprocess.run([*command, url, "--", *map(str, arguments)], check=True, capture_output=True, text=True)
    figures = {"errors": 0}
    for pattern in (r"Non-2xx or 3xx responses: (\d+)", r"connect (\d+)", r"read (\d+)", r"write (\d+)", r"timeout (\d+)"):
        found = re.search(pattern, done.stdout)
        figures["errors"] += int(found[1]) if found else 0
    total = int(re.search(r"(\d+) requests in", done.stdout)[1])
    figures["requests"] = max(1, total - figures["errors"])
    figures["rate"] = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1]) * figures["requests"] / max(1, total)
    for percent in ("50", "99"):
        value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s|m)\b", done.stdout).groups()
        figures[f"p{percent}_ms"] = float(value) * UNITS[unit]
    return figures
