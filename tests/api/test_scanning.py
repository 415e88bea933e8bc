"""Virus scanning: a real clamd with a signature of the test's own for the EICAR test file, and FakeClamd, a stand-in that speaks
its protocol, for what a real one does not do on demand."""

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from files import MOST, PDF, content, pdf, store
from support.eventually import eventually
from support.ports import free_port
from support.server import BINARY, Server
from support.world import World

# Written in two halves, so that no scanner takes this file for one.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"



def open_directory():
    """One that the server reaches whatever user it becomes."""
    path = Path(tempfile.mkdtemp(prefix="segreteria-scan-"))
    path.chmod(0o755)
    return path


CLAMD = shutil.which("clamd", path="/usr/sbin:/usr/bin")


class Clamd:
    """A real one, with one signature; on a Unix socket and a TCP port."""

    def __init__(self):
        directory = self.directory = open_directory()
        (directory / "signatures").mkdir()
        (directory / "signatures/test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n", encoding="ascii")
        self.port = free_port()
        self.path = directory / "clamd.ctl"
        (directory / "clamd.conf").write_text(
            f"Foreground yes\nDatabaseDirectory {directory}/signatures\nLocalSocket {self.path}\nTCPSocket {self.port}\n"
            "TCPAddr 127.0.0.1\nMaxThreads 4\nLogFile /dev/null\nLogFileUnlock yes\n", encoding="ascii")
        self.command = [CLAMD, "-c", directory / "clamd.conf"]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self.answers, "clamd answers", 60)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as client:
                client.sendall(b"zPING\0")
                return client.recv(16) == b"PONG\0"
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
        self.process = None
        shutil.rmtree(self.directory, ignore_errors=True)


class FakeClamd:
    """Not a scanner: takes one INSTREAM conversation after the other and ends each as it is told."""

    def __init__(self):
        self.directory = open_directory()
        self.path, self.mode, self.seen = self.directory / "clamd.ctl", "clean", []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.path.chmod(0o666)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self.converse(client)

    def converse(self, client):
        stream = client.makefile("rb")
        if self.mode == "closes":
            return
        assert stream.read(10) == b"zINSTREAM\0"
        data = b""
        while length := int.from_bytes(stream.read(4), "big"):
            data += stream.read(length)
            if self.mode == "breaks off":
                return
            if self.mode == "too large":
                client.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
            if self.mode == "clean too early":
                client.sendall(b"stream: OK\0")
                return
        self.seen.append(data)
        client.sendall({"clean": b"stream: OK\0", "infected": b"stream: Some.Thing FOUND\0", "nonsense": b"hello\0",
                        "error": b"stream: Can't allocate memory ERROR\0", "endless": b"x" * 5000,
                        "nothing found": b"stream:  FOUND\0", "nothing": b""}[self.mode])

    def close(self):
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="module")
def place(database, tmp_path_factory):
    """A server of its own for each address of a scanner."""
    running = []

    def start(address):
        server = Server(tmp_path_factory.mktemp("server"), database.conninfo, ["--clamd", str(address), "--workers", "1"],
                        {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1"})  # or what is freed looks used
        running.append(server)
        return server
    yield start
    for server in running:
        if server.alive():
            server.stop()


@pytest.fixture(scope="module")
def clamd():
    if CLAMD is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    scanner = Clamd()
    scanner.start()
    yield scanner
    scanner.stop()


def scan_of(candidate, document):
    return candidate.client.get(f"/v1/documents/{document['id']}").expect(200).json["scan"]


def scanned(candidate, document, verdict, seconds=20):
    eventually(lambda: scan_of(candidate, document) == verdict, f"{verdict}", seconds)


class TestRealClamd:
    @pytest.fixture(scope="class")
    def there(self, place, clamd, database):
        server = place(clamd.path)
        client = server.client()
        yield server, World(client, database)
        client.close()
        server.stop()

    @pytest.mark.parametrize("size", [len(PDF), 65536, 65537, 200_000, MOST])
    def test_clean(self, there, size):
        candidate = there[1].candidate()
        data = pdf(size)
        document = store(candidate, data).expect(201).json
        assert document["scan"] == "not_scanned"
        scanned(candidate, document, "clean")
        assert content(candidate.client, document["id"]).expect(200).body == data

    @pytest.mark.parametrize("where", ["alone", "at the end", "over two chunks", "at the end of 10 MiB"])
    def test_infected(self, there, database, where):
        server, world = there
        company, candidate = world.company(), world.candidate()
        data = {"alone": EICAR, "at the end": pdf(1000) + EICAR, "over two chunks": pdf(65536 - 20) + EICAR + pdf(100),
                "at the end of 10 MiB": pdf(MOST - len(EICAR)) + EICAR}[where]
        document = store(candidate, data, type="application/octet-stream").expect(201).json
        application = world.application(candidate, world.job(company), document_ids=[document["id"]])
        scanned(candidate, document, "infected")
        for client in (candidate.client, company.client):
            content(client, document["id"]).expect(409, "document_infected")
            content(client, document["id"], Range="bytes=0-9").expect(409, "document_infected")
            link = client.post(f"/v1/documents/{document['id']}/links", {}).expect(201).json["url"]
            client.anybody.get(link).expect(404, "not_found")
        assert company.client.get(f"/v1/applications/{application['id']}").expect(200).json["documents"][0]["scan"] == "infected"
        assert database.value("select scan_finding from documents where id = %s", document["id"]).startswith("Test.Eicar")
        assert database.value("select count(*) from audit_log where action = 'document.infected' and subject_id = %s",
                              document["id"]) == 1
        mail = server.directory / "data" / "mail"
        eventually(lambda: any(f"To: <{candidate.email}>" in text and "infected" in text and document["id"] in text
                               for text in (path.read_text() for path in mail.glob("*.eml"))), "the candidate is told", 20)
        candidate.client.delete(f"/v1/documents/{document['id']}").expect(204)

    def test_memory_stays_while_many_are_scanned(self, there):
        server, world = there
        candidate = world.candidate()
        scanned(candidate, store(candidate, pdf(MOST, b"0")).expect(201).json, "clean")
        before = server.memory()
        documents = [store(candidate, pdf(MOST, bytes([n]))).expect(201).json for n in range(1, 12)]
        for document in documents:
            scanned(candidate, document, "clean", 60)
        assert server.memory() - before < 16 * 1024 * 1024  # of 110 MiB

    def test_over_tcp(self, place, clamd, database):
        server = place(f"127.0.0.1:{clamd.port}")
        client = server.client()
        candidate = World(client, database).candidate()
        scanned(candidate, store(candidate, pdf(100_000)).expect(201).json, "clean")
        client.close()
        server.stop()


class TestScannerAway:
    def test_it_waits_and_is_served(self, place, database):
        fake = FakeClamd()
        away = fake.path.rename(fake.directory / "away")
        server = place(fake.path)
        client = server.client()
        candidate = World(client, database).candidate()
        data = pdf(100_000)
        document = store(candidate, data).expect(201).json
        eventually(lambda: database.value("select scan_attempts from documents where id = %s", document["id"]) > 0, "it was tried", 20)
        time.sleep(0.5)
        assert scan_of(candidate, document) == "not_scanned"
        assert content(candidate.client, document["id"]).expect(200).body == data
        eventually(lambda: b"scanner_unreachable" in server.log, "the log says so")
        away.rename(fake.path)  # and then there is one
        database.query("update documents set scan_due_at = now() where id = %s", document["id"])
        scanned(candidate, document, "clean")
        assert fake.seen == [data]
        fake.close()
        client.close()
        server.stop()

    @pytest.mark.parametrize("mode", ["closes", "breaks off", "too large", "clean too early", "nonsense", "error", "endless",
                                      "nothing found", "nothing"])
    def test_what_a_scanner_may_do_wrong(self, faked, database, mode):
        fake, candidate = faked
        fake.mode = mode
        document = store(candidate, pdf(200_000)).expect(201).json
        eventually(lambda: database.value("select scan_attempts > 0 and scan_due_at between now() and now() + interval '30 seconds'"
                                          " from documents where id = %s", document["id"]), "it is to be tried again", 20)
        assert scan_of(candidate, document) == "not_scanned"
        fake.mode = "clean"
        database.query("update documents set scan_due_at = now() where id = %s", document["id"])
        scanned(candidate, document, "clean")
        candidate.client.delete(f"/v1/documents/{document['id']}").expect(204)

    def test_a_document_deleted_meanwhile(self, faked, database):
        fake, candidate = faked
        fake.mode = "infected"
        for _ in range(5):
            document = store(candidate, pdf(300_000)).expect(201).json
            candidate.client.delete(f"/v1/documents/{document['id']}").expect(204)
        kept = store(candidate, pdf(1000)).expect(201).json
        scanned(candidate, kept, "infected")

    @pytest.fixture(scope="class")
    def faked(self, place, database):
        fake = FakeClamd()
        server = place(fake.path)
        client = server.client()
        yield fake, World(client, database).candidate()
        client.close()
        server.stop()
        fake.close()


@pytest.mark.parametrize("address", ["localhost:3310", "3310", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "::1:3310", "[x]:1",
                                     "127.0.0.1", "/" + "x" * 200, "relative/path"])
def test_addresses_that_are_none(address, tmp_path):
    done = subprocess.run([BINARY, "serve", "--data-dir", tmp_path, "--clamd", address], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "--clamd takes" in done.stderr
