"""./dev bench sign-in: what a flood of sign-ins costs everybody else.

`GET /v1/jobs/{job_id}` with nothing else going on, and while 50 clients sign in as fast as they are let, in rounds that take
turns; every password is right, so that each costs a hash and a session. Prints medians; --markdown puts them into
docs/performance.md, between its marks. Exit status 1: the 99th percentile grew more than threefold.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from cluster import Cluster
from load import Program, free_port, wrk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PASSWORD = "correct horse battery"
ACCOUNTS = 500
CLIENTS = 50
READERS = (4, 16, 64)
TIMES = 3.0
MARKS = ("<!-- bench sign-in: begin -->", "<!-- bench sign-in: end -->")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Flood:
    """Clients that sign in without a pause, until closed; counts what they were answered."""

    def __init__(self, url, seconds, folder):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "sign_in.lua"), url, "--",
             str(folder / "emails"), PASSWORD], stdout=subprocess.PIPE, text=True)

    def close(self):
        """(sign-ins a second, refused ones a second)."""
        text, _ = self.process.communicate()
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
        total = int(re.search(r"(\d+) requests in", text)[1])
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        share = int(refused[1]) / max(1, total) if refused else 0.0
        return rate * (1 - share), rate * share


class Bench:
    def __init__(self, arguments):
        self.arguments, self.figures = arguments, {}
        self.folder = Path(tempfile.mkdtemp(prefix="segreteria-bench-"))
        os.chmod(self.folder, 0o755)
        self.cluster = self.program = None
        self.url = f"http://127.0.0.1:{free_port()}"

    def prepare(self):
        self.cluster = Cluster(self.folder / "cluster")
        environment = {"SEGRETERIA_DATABASE_URL": self.cluster.conninfo, "SEGRETERIA_RATE_LIMIT": "off"}
        subprocess.run([self.arguments.binary, "migrate"], check=True, env={**os.environ, **environment},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        say(f"filling {self.arguments.rows} vacancies ...")
        self.cluster.fill(self.arguments.rows)
        self.program = Program([self.arguments.binary, "serve", "--listen", self.url[7:], "--data-dir", self.folder / "data",
                                "--no-access-log", *self.arguments.options], self.url + "/readyz", environment,
                               self.folder / "log")
        ids = self.cluster.psql("select id from jobs where status = 'published' order by md5(id::text) limit 2000")
        (self.folder / "ids").write_text("\n".join(ids) + "\n", encoding="ascii")
        self.make_accounts()

    def make_accounts(self):
        """One by the API, the others with its hash."""
        body = {"email": "bench@example.org", "password": PASSWORD, "given_name": "A", "family_name": "B"}
        request = urllib.request.Request(self.url + "/v1/candidates", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request).read()
        self.cluster.psql("insert into accounts (id, kind, email, password_hash, name) select uuid_v7(), 'operator', 'flood.' || "
                          f"n || '@example.org', password_hash, 'A' from accounts, generate_series(1, {ACCOUNTS}) n where "
                          "email = 'bench@example.org'")
        (self.folder / "emails").write_text("".join(f"flood.{n}@example.org\n" for n in range(1, ACCOUNTS + 1)),
                                            encoding="ascii")

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)
        say(f"  {name}: {value:,.2f}")

    def read(self, readers, what, number):
        figures = wrk(self.url, self.arguments.seconds, readers, HERE / "random_job.lua", [self.folder / "ids", number])
        if figures["errors"]:
            raise SystemExit(f"bench: {figures['errors']} reads were not answered")
        self.note(f"{readers} {what} p99", figures["p99_ms"])
        self.note(f"{readers} {what} rate", figures["rate"])

    def round(self, number):
        say(f"round {number + 1}")
        for readers in READERS:
            for flooded in ((False, True), (True, False))[number % 2]:
                if not flooded:
                    self.read(readers, "idle", number)
                    continue
                flood = Flood(self.url, self.arguments.seconds + 2, self.folder)
                time.sleep(1)
                self.read(readers, "flooded", number)
                rate, refused = flood.close()
                self.note(f"{readers} sign-ins", rate)
                self.note(f"{readers} refused", refused)
                time.sleep(1)

    def run(self):
        try:
            self.prepare()
            memory = self.program.resident_mib()
            for number in range(self.arguments.rounds):
                self.round(number)
            self.note("memory before", memory)
            self.note("memory after", self.program.resident_mib())
            log = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
            self.hash_ms = re.search(r"event=password_hashing .*?threads=(\d+) ms=([\d.]+)", log).groups()
        finally:
            if self.program is not None:
                self.program.close()
            if self.cluster is not None:
                self.cluster.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return {name: statistics.median(values) for name, values in self.figures.items()}


def text_of(median, bench, load_before):
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
                if line.startswith("model name")), "?")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = [f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit}. {os.cpu_count()} cores ({cpu}), load average "
             f"before the run {load_before:.1f}. One hash takes {bench.hash_ms[1]} ms on {bench.hash_ms[0]} thread(s); medians of "
             f"{bench.arguments.rounds} rounds of {bench.arguments.seconds} s each; {CLIENTS} clients sign in.", "",
             "| clients that read | alone: p99 | rate | beside the flood: p99 | rate | p99 grows | aim | met | sign-ins | refused |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for readers in READERS:
        idle, flooded = median[f"{readers} idle p99"], median[f"{readers} flooded p99"]
        lines.append(f"| {readers} | {idle:.2f} ms | {median[f'{readers} idle rate']:,.0f}/s | {flooded:.2f} ms | "
                     f"{median[f'{readers} flooded rate']:,.0f}/s | **{flooded / idle:.2f}** | ≤ {TIMES:.0f} | "
                     f"{'yes' if flooded <= TIMES * idle else 'no'} | {median[f'{readers} sign-ins']:,.0f}/s | "
                     f"{median[f'{readers} refused']:,.0f}/s |")
    lines += ["", f"Memory of the server (RSS): {median['memory before']:.0f} MiB before, {median['memory after']:.0f} MiB after."]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench sign-in", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--rows", type=int, default=20000, help="vacancies (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement (default: %(default)s)")
    parser.add_argument("--markdown", nargs="?", const=ROOT / "docs/performance.md", type=Path, metavar="FILE")
    parser.add_argument("options", nargs="*", help="further options of `segreteria serve`, after --")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    bench = Bench(arguments)
    median = bench.run()
    text = text_of(median, bench, load_before)
    print(text)
    if arguments.markdown:
        document = arguments.markdown.read_text(encoding="utf-8")
        begin, end = (document.index(mark) for mark in MARKS)
        arguments.markdown.write_text(document[:begin + len(MARKS[0])] + "\n" + text + "\n" + document[end:], encoding="utf-8")
    return 1 if any(median[f"{n} flooded p99"] > TIMES * median[f"{n} idle p99"] for n in READERS) else 0


if __name__ == "__main__":
    sys.exit(main())
