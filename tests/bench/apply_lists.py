"""Of ./dev bench apply: what a company reads of 100,000 applications, 10,000 to each of ten vacancies: pages and exports."""
import hashlib
import http.client
import threading
import time
from pathlib import Path

from load import wrk

HERE = Path(__file__).resolve().parent
VACANCIES, PEOPLE = 10, 10_000
APPLICATIONS = VACANCIES * PEOPLE
SLOW_READERS, SLOW_BYTES, SLOW_SECONDS = 16, 64 * 1024, 10
FORMS = {"CSV": "text/csv", "NDJSON": "application/x-ndjson"}
MARKS = ("<!-- bench apply lists: begin -->", "<!-- bench apply lists: end -->")


class Lists:
    """bench: the cluster, tokens, folder and figures (apply.py)."""

    def __init__(self, bench):
        self.bench, self.cluster = bench, bench.cluster
        self.company = self.cluster.psql("select company_id from jobs where status = 'published' and questions = '[]' "
                                         "group by 1 order by count(*) desc, 1 limit 1")[0]
        self.token = None

    def run(self):
        bench = self.bench
        self.fill()
        for form in FORMS:
            self.export(form)
        self.slow_readers()
        for _ in range(bench.arguments.rounds):
            for name, target, connections in self.pages():
                figures = wrk(bench.url + target, bench.arguments.list_seconds, connections, HERE / "get.lua", [self.token])
                if figures["errors"]:
                    raise SystemExit(f"bench: {target} was answered with {figures['errors']} errors")
                bench.note(f"{name} p50", figures["p50_ms"])
                bench.note(f"{name} p99", figures["p99_ms"])
                bench.note(f"{name} rate", figures["rate"])

    def fill(self):
        start = time.monotonic()
        self.cluster.psql(f"\\set company {self.company}\n\\set vacancies {VACANCIES}\n\\set people {PEOPLE}\n"
                          + (HERE / "applications.sql").read_text(encoding="utf-8"))
        self.job = self.cluster.psql(f"select job_id from applications where company_id = '{self.company}' group by 1 "
                                     f"having count(*) = {PEOPLE} order by 1 limit 1")[0]
        count = int(self.cluster.psql(f"select count(*) from application_search where company_id = '{self.company}'")[0])
        if count != APPLICATIONS:
            raise SystemExit(f"bench: the company has {count} applications")
        account = self.cluster.psql(f"select account_id from company_members where company_id = '{self.company}'")[0]
        self.bench.note("vacancies", int(self.cluster.psql("select count(*) from jobs where status = 'published'")[0]))
        self.token = self.bench.make_tokens([account], "applications:read", company=f"'{self.company}'", skip=900_000)[0]
        self.bench.say(f"filled {APPLICATIONS} applications in {time.monotonic() - start:.0f} s")

    def pages(self):
        return [("vacancy, 4", f"/v1/jobs/{self.job}/applications", 4), ("vacancy, 16", f"/v1/jobs/{self.job}/applications", 16),
                ("company, 16", "/v1/applications", 16), ("word, 1", "/v1/applications?q=diary", 1),
                ("word and total, 1", "/v1/applications?q=diary&total=exact", 1)]

    # ---- exports ----

    def ask(self, form):
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=60)
        connection.request("GET", "/v1/applications", headers={"Authorization": f"Bearer {self.token}", "Accept": FORMS[form]})
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"bench: the export was answered with {answer.status}")
        return connection, answer

    def restart(self):
        """The memory of a process that has done nothing else, and its peak while it loaded."""
        bench = self.bench
        bench.program.close()
        bench.program = bench.serve()
        time.sleep(2)  # what it does after its first answer, such as its chores' first turn
        bench.note("MiB at load", bench.program.peak_mib())
        bench.note("MiB before", bench.program.resident_mib())
        bench.program.forget_peak()

    def export(self, form):
        """All of it as fast as it comes; then again, with a reader who stops for a while: the same bytes."""
        bench = self.bench
        self.restart()
        before, cpu, start = bench.program.resident_mib(), bench.program.cpu_us(), time.monotonic()
        size, lines, digest = self.read(form)
        bench.note(f"{form} s", time.monotonic() - start)
        bench.note(f"{form} cpu s", (bench.program.cpu_us() - cpu) / 1e6)
        bench.note(f"{form} MB", size / 1e6)
        bench.note(f"{form} MiB peak", bench.program.peak_mib())
        bench.note(f"{form} MiB grown", bench.program.peak_mib() - before)
        if lines < APPLICATIONS:
            raise SystemExit(f"bench: the export has {lines} lines only")
        if form == "CSV":
            self.restart()
            if self.read(form, pause=SLOW_SECONDS) != (size, lines, digest):
                raise SystemExit("bench: a slow reader got something else")
            bench.note("slow MiB peak", bench.program.peak_mib())

    def read(self, form, pause=0):
        connection, answer = self.ask(form)
        size, lines, digest, paused = 0, 0, hashlib.sha256(), False
        while piece := answer.read1(1 << 18):
            size, lines = size + len(piece), lines + piece.count(b"\n")
            digest.update(piece)
            if pause and not paused and size > 1 << 24:
                time.sleep(pause)
                paused = True
        connection.close()
        return size, lines, digest.hexdigest()

    def slow_readers(self):
        """Sixteen at once, each of whom takes 256 KiB a second."""
        bench = self.bench
        self.restart()
        before, until = bench.program.resident_mib(), time.monotonic() + SLOW_SECONDS
        failed = []

        def reader():
            try:
                connection, answer = self.ask("NDJSON")
                while time.monotonic() < until:
                    if not answer.read1(SLOW_BYTES):
                        raise OSError("the export is over already")
                    time.sleep(0.25)
                connection.close()
            except (OSError, SystemExit, http.client.HTTPException) as error:
                failed.append(error)
        readers = [threading.Thread(target=reader) for _ in range(SLOW_READERS)]
        for one in readers:
            one.start()
        for one in readers:
            one.join()
        if failed:
            raise SystemExit(f"bench: {failed}")
        bench.note("sixteen MiB peak", bench.program.peak_mib())
        bench.note("sixteen MiB each", (bench.program.peak_mib() - before) / SLOW_READERS)


def aims(median):
    """(what, measured, aim, met)."""
    rows = []

    def row(what, measured, aim="", met=None):
        rows.append((what, measured, aim, "" if met is None else "yes" if met else "no"))
    for form in FORMS:
        peak = median[f"{form} MiB peak"]
        row(f"export of {APPLICATIONS:,} applications as {form}: resident memory at its highest", f"{peak:.1f} MiB, grown by "
            f"{median[f'{form} MiB grown']:.1f} MiB", "< 64 MiB", peak < 64)
        row("– size, time", f"{median[f'{form} MB']:,.0f} MB, {median[f'{form} s']:.1f} s")
    row(f"as CSV by a reader who stops for {SLOW_SECONDS} s", f"{median['slow MiB peak']:.1f} MiB", "< 64 MiB",
        median["slow MiB peak"] < 64)
    row(f"{SLOW_READERS} exports at once, each read with 256 KiB/s", f"{median['sixteen MiB peak']:.1f} MiB, "
        f"{median['sixteen MiB each']:.2f} MiB each")
    for name, what, aim in (
            ("vacancy, 4", f"first page of a vacancy's {PEOPLE:,} applications, 4 connections", 20),
            ("vacancy, 16", "– 16 connections", 20),
            ("company, 16", f"first page of a company's {APPLICATIONS:,} applications, 16 connections", 20),
            ("word, 1", "– with a word that half of them have, 1 connection", None),
            ("word and total, 1", "– and their exact number (`total=exact`)", None)):
        p99 = median[f"{name} p99"]
        row(what, f"p50 {median[f'{name} p50']:.1f} ms, p99 **{p99:.1f} ms**, {median[f'{name} rate']:,.0f}/s",
            f"p99 < {aim} ms" if aim else "", p99 < aim if aim else None)
    return rows


def text_of(median, circumstances):
    lines = [circumstances, "", "| what | measured | aim | met |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in aims(median)]
    lines += ["", "Memory is the whole process's (VmRSS and VmHWM of the server, started anew before each export), the search index of "
              f"{median['vacancies']:,.0f} published vacancies and the connections included: {median['MiB before']:.1f} MiB before an export, "
              f"{median['MiB at load']:.1f} MiB at its highest while the process loaded, before the first request. The server takes "
              f"{median['CSV cpu s']:.2f} s of processor time for an export as CSV and {median['NDJSON cpu s']:.2f} s as NDJSON; the "
              "rest is PostgreSQL's."]
    return "\n".join(lines)
