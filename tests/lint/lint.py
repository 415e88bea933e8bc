#!/usr/bin/env python3
"""lint.py BUILD_DIR: every check of `./dev lint`, one after the other; what has not changed since it passed is not checked
again (build/lint keeps hashes of what passed). Exit status 1 if any found something.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = ROOT / "tests/lint"
CACHE = ROOT / "build/lint"


def run(command, **options):
    """(succeeded, what it printed)"""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    return done.returncode == 0, done.stdout


def listed(*patterns):
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout
    return [name for name in sorted(names.split("\0")) if name and (ROOT / name).is_file()]


def check_format(_):
    return run(["clang-format", "--dry-run", "-Werror", *listed("src/*.[ch]", "include/*.h", "tests/*.[ch]")])


def check_scripts(_):
    """The shell scripts and the Python files can be read."""
    results = [run(["bash", "-n", name]) for name in ["dev", ".ci/run", *listed("*.sh")]]
    code = "import ast, sys\nfor name in sys.argv[1:]: ast.parse(open(name, encoding='utf-8').read(), name)"
    results.append(run([sys.executable, "-c", code, *listed("*.py")]))
    return all(ok for ok, _ in results), "".join(output for _, output in results)


def check_rules(_):
    return run([sys.executable, str(LINT / "rules.py")])


def dependencies(build):
    """For each object of the build, the files of the project it was made from."""
    _, text = run(["ninja", "-C", str(build), "-t", "deps"])
    found, current = {}, None
    for line in text.splitlines():
        if line.startswith("    "):
            path = (build / line.strip()).resolve()
            if current is not None and path.is_relative_to(ROOT):
                found[current].append(path)
        elif ": #deps" in line:
            current = line.split(": #deps")[0]
            found[current] = []
    return found


def fingerprint(files, *words):
    digest = hashlib.sha256("\0".join(words).encode())
    for file in sorted(set(files)):
        digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def tidy_one(job):
    source, stamp, build = job
    # gcc's own options, which clang does not know, are no finding.
    ok, output = run(
        ["clang-tidy", "--quiet", "-p", str(build), "--extra-arg=-Wno-unknown-warning-option", str(source)]
    )
    if ok:
        stamp.touch()
    lines = [line for line in output.splitlines() if "warnings generated" not in line]
    return ok, "\n".join(lines) + "\n" if not ok else ""


def check_tidy(build):
    stamps = CACHE / "tidy"
    stamps.mkdir(parents=True, exist_ok=True)
    deps = dependencies(build)
    _, version = run(["clang-tidy", "--version"])
    settings = version + (ROOT / ".clang-tidy").read_text(encoding="utf-8")
    jobs, kept = [], set()
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"]).resolve()
        if source.suffix != ".c" or not source.is_relative_to(ROOT / "src"):
            continue
        output = entry.get("output", entry["command"].split(" -o ")[-1].split(" ")[0])
        stamp = stamps / fingerprint([source, *deps.get(output, [])], settings, str(source))
        kept.add(stamp.name)
        if not stamp.exists():
            jobs.append((source, stamp, build))
    for old in stamps.iterdir():
        if old.name not in kept:
            old.unlink()
    if len(jobs) > 20:
        print(f"lint tidy: {len(jobs)} files to look at, some seconds each", flush=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        results = list(pool.map(tidy_one, jobs))
    return all(ok for ok, _ in results), "".join(output for _, output in results)


def node_modules():
    """The linters of the contract from npm, by tests/lint/package-lock.json, in build/lint/npm; (folder, error)."""
    folder, lock = CACHE / "npm", (LINT / "package-lock.json").read_bytes()
    stamp = folder / hashlib.sha256(lock).hexdigest()
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LINT / name, folder)
        ok, output = run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)])
        if not ok:
            return None, output
        stamp.touch()
    return folder / "node_modules", ""


def check_spectral(_):
    modules, error = node_modules()
    if modules is None:
        return False, error
    return run([
        str(modules / ".bin/spectral"), "lint", "--quiet", "--ruleset", ".spectral.yaml", "--fail-severity", "hint", "openapi.yaml"
    ])


def check_redocly(_):
    modules, error = node_modules()
    if modules is None:
        return False, error
    return run(["node", str(LINT / "redocly.js")], env={**os.environ, "NODE_PATH": str(modules)})


def main():
    build = (ROOT / sys.argv[1]).resolve()
    checks = [check_format, check_scripts, check_rules, check_spectral, check_redocly, check_tidy]
    failed = []
    for check in checks:
        name, start = check.__name__.removeprefix("check_"), time.monotonic()
        ok, output = check(build)
        print(f"lint {name}: {'ok' if ok else 'NOT ok'} ({time.monotonic() - start:.1f} s)", flush=True)
        if not ok:
            failed.append(name)
            print(output)
    print(f"lint: found something: {', '.join(failed)}" if failed else "lint: nothing found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
