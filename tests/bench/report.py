"""The tables of a benchmark run, as Markdown."""
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from cluster import postgres_bin

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


def first_of(path, pattern):
    found = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def circumstances(arguments):
    """One paragraph: the machine, the versions, the sizes. To be made before the run, for its load average."""
    memory = int(first_of("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 1048576
    postgres = subprocess.run([postgres_bin() / "postgres", "--version"], capture_output=True, text=True,
                              check=True).stdout.split()[2]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False,
                            cwd=Path(__file__).parent).stdout.strip() or "unknown"
    cpu = first_of("/proc/cpuinfo", r"^model name\s*:\s*(.*)$")
    return (f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, commit {commit}. {os.cpu_count()} cores "
            f"({cpu}), {memory:.0f} GiB, Linux {platform.release()}, PostgreSQL {postgres}; load average before the run "
            f"{os.getloadavg()[0]:.1f}. {arguments.rows:,} vacancies; medians of {arguments.rounds} rounds of "
            f"{arguments.seconds} s each; 64 connections, 2 workers for every server.")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def aims(median):
    rows = []

    def ratio(what, name, others, aim):
        others = [other for other in others if other in median]
        if name in median and others:
            other = max(others, key=lambda key: median[key])
            value = median[name] / median[other]
            rows.append((what, f"{median[name]:,.0f}/s", f"{other.split(', ')[1]}: {median[other]:,.0f}/s",
                         f"**{value:.2f}**", f"≥ {aim}", "yes" if value >= aim else "no"))

    def limit(what, name, aim, unit):
        if name in median:
            rows.append((what, f"**{median[name]:,.1f} {unit}**", "", "", f"< {aim} {unit}",
                         "yes" if median[name] < aim else "no"))

    reads = {"by id": "vacancy by id", "list": "newest 20"}
    for name, aim in (("by id", 1.0), ("list", 0.75)):
        ratio(reads[name], f"{name}, segreteria", [f"{name}, pgbench -c2", f"{name}, pgbench -c4"], aim)
    ratio(reads["by id"], "by id, segreteria", ["by id, fastify"], 2)
    ratio(reads["by id"], "by id, segreteria", ["by id, express"], 5)
    ratio("`/livez`", "livez, segreteria", ["livez, nginx"], 0.9)
    ratio("application, durable", "apply, segreteria", ["apply, pgbench -c16", "apply, pgbench -c32"], 0.6)
    for name in ("by id", "list"):
        limit(f"{reads[name]}: 99th percentile", f"{name}, segreteria p99 ms", 10, "ms")
    limit("`/livez`: 99th percentile", "livez, segreteria p99 ms", 10, "ms")
    limit("memory (RSS), idle", "RSS idle MiB", 40, "MiB")
    limit("memory (RSS), 5,000 idle connections", "RSS with 5000 idle connections MiB", 120, "MiB")
    limit("start to first answer, private cluster there", "start to answer, existing private cluster, ms", 1000, "ms")
    limit("start to first answer, PostgreSQL running", "start to answer, PostgreSQL running, ms", 100, "ms")
    return table(("what", "measured", "beside", "ratio", "aim", "met"), rows)


def processor_time(median):
    rows = []
    for name in sorted(name[:-len(" cpu server")] for name in median if name.endswith(" cpu server")):
        parts = [median[f"{name} cpu {who}"] for who in ("server", "PostgreSQL", "load")]
        shown = [f"{part:.1f}" if part >= 0.05 else "" for part in parts]
        rows.append((name, f"{median[name]:,.0f}/s", *shown, f"{sum(parts):.1f}"))
    return table(("what, by", "rate", "server", "PostgreSQL", "load generator", "all"), rows)


def errors(median):
    return {name: value for name, value in median.items() if name.endswith(" errors") and value}


def text(median, paragraph, seconds):
    lines = [paragraph, "", *aims(median), "", "Processor time of one request, in microseconds:", "",
             *processor_time(median), "", f"The run took {seconds / 60:.1f} minutes."]
    if errors(median):
        lines += ["", f"Answers that were errors, so the figures do not count: {errors(median)}"]
    return "\n".join(lines)


def check_marks(path):
    """Before the run: a file that cannot take the tables is known now, not ten minutes later."""
    if path.exists():
        old = path.read_text(encoding="utf-8")
        if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
            raise SystemExit(f"bench: {path} does not have the lines {BEGIN} and {END} once each")


def replace(path, tables):
    old = path.read_text(encoding="utf-8") if path.exists() else f"{BEGIN}\n{END}\n"
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")
