"""./dev bench: Segreteria beside pgbench, nginx and two Node.js servers, in interleaved rounds on this machine.

Only ratios within one run mean anything. Everything runs on loopback against one durable PostgreSQL made for the run and
removed after it. Prints tables of medians; --markdown puts them into docs/performance.md, between its marks. Exit status
1: some answer was an error, so the figures do not count.
"""
import argparse
import hashlib
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import report
from cluster import Cluster
from load import Program, cpu_us_of_tools, free_port, wrk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MASTER_KEY = "00112233445566778899aabbccddeeff" * 2
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CANDIDATES_MAX = 2000  # with a token each, for applications
WORKERS = 2  # of every server


def say(text):
    print(text, file=sys.stderr, flush=True)


def statement(name):
    """The SQL of src/api/<name>.sql without comments, on one line."""
    text = (ROOT / "src/api" / f"{name}.sql").read_text(encoding="utf-8")
    return " ".join(re.sub(r"--[^\n]*", "", text).split())


def base62(number, width):
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits


def make_tokens(count):
    """(text, stored hash) of access tokens under MASTER_KEY, as src/auth makes them."""
    subkey = hashlib.blake2b(digest_size=32, key=bytes.fromhex(MASTER_KEY), salt=(1).to_bytes(8, "little") + bytes(8),
                             person=b"segretar" + bytes(8)).digest()
    for i in range(count):
        body = base62(int.from_bytes(hashlib.sha256(b"bench%d" % i).digest(), "big"), 43)
        text = "sgr_" + body + base62(zlib.crc32(body.encode()), 6)
        yield text, hashlib.blake2b(text.encode(), digest_size=32, key=subkey).hexdigest()


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = Path(tempfile.mkdtemp(prefix="segreteria-bench-"))
        os.chmod(self.folder, 0o755)
        self.cluster = None
        self.programs = {}
        self.figures = {}
        self.applied = 0
        self.ports = {name: free_port() for name in ("segreteria", "nginx", "fastify", "express", "idle")}

    # ---- set-up ----

    def prepare(self):
        self.cluster = Cluster(self.folder / "cluster")
        environment = {**os.environ, "SEGRETERIA_DATABASE_URL": self.cluster.conninfo}
        subprocess.run([self.arguments.binary, "migrate"], check=True, env=environment, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        say(f"filling {self.arguments.rows} vacancies ...")
        say(f"  {self.cluster.fill(self.arguments.rows):.0f} s")
        self.ids = self.cluster.psql("select id from jobs where status = 'published' and valid_through >= current_date "
                                     "or status = 'published' and valid_through is null order by md5(id::text)")
        (self.folder / "ids").write_text("\n".join(self.ids) + "\n", encoding="ascii")
        self.open_for_all = self.cluster.psql("select id from jobs where status = 'published' and questions = '[]' and "
                                              "(valid_through is null or valid_through >= current_date) "
                                              "order by md5(id::text) limit 5000")
        (self.folder / "open").write_text("\n".join(self.open_for_all) + "\n", encoding="ascii")
        self.make_candidates()

    def make_candidates(self):
        half = self.arguments.rows // 20  # the other half is pgbench's
        accounts = self.cluster.psql("select account_id from candidates order by id limit "
                                     f"{min(CANDIDATES_MAX, half)}")
        self.tokens = list(make_tokens(len(accounts)))
        rows = ",".join(f"(uuid_v7(), '{account}', 'bench apply', 'sgr_none', '\\x{stored}', "
                        "array['applications:write','applications:read'])"
                        for account, (_, stored) in zip(accounts, self.tokens))
        # Their applications would be in the way of those to come.
        self.cluster.psql("create temp table mine as select c.id from candidates c join accounts a on a.id = c.account_id "
                          "where a.id = any('{" + ",".join(accounts) + "}'); delete from application_events where "
                          "application_id in (select id from applications where candidate_id in (select id from mine)); "
                          "delete from applications where candidate_id in (select id from mine)")
        self.cluster.psql(f"insert into api_tokens (id, account_id, name, prefix, token_hash, scopes) values {rows}")
        self.cluster.psql("create table bench_candidates (n serial primary key, candidate_id uuid, account_id uuid); "
                          "insert into bench_candidates (candidate_id, account_id) select id, account_id from candidates "
                          "order by id; create table bench_jobs (n serial primary key, job_id uuid); insert into bench_jobs "
                          "(job_id) select id from jobs where status = 'published' and questions = '[]' and (valid_through "
                          "is null or valid_through >= current_date); vacuum analyze bench_candidates, bench_jobs")
        (self.folder / "tokens").write_text("\n".join(text for text, _ in self.tokens) + "\n", encoding="ascii")

    def url(self, name, path):
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def start(self):
        self.programs["segreteria"] = self.segreteria("segreteria")
        conf = (HERE / "peers/nginx.conf").read_text(encoding="ascii")
        conf = conf.replace("PORT", str(self.ports["nginx"])).replace("PIDFILE", str(self.folder / "nginx.pid"))
        (self.folder / "nginx.conf").write_text(conf, encoding="ascii")
        self.programs["nginx"] = Program(["nginx", "-e", "stderr", "-c", self.folder / "nginx.conf", "-p", self.folder],
                                         self.url("nginx", "/livez"), log=self.folder / "nginx.log")
        if self.arguments.peers:
            self.start_peers()

    def segreteria(self, name):
        environment = {"SEGRETERIA_DATABASE_URL": self.cluster.conninfo, "SEGRETERIA_MASTER_KEY": MASTER_KEY,
                       "SEGRETERIA_RATE_LIMIT": "off"}
        return Program([self.arguments.binary, "serve", "--listen", f"127.0.0.1:{self.ports[name]}", "--data-dir",
                        self.folder / name, "--no-access-log", "--workers", str(WORKERS)], self.url(name, "/readyz"),
                       environment, self.folder / f"{name}.log")

    def start_peers(self):
        modules = ROOT / "build/bench-peers"
        modules.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "fastify.js", "express.js"):
            shutil.copy(HERE / "peers" / name, modules)
        lock = (HERE / "peers/package-lock.json").read_bytes()
        installed = modules / "installed"  # the lock they were installed by
        if not installed.exists() or installed.read_bytes() != lock:
            (modules / "package-lock.json").write_bytes(lock)
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
            installed.write_bytes(lock)
        listing = statement("jobs/list").replace(":after", "null::text").replace(":limit", "20")
        environment = {"BENCH_HOST": str(self.cluster.folder), "BENCH_PORT": str(self.cluster.port), "NODE_ENV": "production",
                       "BENCH_BY_ID": statement("jobs/get").replace(":job_id", "$1"), "BENCH_LIST": listing}
        for name in ("fastify", "express"):
            self.programs[name] = Program(["node", modules / f"{name}.js"], self.url(name, f"/v1/jobs/{self.ids[0]}"),
                                          {**environment, "PORT": str(self.ports[name])}, self.folder / f"{name}.log")

    # ---- rounds ----

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)
        say(f"  {name}: {value:,.2f}" if isinstance(value, float) else f"  {name}: {value}")

    def cpu_us(self, server):
        program = self.programs.get(server)
        return (0.0 if program is None else program.cpu_us(), self.cluster.cpu_us(), cpu_us_of_tools())

    def measured(self, name, server, action):
        """What the action returns: (rate, count, other); notes the rate and the processor time of one."""
        before = self.cpu_us(server)
        rate, count, other = action()
        time.sleep(0.2)  # backends of pgbench are gone then, and counted
        used = [after - was for after, was in zip(self.cpu_us(server), before)]
        self.note(name, rate)
        for who, us in zip(("server", "PostgreSQL", "load"), used):
            self.figures.setdefault(f"{name} cpu {who}", []).append(us / count)
        return other

    def pgbench(self, name, scripts, clients):
        self.measured(f"{name}, pgbench -c{clients}", None,
                      lambda: (*self.cluster.pgbench(scripts, clients, self.arguments.seconds), None))

    def http(self, name, server, path, script=None, arguments=()):
        def action():
            figures = wrk(self.url(server, path), self.arguments.seconds, script=script, arguments=arguments)
            return figures["rate"], figures["requests"], figures
        name = f"{name}, {server}"
        figures = self.measured(name, server, action)
        if figures["errors"]:
            say(f"  ! {name}: {figures['errors']} errors")
        self.note(name + " p99 ms", figures["p99_ms"])
        self.figures.setdefault(name + " errors", []).append(figures["errors"])
        return figures

    def round(self, number):
        """Every second round goes the other way, so that none always comes after the same other."""
        say(f"round {number + 1}")
        by_id = [statement("jobs/get").replace(":job_id", f"'{{{i}}}'") + ";\n" for i in self.ids[:100]]
        listing = [statement("jobs/list").replace(":after", "null::text").replace(":limit", "20") + ";\n"]
        steps = []
        for clients in (2, 4):
            steps.append(lambda clients=clients: self.pgbench("by id", by_id, clients))
            steps.append(lambda clients=clients: self.pgbench("list", listing, clients))
        for server in ["segreteria"] + (["fastify", "express"] if self.arguments.peers else []):
            steps.append(lambda server=server: self.http("by id", server, "/", HERE / "random_job.lua",
                                                         [self.folder / "ids", number]))
            steps.append(lambda server=server: self.http("list", server, "/v1/jobs"))
        for server in ("segreteria", "nginx"):
            steps.append(lambda server=server: self.http("livez", server, "/livez"))
        for clients in (16, 32):
            steps.append(lambda clients=clients: self.applications_by_pgbench(clients))
        steps.append(self.applications)
        for step in steps if number % 2 == 0 else reversed(steps):
            step()

    def applications_count(self):
        return int(self.cluster.psql("select count(*) from applications")[0])

    def applications_by_pgbench(self, clients):
        """Pairs at random, so a few are there already: what was written counts."""
        jobs, candidates = (int(self.cluster.psql(f"select count(*) from bench_{name}")[0])
                            for name in ("jobs", "candidates"))
        script = (f"\\set j random(1, {jobs})\n\\set c random({len(self.tokens) + 1}, {candidates})\n"
                  "select status, code, problem, body, etag, location from applications_create("
                  "(select job_id from bench_jobs where n = :j), (select candidate_id from bench_candidates where n = :c), "
                  "(select account_id from bench_candidates where n = :c), uuid_v7(), "
                  "'{\"cover_letter\":\"I have supported two managing directors for six years and would like to hear more.\"}'"
                  "::jsonb, '[]'::jsonb, 'en');\n")
        before = self.applications_count()

        def action():
            rate, count = self.cluster.pgbench([script], clients, self.arguments.seconds)
            written = max(1, self.applications_count() - before)
            return rate * written / count, written, None
        self.measured(f"apply, pgbench -c{clients}", None, action)

    def applications(self):
        before = self.applications_count()
        figures = self.http("apply", "segreteria", "/", HERE / "apply.lua",
                            [self.folder / "tokens", self.folder / "open", self.applied])
        time.sleep(0.5)
        made = self.applications_count() - before
        if made < figures["requests"]:
            raise SystemExit(f"bench: {figures['requests']} applications were answered 201, but only {made} are there")
        self.applied += made + 1000  # requests that wrk gave up at the end are not repeated

    # ---- memory and start ----

    def idle_connections(self, count=5000):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < count + 200:
            say(f"  ! no more than {hard} descriptors are allowed: idle connections are not measured")
            return
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
        program = self.programs["idle"] = self.segreteria("idle")
        self.note("RSS idle MiB", program.resident_mib())
        clients = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", self.ports["idle"]))
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            clients.append(client)
        for client in clients:
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("bench: an idle connection was not answered 200")
        time.sleep(1)
        self.note(f"RSS with {count} idle connections MiB", program.resident_mib())
        for client in clients:
            client.close()
        program.close()

    def starts(self):
        for _ in range(2 * self.arguments.rounds + 1):
            program = self.programs["idle"] = self.segreteria("idle")
            self.note("start to answer, PostgreSQL running, ms", program.seconds_to_answer * 1000)
            program.close()
        for attempt in range(self.arguments.rounds + 1):
            program = self.programs["idle"] = Program(
                [self.arguments.binary, "serve", "--listen", f"127.0.0.1:{self.ports['idle']}", "--data-dir",
                 self.folder / "own", "--no-access-log"], self.url("idle", "/readyz"), {"SEGRETERIA_DATABASE_URL": ""},
                self.folder / "own.log")
            if attempt > 0:  # the first makes the cluster
                self.note("start to answer, existing private cluster, ms", program.seconds_to_answer * 1000)
            program.close()

    def run(self):
        try:
            self.prepare()
            self.start()
            for number in range(self.arguments.rounds):
                self.round(number)
            for program in self.programs.values():
                program.close()
            self.idle_connections()
            self.starts()
        finally:
            for program in self.programs.values():
                program.close()
            if self.cluster is not None:
                self.cluster.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return {name: (max if name.endswith(" errors") else statistics.median)(values)
                for name, values in self.figures.items()}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--rows", type=int, default=100000, help="vacancies (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement (default: %(default)s)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out the Node.js servers")
    parser.add_argument("--markdown", nargs="?", const=ROOT / "docs/performance.md", type=Path, metavar="FILE",
                        help="put the tables into this file between its marks (default: docs/performance.md)")
    arguments = parser.parse_args()
    if arguments.markdown:
        report.check_marks(arguments.markdown)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))  # through `finally`
    signal.signal(signal.SIGINT, signal.default_int_handler)
    circumstances = report.circumstances(arguments)
    started = time.monotonic()
    median = Bench(arguments).run()
    text = report.text(median, circumstances, time.monotonic() - started)
    print(text)
    if arguments.markdown:
        report.replace(arguments.markdown, text)
    return 1 if report.errors(median) else 0


if __name__ == "__main__":
    sys.exit(main())
