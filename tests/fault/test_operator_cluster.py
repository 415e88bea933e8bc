"""segreteria operator on a private cluster: of a running server, and started for the command alone."""

import json
import os
import subprocess
import urllib.request

from private_server import Server, binary, environment, new_data_dir, remove, run


def create(data_dir, address):
    return subprocess.run([binary(), "operator", "create", address, "--name", "O", "--data-dir", data_dir], text=True,
                          input="seven slow tortoises\n", env=environment(), capture_output=True, timeout=120, check=False)


def test_beside_a_running_server_and_without_one():
    data_dir = new_data_dir()
    try:
        early = create(data_dir, "early@ops.example")
        assert early.returncode == 1 and "run: segreteria migrate" in early.stderr
        with Server(data_dir) as server:
            done = create(data_dir, "one@ops.example")
            assert (done.returncode, done.stdout, done.stderr) == (0, "one@ops.example is an operator\n", "")
            body = json.dumps({"email": "one@ops.example", "password": "seven slow tortoises"}).encode()
            answer = urllib.request.urlopen(urllib.request.Request(
                server.url + "/v1/sessions", body, {"Content-Type": "application/json"}), timeout=30)
            assert answer.status == 201
        alone = run("operator", "disable", "one@ops.example", "--data-dir", data_dir)
        assert (alone.returncode, alone.stderr) == (0, "")
        assert "disabled" in run("operator", "list", "--data-dir", data_dir).stdout
        assert not os.path.exists(data_dir / "run" / ".s.PGSQL.5432"), "the cluster was ended again"
    finally:
        remove(data_dir)
