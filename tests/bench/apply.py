"""./dev bench apply: applying with a CV, beside pgbench; memory of uploads; pages and exports of 100,000 applications.

Sixteen clients apply, each time with a PDF of 200 KiB in the same call, against a durable PostgreSQL; in turns with them a
pgbench script writes the same rows and bytes in one transaction. Prints medians; --markdown puts them into
docs/performance.md, between its marks, each part by itself (--part). Exit status 1: an aim was missed.
"""
import argparse
import base64
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import apply_lists
from cluster import Cluster
from load import Program, cpu_us_of_tools, free_port, wrk
from run import MASTER_KEY, make_tokens

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PDF_BYTES = 200 * 1024
CLIENTS = 16
DOCUMENTS = 20  # a candidate's places
UPLOADS, UPLOAD_BYTES = 32, 10 * 1024 * 1024
MARKS = ("<!-- bench apply: begin -->", "<!-- bench apply: end -->")
SCRIPT = """\
\\set n :n + 1
\\set c 1 + :client_id + 16 * (:n / 20)
\\set s 1 + :n % 20
\\set j 1 + (:n * 7 + :client_id) % :jobs
begin;
select uuid_v7() as d, uuid_v7() as a \\gset
insert into documents (id, candidate_id, slot, name, sealed_key, media_type, size, sha256, completed_at) select :d::uuid, \
candidate_id, :s::integer, 'cv.pdf', decode(repeat('5a', 104), 'hex'), 'application/pdf', 204800, sha256(:d::text::bytea), now() \
from bench_candidates where n = :c::integer;
insert into document_chunks values (:d::uuid, 0, decode(:chunk, 'base64'));
insert into document_chunks values (:d::uuid, 1, decode(:chunk, 'base64'));
insert into document_chunks values (:d::uuid, 2, decode(:chunk, 'base64'));
insert into document_chunks values (:d::uuid, 3, decode(:last, 'base64'));
insert into applications (id, job_id, company_id, candidate_id, cover_letter, processing_notice, attempt) select :a::uuid, \
j.id, j.company_id, c.candidate_id, 'I have supported two managing directors for six years and would like to hear more.', \
'2026-11', 1 from bench_candidates c, bench_jobs b join jobs j on j.id = b.job_id where c.n = :c::integer and b.n = :j::integer;
insert into application_documents values (:a::uuid, :d::uuid, 1);
insert into application_events (application_id, actor_kind, account_id, type, to_status) select :a::uuid, 'candidate', account_id, \
'submitted', 'submitted' from bench_candidates where n = :c::integer;
select audit_record('document.uploaded', 'document', :d::uuid, null, candidate_id) from bench_candidates where n = :c::integer;
insert into outbox (template, account_id, to_address, lang, params, message_key) select 'application_received', account_id, \
'candidate@posta.example', 'en', jsonb_build_object('title', 'Executive Assistant to the Managing Director', 'company', \
'Lario', 'application', :a::text, 'at', now()), 'application_received:' || :a::text from bench_candidates where n = :c::integer;
commit;
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    def __init__(self, arguments):
        self.arguments, self.figures = arguments, {}
        self.folder = Path(tempfile.mkdtemp(prefix="segreteria-bench-"))
        os.chmod(self.folder, 0o755)
        self.cluster = self.program = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.applied = self.scripted = 0

    say = staticmethod(say)

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)
        say(f"  {name}: {value:,.2f}")

    # ---- set-up ----

    def prepare(self):
        self.cluster = Cluster(self.folder / "cluster")
        self.environment = {"SEGRETERIA_DATABASE_URL": self.cluster.conninfo, "SEGRETERIA_RATE_LIMIT": "off",
                            "SEGRETERIA_MASTER_KEY": MASTER_KEY}
        subprocess.run([self.arguments.binary, "migrate"], check=True, env={**os.environ, **self.environment},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        say(f"filling {self.arguments.rows} vacancies ...")
        self.cluster.fill(self.arguments.rows)
        (self.folder / "cv.pdf").write_bytes(b"%PDF-1.7\n" + os.urandom(PDF_BYTES - 9))
        self.cluster.psql("delete from application_events; delete from applications; "
                          "create table bench_candidates (n serial primary key, candidate_id uuid, account_id uuid); "
                          "insert into bench_candidates (candidate_id, account_id) select id, account_id from candidates "
                          "order by id; create table bench_jobs (n serial primary key, job_id uuid); insert into bench_jobs "
                          "(job_id) select id from jobs where status = 'published' and questions = '[]' order by id; "
                          "vacuum analyze")
        (self.folder / "open").write_text("\n".join(self.cluster.psql("select job_id from bench_jobs order by n")) + "\n",
                                          encoding="ascii")
        half = self.arguments.rows // 20  # the first half of the candidates is pgbench's
        accounts = self.cluster.psql(f"select account_id from bench_candidates where n > {half} order by n")
        self.tokens = self.make_tokens(accounts, "applications:write")
        (self.folder / "tokens").write_text("\n".join(self.tokens) + "\n", encoding="ascii")

    def make_tokens(self, accounts, *scopes, company=None, skip=0):
        made = list(make_tokens(skip + len(accounts)))[skip:]
        listed = "','".join(scopes)
        rows = ",".join(f"(uuid_v7(), '{account}', 'bench', 'sgr_none', '\\x{stored}', array['{listed}'], {company or 'null'})"
                        for account, (_, stored) in zip(accounts, made))
        self.cluster.psql(f"insert into api_tokens (id, account_id, name, prefix, token_hash, scopes, company_id) values {rows}")
        return [text for text, _ in made]

    def serve(self):
        return Program([self.arguments.binary, "serve", "--listen", self.url[7:], "--data-dir", self.folder / "data",
                        "--no-access-log", "--workers", "2"], self.url + "/readyz", self.environment, self.folder / "log")

    # ---- applying ----

    def counts(self):
        return [int(n) for n in self.cluster.psql("select count(*) from applications union all select count(*) from documents "
                                                  "where completed_at is not null")]

    def by_server(self):
        before, since = self.counts(), (self.program.cpu_us(), self.cluster.cpu_us(), cpu_us_of_tools())
        figures = wrk(self.url, self.arguments.seconds, CLIENTS, HERE / "apply_form.lua",
                      [self.folder / "tokens", self.folder / "open", self.applied, self.folder / "cv.pdf"])
        used = (self.program.cpu_us() - since[0], self.cluster.cpu_us() - since[1], cpu_us_of_tools() - since[2])
        time.sleep(1)
        made = [now - then for now, then in zip(self.counts(), before)]
        if figures["errors"] or made[0] < figures["requests"] or made[1] != made[0]:
            raise SystemExit(f"bench: {figures} but {made} applications and documents are there")
        self.applied += made[0] + 100
        if self.applied > DOCUMENTS * len(self.tokens):
            raise SystemExit("bench: the candidates have no place for more documents; take more --rows")
        self.note("server", figures["rate"])
        self.note("server p50", figures["p50_ms"])
        self.note("server p99", figures["p99_ms"])
        for name, value in zip(("server", "PostgreSQL", "load"), used):
            self.note(f"server cpu {name}", value / figures["requests"])

    def by_pgbench(self):
        secret = base64.b64encode(os.urandom(65536 + 17)).decode()
        last = base64.b64encode(os.urandom(PDF_BYTES - 3 * 65536 + 17)).decode()
        path = self.folder / "apply.sql"
        path.write_text(SCRIPT, encoding="ascii")
        before, since = self.counts(), self.cluster.cpu_us()
        done = subprocess.run(
            [self.cluster.bin / "pgbench", "-n", "-M", "prepared", "-h", self.cluster.folder, "-p", str(self.cluster.port), "-U",
             "bench", "-c", str(CLIENTS), "-j", "2", "-T", str(self.arguments.seconds), "-D", f"chunk={secret}", "-D",
             f"last={last}", "-D", f"n={self.scripted}", "-D", f"jobs={len(self.open_jobs())}", "-f", path, "bench"],
            check=False, capture_output=True, text=True)  # its arguments are long: an error is told without them
        if done.returncode != 0:
            raise SystemExit(f"bench: pgbench failed: {done.stderr[-1000:]}")
        made = [now - then for now, then in zip(self.counts(), before)]
        if made[0] == 0 or made[0] != made[1]:
            raise SystemExit(f"bench: pgbench wrote {made} applications and documents\n{done.stdout}{done.stderr}")
        rate = float(next(line.split()[2] for line in done.stdout.splitlines() if line.startswith("tps = ")))
        self.note("pgbench", rate)
        self.note("pgbench cpu PostgreSQL", (self.cluster.cpu_us() - since) / made[0])
        # Clients differ: from the highest on, so that no place is taken twice.
        self.scripted += 20 * (made[0] // (20 * CLIENTS) * 2 + 2)
        if self.scripted / 20 * CLIENTS > self.arguments.rows // 20:
            raise SystemExit("bench: pgbench has no more candidates; take more --rows")

    def open_jobs(self):
        return (self.folder / "open").read_text(encoding="ascii").split()

    # ---- memory of uploads ----

    def uploads(self):
        """Half of each file is sent; then all of them are under way at once."""
        token = self.make_tokens([self.cluster.psql("select account_id from bench_candidates order by n desc limit 1")[0]],
                                 "profile:write", skip=len(self.tokens))[0]
        tokens = [token] * 16 + self.make_tokens([self.cluster.psql(
            "select account_id from bench_candidates order by n desc limit 1 offset 1")[0]], "profile:write",
            skip=len(self.tokens) + 1) * 16
        self.cluster.psql("delete from documents where candidate_id in (select candidate_id from bench_candidates "
                          "order by n desc limit 2)")
        self.program.close()
        self.program = self.serve()
        data = b"%PDF-1.7\n" + os.urandom(UPLOAD_BYTES - 9)
        self.upload(tokens[:1], data, data[UPLOAD_BYTES // 2:])  # what the first one makes ready stays
        time.sleep(1)
        before = self.program.resident_mib()
        most = self.upload(tokens, data[:UPLOAD_BYTES // 2], data[UPLOAD_BYTES // 2:])
        self.note("upload MiB", (most - before) / UPLOADS)

    def upload(self, tokens, first, rest):
        clients = []
        for token in tokens:
            client = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            client.sendall((f"POST /v1/documents?name=cv.pdf HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
                            f"Content-Type: application/pdf\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n").encode())
            clients.append(client)
        most = 0.0
        pieces = 64
        for i in range(pieces if len(first) < UPLOAD_BYTES else 0):
            for client in clients:
                client.sendall(first[len(first) * i // pieces:len(first) * (i + 1) // pieces])
            most = max(most, self.program.resident_mib())
        for client in clients:
            client.sendall(rest if len(first) < UPLOAD_BYTES else first)
            most = max(most, self.program.resident_mib())
        for client in clients:
            if not client.recv(64).startswith(b"HTTP/1.1 201"):
                raise SystemExit("bench: an upload was not answered 201")
            client.close()
        return max(most, self.program.resident_mib())

    def applying(self):
        for number in range(self.arguments.rounds):
            say(f"round {number + 1}")
            for step in ((self.by_server, self.by_pgbench), (self.by_pgbench, self.by_server))[number % 2]:
                step()
        self.uploads()

    def run(self):
        try:
            self.prepare()
            self.program = self.serve()
            if self.arguments.part != "lists":
                self.applying()
            if self.arguments.part != "applying":
                apply_lists.Lists(self).run()
        finally:
            if self.program is not None:
                self.program.close()
            if self.cluster is not None:
                self.cluster.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return {name: statistics.median(values) for name, values in self.figures.items()}


def aims(median):
    """(what, measured, beside, ratio or figure, aim, met)."""
    ratio = median["server"] / median["pgbench"]
    return [
        ("application with a PDF of 200 KiB, 16 clients, durable", f"{median['server']:,.0f}/s",
         f"pgbench -c16: {median['pgbench']:,.0f}/s", f"**{ratio:.2f}**", "≥ 0.5", "yes" if ratio >= 0.5 else "no"),
        ("memory of an upload of 10 MiB under way", f"{median['upload MiB']:.2f} MiB", "", "", "< 1 MiB",
         "yes" if median["upload MiB"] < 1 else "no")]


def circumstances(rounds, seconds, load_before):
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
                if line.startswith("model name")), "?")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True,
                            check=False).stdout.strip()
    return (f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit}. {os.cpu_count()} cores ({cpu}), load average "
            f"before the run {load_before:.1f}; medians of {rounds} rounds of {seconds} s each.")


def text_of(median, paragraph):
    lines = [paragraph, "", "| what | measured | beside | ratio | aim | met |", "|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in aims(median)]
    lines += ["", f"An application takes {median['server p50']:.0f} ms (median), {median['server p99']:.0f} ms (99th percentile). "
              f"Processor time of one: the server {median['server cpu server'] / 1000:.2f} ms, its PostgreSQL "
              f"{median['server cpu PostgreSQL'] / 1000:.2f} ms, wrk {median['server cpu load'] / 1000:.2f} ms; pgbench's PostgreSQL "
              f"{median['pgbench cpu PostgreSQL'] / 1000:.2f} ms."]
    return "\n".join(lines)


def put(path, marks, text):
    document = path.read_text(encoding="utf-8")
    begin, end = (document.index(mark) for mark in marks)
    path.write_text(document[:begin + len(marks[0])] + "\n" + text + "\n" + document[end:], encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench apply", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--part", choices=("all", "applying", "lists"), default="all")
    parser.add_argument("--rows", type=int, default=20000, help="vacancies, ten times the candidates (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement of applying (default: %(default)s)")
    parser.add_argument("--list-seconds", type=int, default=3, help="of each measurement of lists (default: %(default)s)")
    parser.add_argument("--markdown", nargs="?", const=ROOT / "docs/performance.md", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    load_before = os.getloadavg()[0]
    median = Bench(arguments).run()
    parts = []
    if arguments.part != "lists":
        parts.append((MARKS, text_of(median, circumstances(arguments.rounds, arguments.seconds, load_before)), aims(median)))
    if arguments.part != "applying":
        paragraph = circumstances(arguments.rounds, arguments.list_seconds, load_before)
        parts.append((apply_lists.MARKS, apply_lists.text_of(median, paragraph), apply_lists.aims(median)))
    for marks, text, _ in parts:
        print(text)
        if arguments.markdown:
            put(arguments.markdown, marks, text)
    print(json.dumps(median), file=sys.stderr)
    return 1 if any(row[-1] == "no" for *_, rows in parts for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
