"""./dev bench search: searches over HTTP, uncached, on generated corpora of several sizes (search_vacancies.py).

Each kind of search is asked by 16 connections for some seconds, with other words each time, of Segreteria, of the plain SQL search
through Fastify and postgres.js (what one gets without an index of one's own), and of SQLite's FTS5 in this very process, without
HTTP (only those kinds that it knows; it neither counts facets nor knows places). Prints medians of the rounds. Only ratios within one run mean
anything. Exit status 1: some answer was an error.
"""
import argparse
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import search_vacancies
from cluster import Cluster
from load import Program, free_port, wrk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CONNECTIONS = 16
VARIANTS = 200  # different questions of a kind
FACETS = ["role", "city", "work_mode", "language", "tool"]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Questions:
    """{kind: [parameters]}; words are taken from the corpus by how many vacancies have them."""

    def __init__(self, connection, seed=7):
        rng = random.Random(seed)
        rows = connection.execute(
            "select w.word, c.ndoc from ts_stat('select words from (select words from job_search order by job_id limit 10000) as s') as c"
            " join search_words w on w.lexeme = c.word and w.dictionary = 1 where length(w.word) between 4 and 14 order by c.ndoc desc"
        ).fetchall()
        common = [word for word, _ in rows[5:60]]
        middle = [word for word, _ in rows[100:600]] or common
        rare = [word for word, _ in rows[len(rows) // 2:]] or middle
        cities = [row[0] for row in connection.execute(
            "select l.label from job_search s join search_labels l on l.kind = 'city' and l.key = s.city group by 1 order by count(*) desc limit 60")]
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


class Bench:
    def __init__(self, arguments):
        self.arguments, self.errors = arguments, 0
        self.folder = Path(tempfile.mkdtemp(prefix="segreteria-search-"))
        os.chmod(self.folder, 0o755)

    def run(self):
        """{size: {(kind, who): (median p50 ms, median p99 ms)}}, {size: figures of the loading}"""
        measured, loading = {}, {}
        try:
            for size in self.arguments.sizes:
                measured[size], loading[size] = self.size(size)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return measured, loading

    def size(self, n):
        say(f"{n} vacancies")
        cluster, programs = Cluster(self.folder / f"cluster{n}"), []
        try:
            subprocess.run([self.arguments.binary, "migrate"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={**os.environ, "SEGRETERIA_DATABASE_URL": cluster.conninfo})
            started = time.monotonic()
            search_vacancies.fill(cluster.conninfo, n)
            cluster.psql("checkpoint")
            say(f"  filled in {time.monotonic() - started:.0f} s")
            with psycopg.connect(cluster.conninfo, autocommit=True) as connection:
                questions = Questions(connection)
                fts = self.sqlite(connection) if self.arguments.peers else None
            server, port = self.server(cluster, n)
            programs.append(server)
            figures = {"start to ready s": server.seconds_to_answer, "RSS MiB": server.resident_mib()}
            peer = None
            if self.arguments.peers:
                peer, peer_port = self.fastify(cluster, n)
                programs.append(peer)
            results = {}
            for number in range(self.arguments.rounds):
                for kind, asked in questions.of.items():
                    self.note(results, kind, "segreteria", self.http(port, [target(one) for one in asked]))
                    if peer is not None:
                        self.note(results, kind, "SQL, Fastify", self.http(peer_port, [
                            "/v1/search?p=" + quote(json.dumps({**one, "limit": 20, "lang": "en"})) for one in asked]))
                    if fts is not None and number == 0 and (found := fts.measure(kind, asked)):
                        self.note(results, kind, "FTS5, no HTTP", found)
                self.note(results, "suggest", "segreteria", self.http(port, ["/v1/jobs/suggest?q=" + quote(q) for q in questions.typed]))
            figures["RSS after, MiB"] = server.resident_mib()
            return {key: tuple(statistics.median(column) for column in zip(*values)) for key, values in results.items()}, figures
        finally:
            for program in programs:
                program.close()
            cluster.close()

    def note(self, results, kind, who, figures):
        results.setdefault((kind, who), []).append(figures)
        say(f"  {kind}, {who}: p50 {figures[0]:.2f} ms, p99 {figures[1]:.2f} ms")

    def server(self, cluster, n):
        port = free_port()
        environment = {"SEGRETERIA_DATABASE_URL": cluster.conninfo, "SEGRETERIA_RATE_LIMIT": "off"}
        program = Program([self.arguments.binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.folder / f"server{n}",
                           "--no-access-log", "--workers", "2"], f"http://127.0.0.1:{port}/readyz", environment, self.folder / f"server{n}.log")
        return program, port

    def fastify(self, cluster, n):
        modules = ROOT / "build/bench-peers"
        modules.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "fastify.js"):
            shutil.copy(HERE / "peers" / name, modules)
        if not (modules / "node_modules/fastify").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
        port = free_port()
        environment = {"BENCH_HOST": str(cluster.folder), "BENCH_PORT": str(cluster.port), "NODE_ENV": "production", "PORT": str(port),
                       "BENCH_BY_ID": "select 1", "BENCH_LIST": "select 1"}
        ready = f"http://127.0.0.1:{port}/v1/search?p=" + quote('{"limit":1,"total":"none"}')
        return Program(["node", modules / "fastify.js"], ready, environment, self.folder / f"fastify{n}.log"), port

    def http(self, port, targets):
        """(p50, p99) in ms; every connection goes through all of them, each from another place."""
        script = self.folder / "targets.lua"
        listed = ",\n".join(json.dumps(one) for one in targets)
        script.write_text(f"local targets = {{\n{listed}\n}}\nlocal at = math.random(#targets)\n"
                          "request = function() at = at % #targets + 1; return wrk.format('GET', targets[at]) end\n", encoding="utf-8")
        figures = wrk(f"http://127.0.0.1:{port}", self.arguments.seconds, connections=CONNECTIONS, script=script)
        if figures["errors"]:
            self.errors += figures["errors"]
            say(f"  ! {figures['errors']} errors")
        return figures["p50_ms"], figures["p99_ms"]

    def sqlite(self, connection):
        if self.arguments.sizes and max(self.arguments.sizes) > 200000 and not self.arguments.all_peers:
            return None
        return Fts5(connection)


class Fts5:
    """The newest 20 that match and how many do, as exact as Segreteria's: one question after the other, no HTTP, one core."""

    def __init__(self, connection):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("create virtual table vacancies using fts5 (title, role, tools, description, tokenize = 'porter unicode61 remove_diacritics 2')")
        self.db.execute("create table facts (rowid integer primary key, city text)")
        rows = connection.execute(
            "select j.title, coalesce(r.it || ' ' || r.en, ''), array_to_string(s.tools, ' '), j.description, s.city from jobs j join job_search s"
            " on s.job_id = j.id left join roles r on r.code = j.role order by s.published_at, s.job_id")
        for number, row in enumerate(rows, start=1):
            self.db.execute("insert into vacancies (rowid, title, role, tools, description) values (?, ?, ?, ?, ?)", (number, *row[:4]))
            self.db.execute("insert into facts values (?, ?)", (number, row[4]))

    def measure(self, kind, asked):
        if kind not in ("common word", "two words", "rare word", "phrase"):
            return None
        times = []
        for one in asked:
            words = one["q"] if one["q"].startswith('"') else " ".join(f'"{word}"' for word in one["q"].split())
            started = time.perf_counter()
            self.db.execute("select rowid from vacancies where vacancies match ? order by rowid desc limit 20", (words,)).fetchall()
            self.db.execute("select count(*) from vacancies where vacancies match ?", (words,)).fetchone()
            times.append((time.perf_counter() - started) * 1000)
        times.sort()
        return times[len(times) // 2], times[int(len(times) * 0.99)]


def table(measured, loading):
    sizes = list(measured)
    out = []
    for who in dict.fromkeys(who for results in measured.values() for _, who in results):
        kinds = list(dict.fromkeys(kind for results in measured.values() for kind, one in results if one == who))
        out += [f"\n**{who}**, p50 / p99 in ms\n", "| search | " + " | ".join(f"{n:,}" for n in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
        for kind in kinds:
            cells = [f"{measured[n][kind, who][0]:.2f} / {measured[n][kind, who][1]:.2f}" if (kind, who) in measured[n] else "" for n in sizes]
            out.append(f"| {kind} | " + " | ".join(cells) + " |")
    out.append("")
    for n, figures in loading.items():
        out.append(f"{n:,} vacancies: " + ", ".join(f"{name} {value:,.1f}" for name, value in figures.items()) + ".  ")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench search", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "build/release/segreteria"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10000, 100000, 1000000], help="vacancies (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default: %(default)s)")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="Segreteria alone")
    parser.add_argument("--all-peers", action="store_true", help="SQLite above 200,000 vacancies, too: it takes minutes to fill")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    print(table(*bench.run()))
    return 1 if bench.errors else 0


if __name__ == "__main__":
    sys.exit(main())
