"""./dev bench search: searches over HTTP, uncached, on generated corpora of several sizes (search_vacancies.py).

Each kind of search is asked by 16 connections for some seconds, of 200 different questions, each time with an Accept field of its
own, so that no rendered answer is found. Then the same of the plain SQL search through Fastify and postgres.js, and of SQLite's FTS5 in
this very process, without HTTP (only those kinds that it knows; it neither counts facets nor knows places): these two are asked
one question at a time. At last an answer that is kept beside nginx, and changes that come while searches are answered. Only ratios
within one run mean anything. Exit status 1: some answer was an error.

Filling takes far longer than measuring: with --keep DIR the corpora stay there, and the next run finds them. --fill makes them and
does no more.
"""
import argparse
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import search_report
import search_vacancies
from cluster import Cluster
from load import Program, free_port, wrk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONNECTIONS = 16
VARIANTS = 200  # different questions of a kind
FACETS = ["role", "city", "work_mode", "language", "tool"]
PEER_SECONDS, PEER_QUESTIONS = 6, 40  # of a kind, at most
CHANGES_AT_ONCE, CHANGES_A_SECOND = 20, 2500
MARK = 987654321  # a pay that nobody gets


def say(text):
    print(text, file=sys.stderr, flush=True)


class Questions:
    """{kind: [parameters]}; words are taken from the corpus by how many vacancies have them."""

    def __init__(self, connection, seed=7):
        rng = random.Random(seed)
        rows = connection.execute(
            "select w.word, c.ndoc from ts_stat('select words from (select words from job_search order by job_id limit 10000) as s') as c"
            " join search_words w on w.lexeme = c.word and w.dictionary = 1 where length(w.word) between 4 and 14 order by c.ndoc desc, w.word"
        ).fetchall()
        common = [word for word, _ in rows[5:60]]
        middle = [word for word, _ in rows[100:600]] or common
        rare = [word for word, _ in rows[len(rows) // 2:]] or middle
        cities = [row[0] for row in connection.execute(
            "select l.label from job_search s join search_labels l on l.kind = 'city' and l.key = s.city group by 1 order by count(*) desc, 1 limit 60")]
        towns = [city for city in cities if connection.execute("select search_near(%s, null) ? 'place'", (city,)).fetchone()[0]]
        titles = [row[0] for row in connection.execute("select title from (select distinct title from job_search limit 400) as t order by md5(title)")]
        pick = rng.choice
        kinds = {
            "newest 20": lambda: {},
            "common word": lambda: {"q": pick(common)},
            "two words": lambda: {"q": f"{pick(common)} {pick(middle)}"},
            "word, city, language": lambda: {"q": pick(common), "city": [pick(cities)], "language": [pick(["en:B2", "en:C1", "fr:B1"])]},
            "rare word": lambda: {"q": pick(rare)},
            "phrase": lambda: {"q": '"' + " ".join(pick(titles).split()[:2]) + '"'},
            "radius 30 km": lambda: {"near": pick(towns)},
            "misspelt word": lambda: {"q": misspelt(pick(middle), rng)},
            "five facets": lambda: {"q": pick(common), "facets": FACETS},
        }
        self.of = {name: [make() for _ in range(VARIANTS)] for name, make in kinds.items()}
        self.typed = [pick(common)[:3 + i % 3] for i in range(VARIANTS)]


def misspelt(word, rng):
    at = rng.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2:]


def target(asked):
    return "/v1/jobs?" + urlencode({name: ",".join(value) if isinstance(value, list) else value for name, value in asked.items()})


def heard(log, event):
    """The fields of the event, once the log has it."""
    started = time.monotonic()
    while time.monotonic() - started < 300:
        found = re.search(rf"event={event} .*", log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return dict(re.findall(r"(\w+)=(\d+)", found[0]))
        time.sleep(0.05)
    raise SystemExit(f"bench: no {event} after five minutes:\n" + log.read_text(encoding="utf-8", errors="replace"))


def medians(rounds):
    rounds = list(rounds)
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def percentiles(times_ms):
    times_ms.sort()
    return times_ms[len(times_ms) // 2], times_ms[int(len(times_ms) * 0.99)]


class Corpus:
    """A data base of so many vacancies, and the same in SQLite; made, or found where an earlier run left it."""

    def __init__(self, arguments, folder, n):
        self.arguments, self.n, self.kept = arguments, n, arguments.keep is not None
        self.folder = Path(arguments.keep or folder)
        self.cluster = Cluster(self.folder / f"c{n}", self.kept)
        try:
            self.make()
        except BaseException:
            self.cluster.close()
            raise

    def make(self):
        started = time.monotonic()
        new = not self.cluster.psql("select 1 from pg_tables where tablename = 'job_search'")
        subprocess.run([self.arguments.binary, "migrate"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, "SEGRETERIA_DATABASE_URL": self.cluster.conninfo})
        if new:
            search_vacancies.fill(self.cluster.conninfo, self.n)
            self.cluster.psql("checkpoint")
            self.cluster.made()
        self.fts = None
        if self.arguments.peers:
            with psycopg.connect(self.cluster.conninfo, autocommit=True) as connection:
                self.fts = Fts5(connection, self.folder / f"fts{self.n}.db", self.kept)
        say(f"  {'filled' if new else 'there'} after {time.monotonic() - started:.0f} s")

    def close(self):
        if self.fts is not None:
            self.fts.close()
        self.cluster.close()


class Bench:
    def __init__(self, arguments):
        self.arguments, self.errors = arguments, 0
        self.folder = Path(tempfile.mkdtemp(prefix="segreteria-search-"))
        os.chmod(self.folder, 0o755)

    def run(self):
        """{size: {(kind, who): (median p50 ms, median p99 ms)}}, {size: {what: figure}}"""
        measured, figures = {}, {}
        try:
            for size in self.arguments.sizes:
                say(f"{size} vacancies")
                corpus = Corpus(self.arguments, self.folder, size)
                try:
                    if not self.arguments.fill:
                        measured[size], figures[size] = self.size(corpus)
                finally:
                    corpus.close()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return measured, figures

    def size(self, corpus):
        programs, results = [], {}
        try:
            with psycopg.connect(corpus.cluster.conninfo, autocommit=True) as connection:
                connection.execute("update job_search set salary_high = salary_low where salary_high = %s", (MARK,))
                questions = Questions(connection)
            workers, *others = self.arguments.workers
            server, port, path = self.server(corpus, workers)
            programs.append(server)
            figures = self.loaded(server, path)
            figures["processor"] = self.segreteria(results, questions, port, lambda: (server.cpu_us(), corpus.cluster.cpu_us()))
            figures["RSS, MiB"] = server.resident_mib()
            if corpus.n == max(self.arguments.sizes):
                figures |= self.kept(port, questions, programs)
                figures |= medians(self.changes(corpus, port, questions) for _ in range(self.arguments.rounds))
                server.close()
                figures["workers"] = {n: self.with_workers(corpus, questions, n) for n in others}
            if self.arguments.peers:
                self.peers(results, questions, corpus, programs)
            return {key: tuple(statistics.median(column) for column in zip(*values)) for key, values in results.items()}, figures
        finally:
            for program in programs:
                program.close()

    def note(self, results, kind, who, figures):
        results.setdefault((kind, who), []).append(figures)
        say(f"  {kind}, {who}: p50 {figures[0]:.2f} ms, p99 {figures[1]:.2f} ms")

    # ---- Segreteria ----

    def with_workers(self, corpus, questions, workers):
        """{kind: (median p50 ms, median p99 ms)}"""
        results = {}
        server, port, path = self.server(corpus, workers)
        try:
            self.loaded(server, path)
            self.segreteria(results, questions, port, lambda: (0, 0))
        finally:
            server.close()
        return {kind: tuple(statistics.median(column) for column in zip(*values)) for (kind, _), values in results.items()}

    def server(self, corpus, workers):
        port, folder = free_port(), self.folder / f"server{corpus.n}-{workers}"
        environment = {"SEGRETERIA_DATABASE_URL": corpus.cluster.conninfo, "SEGRETERIA_RATE_LIMIT": "off"}
        log = folder.with_suffix(".log")
        program = Program([self.arguments.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", folder, "--no-access-log", "--workers", str(workers)],
                          f"http://127.0.0.1:{port}/readyz", environment, log)
        return program, port, log

    def loaded(self, server, log):
        """Waits for the index and what spelling and suggestions need; figures as the log tells them."""
        said = heard(log, "search_ready")
        figures = {"index loaded after, s": int(said["ms"]) / 1000, "index, MiB": int(said["mib"]), "RSS when loaded, MiB": server.resident_mib()}
        heard(log, "search_lexicon_ready")
        return figures

    def segreteria(self, results, questions, port, processor):
        """{kind: (us of the server, of PostgreSQL) for one request}"""
        costs = {}
        asked = {kind: [target(one) for one in of] for kind, of in questions.of.items() if self.wanted(kind)}
        if self.wanted("suggest"):
            asked["suggest"] = ["/v1/jobs/suggest?q=" + quote(q) for q in questions.typed]
        for targets in asked.values():  # warm
            self.http(port, targets, seconds=1)
        for number in range(self.arguments.rounds):
            for kind, targets in asked.items():
                before = processor()
                figures = self.http(port, targets)
                costs[kind] = tuple((b - a) / figures["requests"] for a, b in zip(before, processor()))
                self.note(results, kind, "segreteria", (figures["p50_ms"], figures["p99_ms"]))
                say(f"    {figures['rate']:,.0f}/s; server {costs[kind][0]:.0f} us, PostgreSQL {costs[kind][1]:.0f} us a request")
        return costs

    def wanted(self, kind):
        return self.arguments.only is None or re.search(self.arguments.only, kind)

    def http(self, port, targets, seconds=None, uncached=True, url="http://127.0.0.1:{port}"):
        """wrk's figures; every connection goes through all of them, each from another place."""
        script = self.folder / f"targets{threading.get_ident()}.lua"
        accept = "\r\nAccept: application/json, x/" if uncached else ""
        heads = [f"GET {one} HTTP/1.1\r\nHost: 127.0.0.1:{port}{accept}" for one in targets]
        listed = ",\n".join(json.dumps(one) for one in heads)
        own = "start .. n .." if uncached else ""  # put together by hand: wrk.format() costs as much as a short answer
        script.write_text(f"math.randomseed({time.time_ns() % 2**31})\nlocal heads = {{\n{listed}\n}}\nlocal at, n = math.random(#heads), 0\n"
                          "local start = math.random(1000000000) .. '-'\n"
                          f"request = function() at, n = at % #heads + 1, n + 1; return heads[at] .. {own} '\\r\\n\\r\\n' end\n", encoding="utf-8")
        figures = wrk(url.format(port=port), seconds or self.arguments.seconds, connections=CONNECTIONS, script=script)
        if figures["errors"]:
            self.errors += figures["errors"]
            say(f"  ! {figures['errors']} errors")
        return figures

    # ---- beside others ----

    def peers(self, results, questions, corpus, programs):
        program, port = self.fastify(corpus)
        programs.append(program)
        for kind, asked in questions.of.items():
            if not self.wanted(kind):
                continue
            self.note(results, kind, "SQL, Fastify", one_by_one(asked, lambda one: get(
                f"http://127.0.0.1:{port}/v1/search?p=" + quote(json.dumps({**one, "limit": 20, "lang": "en"})))))
            if kind in Fts5.KINDS:
                self.note(results, kind, "FTS5, no HTTP", one_by_one(asked, corpus.fts.ask))

    def fastify(self, corpus):
        modules = ROOT / "build/bench-peers"
        modules.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "fastify.js"):
            shutil.copy(HERE / "peers" / name, modules)
        if not (modules / "node_modules/fastify").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
        port = free_port()
        environment = {"BENCH_HOST": str(corpus.cluster.folder), "BENCH_PORT": str(corpus.cluster.port), "NODE_ENV": "production", "PORT": str(port),
                       "BENCH_BY_ID": "select 1", "BENCH_LIST": "select 1"}
        ready = f"http://127.0.0.1:{port}/v1/search?p=" + quote('{"limit":1,"total":"none"}')
        return Program(["node", modules / "fastify.js"], ready, environment, self.folder / f"fastify{corpus.n}.log"), port

    def kept(self, port, questions, programs):
        """The rate of one answer, rendered before, beside nginx sending the same bytes with the same fields."""
        asked = target(questions.of["common word"][0])
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{asked}", timeout=10) as answer:
            body, fields = answer.read(), answer.headers.items()
        nginx, nginx_port = self.nginx(body, fields)
        programs.append(nginx)
        rates = {"kept answer, segreteria": [], "kept answer, nginx": []}
        for _ in range(3):
            for who, where in zip(rates, (port, nginx_port)):
                rates[who].append(self.http(where, [asked], seconds=2, uncached=False)["rate"])
        figures = {name + ", /s": statistics.median(values) for name, values in rates.items()}
        say(f"  {figures}")
        return {"kept answer, bytes": len(body), **figures}

    def nginx(self, body, fields):
        port, folder = free_port(), self.folder / "nginx"
        folder.mkdir()
        (folder / "answer").write_bytes(body)
        own = {"date", "connection", "content-length", "content-type", "transfer-encoding"}
        added = "\n".join(f"add_header {name} {json.dumps('$request_id' if name == 'X-Request-Id' else value)};" for name, value in fields
                          if name.lower() not in own)
        config = (HERE / "peers/nginx_kept.conf").read_text(encoding="utf-8")
        for mark, value in {"WORKERS": str(self.arguments.workers[0]), "PORT": str(port), "PIDFILE": str(folder / "pid"), "FOLDER": str(folder), "FIELDS": added}.items():
            config = config.replace(mark, value)
        (folder / "nginx.conf").write_text(config, encoding="utf-8")
        return Program(["nginx", "-c", folder / "nginx.conf", "-p", folder], f"http://127.0.0.1:{port}/v1/jobs", log=self.folder / "nginx.log"), port

    # ---- changes meanwhile ----

    def changes(self, corpus, port, questions):
        """Common words are searched while the log says of CHANGES_A_SECOND vacancies that they have changed: each is read and
        put into the index anew. The last one's pay really has, and is looked for until it is found."""
        with psycopg.connect(corpus.cluster.conninfo, autocommit=True) as connection:
            ids = [row[0] for row in connection.execute("select job_id from job_search tablesample bernoulli (%s) limit 40000",
                                                        (min(100, 4000000 / corpus.n),))]
        seconds, done = self.arguments.seconds + 3, []
        writer = threading.Thread(target=lambda: done.append(write_changes(corpus.cluster.conninfo, ids, seconds)))
        writer.start()
        time.sleep(0.5)
        figures = self.http(port, [target(one) for one in questions.of["common word"]])
        writer.join()
        if not done:
            raise SystemExit("bench: the changes could not be written")
        written, took, committed = done[0]
        while get_json(f"http://127.0.0.1:{port}/v1/jobs?limit=1&salary_min={MARK - 1}&published_since=2000-01-01T00:00:0{time.time() % 10:.6f}Z"
                       )["total"]["value"] == 0:
            if time.monotonic() - committed > 30:
                raise SystemExit("bench: a change is not found after 30 s")
        lag = time.monotonic() - committed
        say(f"  changes: {written / took:.0f}/s, the last found after {lag * 1000:.0f} ms; meanwhile p50 {figures['p50_ms']:.2f} ms, p99 {figures['p99_ms']:.2f} ms")
        return {"changes, /s": written / took, "the last found after, ms": lag * 1000, "meanwhile common word p50, ms": figures["p50_ms"],
                "meanwhile common word p99, ms": figures["p99_ms"]}


def write_changes(conninfo, ids, seconds):
    """(how many, in how many seconds, when the last was committed)"""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        started, written = time.monotonic(), 0
        while time.monotonic() - started < seconds:
            batch = [ids[(written + i) % len(ids)] for i in range(CHANGES_AT_ONCE)]
            with connection.transaction():
                connection.execute("insert into job_changes (job_id) select unnest(%s::uuid[])", (batch,))
                connection.execute("select pg_notify('segreteria_jobs', '')")
            written += CHANGES_AT_ONCE
            time.sleep(max(0, started + written / CHANGES_A_SECOND - time.monotonic()))
        took = time.monotonic() - started
        with connection.transaction():
            connection.execute("update job_search set salary_currency = 'EUR', salary_low = coalesce(salary_low, 1), salary_high = %s where job_id = %s",
                               (MARK, ids[0]))
            connection.execute("insert into job_changes (job_id) values (%s)", (ids[0],))
            connection.execute("select pg_notify('segreteria_jobs', '')")
        return written, took, time.monotonic()


def get(url):
    with urllib.request.urlopen(url, timeout=120) as answer:
        return answer.read()


def get_json(url):
    return json.loads(get(url))


def one_by_one(asked, ask):
    """(p50, p99) in ms of one question after the other, for some seconds."""
    times, started = [], time.monotonic()
    for one in asked[:PEER_QUESTIONS]:
        begun = time.perf_counter()
        ask(one)
        times.append((time.perf_counter() - begun) * 1000)
        if time.monotonic() - started > PEER_SECONDS:
            break
    return percentiles(times)


class Fts5:
    """The newest 20 that match and how many do, as exact as Segreteria's: one question after the other, no HTTP, one core."""

    KINDS = ("common word", "two words", "rare word", "phrase")

    def __init__(self, connection, path, kept):
        self.path, self.kept = path, kept
        if not path.exists():
            made = path.with_suffix(".new")
            made.unlink(missing_ok=True)
            with sqlite3.connect(made) as db:
                self.fill(db, connection)
            db.close()
            made.rename(path)
        self.db = sqlite3.connect(path)
        self.db.execute("pragma mmap_size = 17179869184")

    def fill(self, db, connection):
        db.execute("pragma synchronous = off")
        db.execute("create virtual table vacancies using fts5 (title, role, tools, description, tokenize = 'porter unicode61 remove_diacritics 2')")
        with connection.transaction(), connection.cursor(name="vacancies") as cursor:
            cursor.itersize = 5000
            cursor.execute(
                "select j.title, coalesce(r.it || ' ' || r.en, ''), array_to_string(s.tools, ' '), j.description from jobs j join job_search s"
                " on s.job_id = j.id left join roles r on r.code = j.role order by s.published_at, s.job_id")
            db.executemany("insert into vacancies (rowid, title, role, tools, description) values (?, ?, ?, ?, ?)",
                           ((number, *row) for number, row in enumerate(cursor, start=1)))

    def ask(self, one):
        words = one["q"] if one["q"].startswith('"') else " ".join(f'"{word}"' for word in one["q"].split())
        self.db.execute("select rowid from vacancies where vacancies match ? order by rowid desc limit 20", (words,)).fetchall()
        self.db.execute("select count(*) from vacancies where vacancies match ?", (words,)).fetchone()

    def close(self):
        self.db.close()
        if not self.kept:
            self.path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench search", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10000, 100000, 1000000], help="vacancies (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2],
                        help="of the server: for everything, then for the searches of the largest corpus once more (default: %(default)s)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="Segreteria (and nginx) alone")
    parser.add_argument("--only", metavar="REGEXP", help="these kinds of search")
    parser.add_argument("--keep", metavar="DIR", help="where corpora are left, and found again")
    parser.add_argument("--fill", action="store_true", help="make the corpora, with --keep, and end")
    parser.add_argument("--markdown", nargs="?", const=ROOT / "docs/performance.md", type=Path, metavar="FILE", help="also into FILE (docs/performance.md)")
    arguments = parser.parse_args()
    if arguments.fill and not arguments.keep:
        parser.error("--fill without --keep would be for nothing")
    if arguments.markdown:
        search_report.check_marks(arguments.markdown)
    circumstances, started = search_report.circumstances(arguments), time.monotonic()
    bench = Bench(arguments)
    measured, figures = bench.run()
    if arguments.fill:
        return 0
    text = search_report.text(measured, figures, circumstances, time.monotonic() - started)
    print(text)
    if arguments.markdown:
        search_report.replace(arguments.markdown, text)
    return 1 if bench.errors else 0


if __name__ == "__main__":
    sys.exit(main())
