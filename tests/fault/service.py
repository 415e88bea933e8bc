"""What the tests of the running service share: a PostgreSQL of their own that can be killed, frozen and started again; many
connections at once without a thread for each; and a load of writers and readers that remembers what was acknowledged."""

import collections
import contextlib
import errno
import http.client
import itertools
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

import psycopg
import pytest
from private_server import environment, wait_for
from support.postgres import as_postgres, program
from support.world import PASSWORD, vacancy

SLOW = os.environ.get("SEGRETERIA_SLOW_TESTS") == "1"  # longer rounds, for a person who waits


class Postgres:
    """A durable PostgreSQL outside of the server's hands."""

    def __init__(self, **settings):
        self.settings = {"max_connections": 60, "log_min_messages": "warning", **settings}
        self.directory = Path(tempfile.mkdtemp(prefix="segreteria-postgres-"))
        if os.getuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        subprocess.run(
            [program("initdb"), "--no-sync", "--no-instructions", "--auth=trust", "--username=postgres",
             "--encoding=UTF8", "--locale=C.UTF-8", "-D", self.directory / "data"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **as_postgres())
        self.process = None

    def conninfo(self, database="postgres"):
        return f"host={self.directory} user=postgres dbname={database}"

    def start(self):
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [program("postgres"), "-D", self.directory / "data", "-k", self.directory, "-c", "listen_addresses=",
                 *settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                **as_postgres())
        wait_for(self.answers, what="PostgreSQL")

    def answers(self):
        try:
            psycopg.connect(self.conninfo(), connect_timeout=5).close()
            return True
        except psycopg.OperationalError:
            return False

    def sql(self, statement, *values, database="postgres"):
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else None

    def stop(self, sig=signal.SIGINT):
        if self.process is not None:
            self.process.send_signal(sig)
            self.process.wait(60)
        self.process = None

    def family(self):
        """The postmaster and its children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [self.process.pid, *map(int, children.split())]

    @contextlib.contextmanager
    def frozen(self):
        """Silent, not gone: every connection stays and none answers."""
        family = self.family()
        for pid in family:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(family):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)


# ---- a full disk ----


@contextlib.contextmanager
def small_disk(path, mib):
    """A file system of its own. Skips where nothing may be mounted."""
    if os.getuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0755", "tmpfs", path], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=False)


def fill(directory):
    """A file that leaves six megabytes; there is room again when it goes."""
    filler, free = Path(directory) / "filler", os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    with open(filler, "wb") as file:
        for _ in range(max(0, free - 6 * 1024 * 1024) // 65536):
            file.write(bytes(65536))
    return filler


# ---- one request at a time ----


def address(server):
    found = re.fullmatch(r"http://([^:]+):(\d+)", server.url)
    return found[1], int(found[2])


Answer = collections.namedtuple("Answer", "status headers body")


class Caller:
    """One kept connection."""

    def __init__(self, server, token=None, timeout=30):
        self.host, self.port = address(server)
        self.token, self.timeout = token, timeout
        self.connection = None

    def __call__(self, method, target, body=None, **headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        try:
            self.connection.request(method, target, body, sent)
            answer = self.connection.getresponse()
            result = Answer(answer.status, answer.headers, answer.read())
        except BaseException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return result

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


@contextlib.contextmanager
def locked(postgres, table):
    """Nobody else writes to the table."""
    with psycopg.connect(postgres.conninfo("service")) as connection:
        connection.execute(f"lock table {table} in exclusive mode")
        yield
        connection.rollback()


def is_refusal(answer):
    """A 503 as it must be: a problem document that says when to come again."""
    return (answer.status == 503 and answer.headers["Retry-After"] is not None
            and answer.headers["Content-Type"] == "application/problem+json"
            and json.loads(answer.body)["status"] == 503)


def ready(server):
    with contextlib.suppress(OSError):
        return Caller(server, timeout=5)("GET", "/readyz").status == 200
    return False


def ended_well(server, sig=signal.SIGTERM, seconds=60):
    """Tells it to stop: exit status 0, and no sanitizer had anything to say."""
    assert server.end(sig, seconds) == 0, server.said()[-3000:]
    log = server.said()
    found = re.search(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:", log)
    assert found is None, log[found.start():found.start() + 5000]


def memory(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def company(server):
    """(token, id) of a new company's owner."""
    mark = uuid.uuid4().hex
    answer = Caller(server)("POST", "/v1/companies", {
        "company": {"legal_name": "Lario Meccanica S.p.A.", "name": "Lario", "country": "IT", "kind": "employer"},
        "owner": {"email": f"{mark}@example.org", "password": PASSWORD, "name": "Chiara Fumagalli"}})
    assert answer.status == 201, answer
    document = json.loads(answer.body)
    return document["session"]["access_token"], document["company"]["id"]


def candidate(server):
    """(token, e-mail address) of a new candidate."""
    email = f"{uuid.uuid4().hex}@example.org"
    answer = Caller(server)("POST", "/v1/candidates", {
        "email": email, "password": PASSWORD, "given_name": "Lia", "family_name": "Rossi"})
    assert answer.status == 201, answer
    return json.loads(answer.body)["session"]["access_token"], email


# ---- many requests at the same time ----


def request_bytes(method, target, body=None, token=None, headers=()):
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Crowd:
    """One connection for each request, all at once, on one thread; takes the first answer of each."""

    def __init__(self, server, requests):
        self.address = address(server)
        self.selector = selectors.DefaultSelector()
        self.answers = {}
        self.since = time.monotonic()
        for number, data in enumerate(requests):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(self.address)
            self.selector.register(client, selectors.EVENT_WRITE, [number, data, b""])
        self.count = number + 1

    def turn(self, seconds=0.1):
        for key, _ in self.selector.select(seconds):
            state = key.data
            try:
                if state[1]:
                    state[1] = state[1][key.fileobj.send(state[1]):]
                    if not state[1]:
                        self.selector.modify(key.fileobj, selectors.EVENT_READ, state)
                    continue
                data = key.fileobj.recv(65536)
            except BlockingIOError:
                continue
            except OSError as error:
                self.end(key, errno.errorcode.get(error.errno, "error"))
                continue
            state[2] += data
            head, end, body = state[2].partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if end and length and len(body) >= int(length[1]):
                lines = head.decode("latin-1").split("\r\n")
                fields = http.client.HTTPMessage()
                for line in lines[1:]:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                self.end(key, Answer(int(lines[0].split()[1]), fields, body))
            elif not data:
                self.end(key, "closed")

    def end(self, key, answer):
        self.answers[key.data[0]] = answer, time.monotonic() - self.since
        self.selector.unregister(key.fileobj)
        key.fileobj.close()

    def run(self, until=lambda crowd: False, seconds=60):
        end = time.monotonic() + seconds
        while len(self.answers) < self.count and not until(self) and time.monotonic() < end:
            self.turn()
        return self

    def close(self):
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            key.fileobj.close()

    def counts(self):
        return collections.Counter(a.status if isinstance(a, Answer) else a for a, _ in self.answers.values())

    def of(self, status):
        return [a for a, _ in self.answers.values() if isinstance(a, Answer) and a.status == status]


# ---- load ----


class Load:
    """Writers that post and put vacancies and apply to them, each until it is acknowledged, always with the same key; and
    readers of what was acknowledged. What must never be seen goes to `wrong`."""

    def __init__(self, server, writers=16, readers=16, pause=0.0):
        self.server, self.pause = server, pause
        self.companies = [company(server) for _ in range(2)]
        self.candidates = [candidate(server) for _ in range(2)]
        self.numbers = itertools.count(1)
        self.jobs = {}          # id: title, of acknowledged vacancies
        self.applications = {}  # id: job id
        self.refused = collections.Counter()
        self.wrong = []
        self.done = threading.Event()
        self.patience = 0
        self.threads = [threading.Thread(target=self.guarded, args=(work, number), daemon=True) for work, count in
                        ((self.write, writers), (self.read, readers)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def guarded(self, work, number):
        try:
            work(number)
        except BaseException as error:
            self.wrong.append(f"{work.__name__}: {error!r}")

    def acknowledged(self, call, *request, expected, **headers):
        """Asks until there is an answer. None: the end came first."""
        again = False
        while not (self.done.is_set() and not again):
            try:
                answer = call(*request, **headers)
            except (OSError, http.client.HTTPException) as error:
                self.refused[type(error).__name__] += 1
                answer = None
            if answer is not None and answer.status in expected:
                return answer
            if answer is not None:
                self.refused[answer.status] += 1
                waiting = answer.status == 409 and again and b'"idempotency_in_progress"' in answer.body
                if not is_refusal(answer) and not waiting:
                    self.wrong.append((request[:2], again, answer.status, answer.body[:300]))
                    return None
            again = True
            if self.stopping():
                return None
            time.sleep(0.05)
        return None

    def stopping(self):
        return self.done.is_set() and time.monotonic() > self.patience

    def write(self, number):
        token, company_id = self.companies[number % len(self.companies)]
        call, apply = Caller(self.server, token), Caller(self.server, self.candidates[number % 2][0])
        while not self.done.is_set():
            mark = f"n{next(self.numbers)}"
            body = json.dumps(vacancy(title=mark, reference=mark))
            if number % 2:
                answer = self.acknowledged(call, "PUT", f"/v1/companies/{company_id}/jobs/{mark}", body,
                                           expected=(200, 201))
            else:
                answer = self.acknowledged(call, "POST", "/v1/jobs", body, expected=(201,),
                                           Idempotency_Key=f"job-{mark}-{company_id}")
            if answer is None:
                continue
            job = json.loads(answer.body)
            if job["title"] != mark:
                self.wrong.append(("title", mark, job["title"]))
            self.jobs[job["id"]] = mark
            answer = self.acknowledged(apply, "POST", f"/v1/jobs/{job['id']}/applications", "{}", expected=(201,),
                                       Idempotency_Key=f"apply-{mark}")
            if answer is not None:
                self.applications[json.loads(answer.body)["id"]] = job["id"]
            time.sleep(self.pause)

    def read(self, number):
        call = Caller(self.server)
        while not self.done.is_set():
            known = list(self.jobs.items())
            if not known or number % 4 == 0:
                self.acknowledged(call, "GET", "/v1/jobs?limit=5", expected=(200,))
            else:
                job_id, title = known[(number * 7919 + len(known) * 31) % len(known)]
                answer = self.acknowledged(call, "GET", f"/v1/jobs/{job_id}", expected=(200,))
                if answer is not None and json.loads(answer.body)["title"] != title:
                    self.wrong.append(("read", title, answer.body[:200]))
            time.sleep(self.pause)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join(40)

    def end(self, patience=15):
        self.patience = time.monotonic() + patience
        self.done.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong[:5]
        return self

    def check(self, sql):
        """Everything acknowledged is there, whole, and once."""
        stored = {str(job): title for job, title in sql("select id, title from jobs")}
        lost = [job for job, title in self.jobs.items() if stored.get(job) != title]
        assert not lost, f"{len(lost)} of {len(self.jobs)} vacancies are lost: {lost[:5]}"
        assert sql("select title from jobs where title ~ '^n[0-9]+$' group by title having count(*) > 1") == []
        stored = {str(a): str(job) for a, job in sql("select id, job_id from applications")}
        lost = [a for a, job in self.applications.items() if stored.get(a) != job]
        assert not lost, f"{len(lost)} of {len(self.applications)} applications are lost: {lost[:5]}"
        assert sql("select job_id from applications group by job_id having count(*) > 1") == []
        assert sql("select id from applications a where not exists "
                   "(select from application_events e where e.application_id = a.id)") == []
        assert sql("select j.id from jobs j left join job_documents d on d.job_id = j.id where d.job_id is null") == []


def start(*arguments, url=None, **variables):
    """`segreteria serve` as it is, for starts that fail: the process, with its pipes."""
    from private_server import binary
    return subprocess.Popen([binary(), "serve", *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment(SEGRETERIA_DATABASE_URL=url, **variables))
