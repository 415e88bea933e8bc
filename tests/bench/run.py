"""./dev bench: Segreteria beside pgbench, nginx and two Node.js servers, in interleaved rounds on this machine.

Only ratios within one run mean anything. Everything runs on loopback against one PostgreSQL made for the run. Prints a
table of medians and ratios; --markdown FILE writes it as docs/performance.md has it.
"""
import argparse
import hashlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster
from load import Program, wrk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MASTER_KEY = "00112233445566778899aabbccddeeff" * 2
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CANDIDATES_MAX = 2000  # with a token each, for applications
DENSE = {"segreteria": 18180, "nginx": 18181, "fastify": 18182, "express": 18183}


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
    import zlib
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
        self.cluster.psql(f"insert into api_tokens (id, account_id, name, prefix, token_hash, scopes) values {rows}")
        self.cluster.psql("create table bench_candidates (n serial primary key, candidate_id uuid, account_id uuid); "
                          "insert into bench_candidates (candidate_id, account_id) select id, account_id from candidates "
                          "order by id; create table bench_jobs (n serial primary key, job_id uuid); insert into bench_jobs "
                          "(job_id) select id from jobs where status = 'published' and questions = '[]' and (valid_through "
                          "is null or valid_through >= current_date); vacuum analyze bench_candidates, bench_jobs")
        (self.folder / "tokens").write_text("\n".join(text for text, _ in self.tokens) + "\n", encoding="ascii")

    def start(self):
        self.programs["segreteria"] = self.segreteria(DENSE["segreteria"])
        conf = (HERE / "peers/nginx.conf").read_text(encoding="ascii")
        conf = conf.replace("PORT", str(DENSE["nginx"])).replace("PIDFILE", str(self.folder / "nginx.pid"))
        (self.folder / "nginx.conf").write_text(conf, encoding="ascii")
        self.programs["nginx"] = Program(["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder],
                                         f"http://127.0.0.1:{DENSE['nginx']}/livez")
        if self.arguments.peers:
            self.start_peers()

    def segreteria(self, port, data="data"):
        environment = {"SEGRETERIA_DATABASE_URL": self.cluster.conninfo, "SEGRETERIA_MASTER_KEY": MASTER_KEY}
        return Program([self.arguments.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.folder / data,
                        "--no-access-log", "--workers", "2"], f"http://127.0.0.1:{port}/readyz", environment,
                       self.folder / f"{data}.log")

    def start_peers(self):
        modules = ROOT / "build/bench-peers"
        modules.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "fastify.js", "express.js"):
            if (HERE / "peers" / name).exists():
                shutil.copy(HERE / "peers" / name, modules)
        if not (modules / "node_modules").exists():
            subprocess.run(["npm", "ci" if (modules / "package-lock.json").exists() else "install", "--no-audit",
                            "--no-fund", "--silent"], cwd=modules, check=True)
        listing = statement("jobs/list").replace(":after", "null::text").replace(":limit", "20")
        environment = {"BENCH_HOST": str(self.cluster.folder), "BENCH_PORT": str(self.cluster.port), "NODE_ENV": "production",
                       "BENCH_BY_ID": statement("jobs/get").replace(":job_id", "$1"), "BENCH_LIST": listing}
        for name in ("fastify", "express"):
            self.programs[name] = Program(["node", modules / f"{name}.js"],
                                          f"http://127.0.0.1:{DENSE[name]}/v1/jobs/{self.ids[0]}",
                                          {**environment, "PORT": str(DENSE[name])}, self.folder / f"{name}.log")

    # ---- rounds ----

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)
        say(f"  {name}: {value:,.2f}" if isinstance(value, float) else f"  {name}: {value}")

    def http(self, name, server, path, script=None, arguments=()):
        figures = wrk(f"http://127.0.0.1:{DENSE[server]}{path}", self.arguments.seconds, script=script, arguments=arguments)
        if figures["errors"]:
            say(f"  ! {name}: {figures['errors']} errors")
        self.note(name, figures["rate"])
        self.note(name + " p99 ms", figures["p99_ms"])
        self.figures.setdefault(name + " errors", []).append(figures["errors"])

    def round(self, number):
        say(f"round {number + 1}")
        seconds = self.arguments.seconds
        by_id = [statement("jobs/get").replace(":job_id", f"'{{{i}}}'") + ";\n" for i in self.ids[:100]]
        listing = [statement("jobs/list").replace(":after", "null::text").replace(":limit", "20") + ";\n"]
        for clients in (2, 4):
            self.note(f"by id, pgbench -c{clients}", self.cluster.pgbench(by_id, clients, seconds))
            self.note(f"list, pgbench -c{clients}", self.cluster.pgbench(listing, clients, seconds))
        servers = ["segreteria"] + (["fastify", "express"] if self.arguments.peers else [])
        for server in servers:
            self.http(f"by id, {server}", server, "/", HERE / "random_job.lua", [self.folder / "ids", number])
            self.http(f"list, {server}", server, "/v1/jobs")
        for server in ("segreteria", "nginx"):
            self.http(f"livez, {server}", server, "/livez")
        self.applications(seconds)

    def applications(self, seconds):
        jobs, candidates = (int(self.cluster.psql(f"select count(*) from bench_{name}")[0])
                            for name in ("jobs", "candidates"))
        script = (f"\\set j random(1, {jobs})\n\\set c random({len(self.tokens) + 1}, {candidates})\n"
                  "select status, code, problem, body, etag, location from applications_create("
                  "(select job_id from bench_jobs where n = :j), (select candidate_id from bench_candidates where n = :c), "
                  "(select account_id from bench_candidates where n = :c), uuid_v7(), "
                  "'{\"cover_letter\":\"I have supported two managing directors for six years and would like to hear more.\"}'"
                  "::jsonb, 'en');\n")
        for clients in (16, 32):
            self.note(f"apply, pgbench -c{clients}", self.cluster.pgbench([script], clients, seconds))
        before = int(self.cluster.psql("select count(*) from applications")[0])
        self.http("apply, segreteria", "segreteria", "/", HERE / "apply.lua",
                  [self.folder / "tokens", self.folder / "open", self.applied])
        made = int(self.cluster.psql("select count(*) from applications")[0]) - before
        self.applied += made + 200
        self.note("apply, rows written a second", made / seconds)

    # ---- memory and start ----

    def idle_connections(self, count=5000):
        program = self.segreteria(18190, "idle")
        try:
            self.note("RSS idle MiB", program.resident_mib())
            sockets = []
            for _ in range(count):
                client = socket.create_connection(("127.0.0.1", 18190))
                client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
                sockets.append(client)
            for client in sockets:
                client.recv(4096)
            time.sleep(1)
            self.note(f"RSS with {count} idle connections MiB", program.resident_mib())
            for client in sockets:
                client.close()
        finally:
            program.close()

    def starts(self):
        for _ in range(self.arguments.rounds):
            program = self.segreteria(18190, "idle")
            self.note("start to answer, PostgreSQL running, ms", program.seconds_to_answer * 1000)
            program.close()
        environment = {"SEGRETERIA_DATABASE_URL": ""}
        for attempt in range(self.arguments.rounds + 1):
            program = Program([self.arguments.binary, "serve", "--listen", "127.0.0.1:18190", "--data-dir",
                               self.folder / "own", "--no-access-log"], "http://127.0.0.1:18190/readyz", environment)
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
        return {name: statistics.median(values) for name, values in self.figures.items()}


def report(median):
    """Lines of a Markdown table: what, measured, compared with, ratio, aim."""
    def ratio(name, other, aim):
        if name not in median or other not in median:
            return
        value = median[name] / median[other]
        rows.append((name, f"{median[name]:,.0f}/s", f"{other}: {median[other]:,.0f}/s", f"{value:.2f}", f">= {aim}",
                     value >= aim))

    def limit(name, aim, unit):
        if name in median:
            rows.append((name, f"{median[name]:,.1f} {unit}", "", "", f"< {aim} {unit}", median[name] < aim))

    rows = []
    for what in ("by id", "list"):
        best = max((f"{what}, pgbench -c2", f"{what}, pgbench -c4"), key=lambda name: median.get(name, 0))
        ratio(f"{what}, segreteria", best, 1.0 if what == "by id" else 0.75)
    ratio("by id, segreteria", "by id, fastify", 2)
    ratio("by id, segreteria", "by id, express", 5)
    ratio("livez, segreteria", "livez, nginx", 0.9)
    best = max(("apply, pgbench -c16", "apply, pgbench -c32"), key=lambda name: median.get(name, 0))
    ratio("apply, segreteria", best, 0.6)
    for what in ("by id", "list", "livez"):
        limit(f"{what}, segreteria p99 ms", 10, "ms")
    limit("RSS idle MiB", 40, "MiB")
    limit("RSS with 5000 idle connections MiB", 120, "MiB")
    limit("start to answer, existing private cluster, ms", 1000, "ms")
    limit("start to answer, PostgreSQL running, ms", 100, "ms")
    lines = ["| what | measured | beside | ratio | aim | met |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row[:5]) + f" | {'yes' if row[5] else 'no'} |" for row in rows]
    errors = {name: value for name, value in median.items() if name.endswith(" errors") and value}
    if errors:
        lines.append(f"\nAnswers that were errors: {errors}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--rows", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave out the Node.js servers")
    parser.add_argument("--markdown", help="also write the table to this file")
    arguments = parser.parse_args()
    table = report(Bench(arguments).run())
    print(table)
    if arguments.markdown:
        Path(arguments.markdown).write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
