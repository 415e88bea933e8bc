"""A PostgreSQL of the benchmark's own, durable like a real one, filled by generate.sql."""
import glob
import os
import pwd
import re
import shutil
import subprocess
import time
from pathlib import Path

from load import cpu_us_of_family, free_port

HERE = Path(__file__).resolve().parent


def postgres_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        raise SystemExit("bench: no PostgreSQL found below /usr/lib/postgresql")
    return Path(found[-1])


class Cluster:
    """Started on creation, stopped and removed by close(). keep: left there, and used again by the next of that folder."""

    def __init__(self, folder, keep=False):
        self.folder, self.port, self.bin, self.keep = Path(folder), free_port(), postgres_bin(), keep
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if keep and (self.folder / "made").exists():
            self.start()
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if os.geteuid() == 0:
            os.chmod(self.folder, 0o755)
            shutil.chown(self.folder, self.user)
        self.run_as([self.bin / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "bench", "-E", "UTF8",
                     "--locale=C.UTF-8", "--data-checksums"])
        settings = {"shared_buffers": "1GB", "max_connections": 120, "jit": "off", "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": str(self.folder), "max_wal_size": "4GB",
                    "checkpoint_timeout": "30min", "fsync": "on", "synchronous_commit": "on"}
        with open(self.folder / "data" / "postgresql.auto.conf", "a", encoding="ascii") as out:
            out.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        try:
            self.start()
            self.psql("create database bench template template0 encoding 'UTF8'", database="postgres")
        except BaseException:
            self.keep = False
            self.close()
            raise

    def start(self):
        self.run_as([self.bin / "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-t", "300", "-o",
                     f"-p {self.port}", "start"])

    def made(self):
        """What is in it is complete: a kept one may be used again."""
        (self.folder / "made").touch()

    def run_as(self, command):
        command = [str(word) for word in command]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.user, "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def cpu_us(self):
        return cpu_us_of_family(int((self.folder / "data/postmaster.pid").read_text(encoding="ascii").split()[0]))

    @property
    def conninfo(self):
        return f"host={self.folder} port={self.port} user=bench dbname=bench"

    def psql(self, sql, database="bench"):
        done = subprocess.run([self.bin / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p",
                               str(self.port), "-U", "bench", "-d", database],
                              input=sql, check=True, capture_output=True, text=True)
        return done.stdout.split("\n")[:-1]

    def fill(self, n):
        start = time.monotonic()
        subprocess.run([self.bin / "psql", "-Xq", "-h", self.folder, "-p", str(self.port), "-U", "bench", "-d", "bench",
                        "-v", f"n={n}", "-f", HERE / "generate.sql"], check=True, stdout=subprocess.DEVNULL)
        self.psql("vacuum analyze")
        self.psql("checkpoint")
        return time.monotonic() - start

    def pgbench(self, scripts, clients, seconds):
        """(transactions a second, transactions) of the scripts (texts), chosen at random."""
        words = []
        for i, text in enumerate(scripts):
            path = self.folder / f"script{i}.sql"
            path.write_text(text, encoding="utf-8")
            words += ["-f", str(path)]
        done = subprocess.run([self.bin / "pgbench", "-n", "-M", "prepared", "-h", self.folder, "-p", str(self.port),
                               "-U", "bench", "-c", str(clients), "-j", "2" if clients > 1 else "1", "-T", str(seconds),
                               *words, "bench"], check=True, capture_output=True, text=True)
        rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        count = re.search(r"transactions actually processed: (\d+)", done.stdout)
        if rate is None or count is None:
            raise SystemExit("bench: pgbench said nothing of its rate:\n" + done.stdout + done.stderr)
        return float(rate[1]), int(count[1])

    def close(self):
        if (self.folder / "data/postmaster.pid").exists():
            self.run_as([self.bin / "pg_ctl", "-D", self.folder / "data", "-t", "300", "-m", "fast" if self.keep else "immediate", "stop"])
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
