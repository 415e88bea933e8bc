"""The tables of ./dev bench search, as Markdown."""
import os
import platform
import subprocess
import time
from pathlib import Path

import report
from cluster import postgres_bin

BEGIN, END = "<!-- bench search: begin -->", "<!-- bench search: end -->"
AIM_MS, AIM_SUGGEST_MS, AIM_GROWTH = 5.0, 2.0, 3.0
AIMED_AT = 1000000  # vacancies


def circumstances(arguments):
    """To be made before the run, for its load average."""
    cpu = report.first_of("/proc/cpuinfo", r"^model name\s*:\s*(.*)$")
    memory = int(report.first_of("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 1048576
    postgres = subprocess.run([postgres_bin() / "postgres", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True,
                            check=False).stdout.strip() or "unknown"
    return (f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit}. {os.cpu_count()} cores ({cpu}), {memory:.0f} GiB, Linux "
            f"{platform.release()}, PostgreSQL {postgres}; load average before the run {os.getloadavg()[0]:.1f}. 16 connections, {arguments.workers[0]} worker(s); medians of "
            f"{arguments.rounds} round(s) of {arguments.seconds} s each.")


def aim_of(kind):
    return AIM_SUGGEST_MS if kind == "suggest" else AIM_MS


def yes(value):
    return "yes" if value else "no"


def answers(measured):
    """Milliseconds over HTTP at each size, growth, and whether the aims are met."""
    sizes = sorted(measured)
    top, least = sizes[-1], sizes[0]
    kinds = [kind for kind, who in measured[top] if who == "segreteria"]
    head = ["search", *(f"{n:,}: p50 / p99" for n in sizes), f"p50 growth {least:,} to {top:,}", f"p99 aim at {AIMED_AT:,}", "met", "growth aim", "met"]
    rows = []
    for kind in kinds:
        cells = [measured[n].get((kind, "segreteria")) for n in sizes]
        growth = cells[-1][0] / cells[0][0] if cells[0] else 0
        judged = top == AIMED_AT and len(sizes) > 1
        rows.append([kind, *(f"{cell[0]:.2f} / {cell[1]:.2f}" if cell else "" for cell in cells), f"**{growth:.2f}**", f"< {aim_of(kind):.0f} ms",
                     yes(cells[-1][1] < aim_of(kind)) if judged else "", f"≤ {AIM_GROWTH:.0f}", yes(growth <= AIM_GROWTH) if judged else ""])
    return report.table(head, rows)


def peers(measured):
    """How many times Segreteria's median (16 at a time, over HTTP) the others' is (one at a time)."""
    sizes = sorted(measured)
    others = list(dict.fromkeys(who for results in measured.values() for _, who in results if who != "segreteria"))
    rows = []
    for who in others:
        for kind in dict.fromkeys(kind for results in measured.values() for kind, one in results if one == who):
            cells = []
            for n in sizes:
                mine, theirs = measured[n].get((kind, "segreteria")), measured[n].get((kind, who))
                cells.append(f"{theirs[0]:.2f} ms, **{theirs[0] / mine[0]:.1f}**" if mine and theirs else "")
            rows.append([who, kind, *cells])
    return report.table(["beside", "search", *(f"{n:,}: p50, times Segreteria's" for n in sizes)], rows) if rows else []


def processor(figures):
    """Microseconds of the server and PostgreSQL for one request."""
    sizes = sorted(figures)
    kinds = list(figures[sizes[-1]]["processor"])
    rows = [[kind, *("{:,.0f} + {:,.0f}".format(*figures[n]["processor"][kind]) for n in sizes)] for kind in kinds]
    return report.table(["search", *(f"{n:,}" for n in sizes)], rows)


def with_workers(measured, figures):
    """The searches of the largest corpus once more, with other numbers of workers."""
    top = max(figures)
    beside = figures[top].get("workers", {})
    kinds = [kind for kind, who in measured[top] if who == "segreteria"]
    rows = [[kind, *("{:.2f} / {:.2f}".format(*of[kind]) for of in beside.values())] for kind in kinds]
    return report.table([f"search, {top:,} vacancies", *(f"{n} workers: p50 / p99" for n in beside)], rows) if beside else []


def others(figures):
    rows = []
    for n, of in sorted(figures.items()):
        kept, nginx = of.get("kept answer, segreteria, /s"), of.get("kept answer, nginx, /s")
        rows.append([f"{n:,}: index loaded", f"{of['index loaded after, s']:.1f} s", "< 20 s" if n == AIMED_AT else "",
                     yes(of["index loaded after, s"] < 20) if n == AIMED_AT else ""])
        rows.append([f"{n:,}: index", f"{of['index, MiB']:,} MiB; RSS {of['RSS when loaded, MiB']:,.0f} MiB, after the searches {of['RSS, MiB']:,.0f} MiB",
                     "< 700 MiB" if n == AIMED_AT else "", yes(of["index, MiB"] < 700) if n == AIMED_AT else ""])
        if kept:
            rows.append([f"{n:,}: kept answer, {of['kept answer, bytes']:,} bytes", f"{kept:,.0f}/s; nginx {nginx:,.0f}/s: **{kept / nginx:.2f}**", "≥ 0.8",
                         yes(kept >= 0.8 * nginx)])
        if "changes, /s" in of:
            rows.append([f"{n:,}: changes", f"{of['changes, /s']:,.0f}/s, the last found after {of['the last found after, ms']:.0f} ms", "≥ 2,000/s",
                         yes(of["changes, /s"] >= 2000 and of["the last found after, ms"] < 1000)])
            rows.append([f"{n:,}: common word meanwhile", f"p50 {of['meanwhile common word p50, ms']:.2f} ms, p99 {of['meanwhile common word p99, ms']:.2f} ms",
                         "p99 < 10 ms", yes(of["meanwhile common word p99, ms"] < 10)])
    return report.table(["what", "measured", "aim", "met"], rows)


def text(measured, figures, paragraph, seconds):
    lines = [paragraph, "", "Milliseconds over HTTP:", "", *answers(measured)]
    lines += ["", "Processor time of one request, server and PostgreSQL, in microseconds:", "", *processor(figures)]
    beside = with_workers(measured, figures)
    if beside:
        lines += ["", "The same with other numbers of workers:", "", *beside]
    beside = peers(measured)
    if beside:
        lines += ["", "The others, one question at a time:", "", *beside]
    lines += ["", *others(figures), "", f"The run took {seconds / 60:.1f} minutes."]
    return "\n".join(lines)


def check_marks(path):
    old = path.read_text(encoding="utf-8")
    if old.count(BEGIN) != 1 or old.count(END) != 1 or old.index(BEGIN) > old.index(END):
        raise SystemExit(f"bench: {path} does not have the lines {BEGIN} and {END} once each")


def replace(path, tables):
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{before}{BEGIN}\n{tables}\n{END}{rest.split(END)[1]}", encoding="utf-8")
