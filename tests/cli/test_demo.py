"""`segreteria demo` against a server: what it makes, that a second run doubles nothing, how it fails."""

import os
import re
import subprocess

import pytest
from support.server import BINARY

TOKEN = re.compile(r"^  ([A-Z_0-9]+)=(sgr_[0-9A-Za-z]{49})  # (.+)$", re.MULTILINE)
VACANCIES = 48
APPLICATIONS = 5
ROLES = {"executive_assistant", "personal_assistant", "management_assistant", "administrative_assistant", "team_assistant",
         "office_manager", "legal_secretary", "medical_secretary", "secretary", "office_clerk", "receptionist",
         "virtual_assistant", "chief_of_staff", "other"}


def demo(*arguments, **environment):
    return subprocess.run([BINARY, "demo", *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


def filled(server, **environment):
    """Runs it; (its output, {variable: token})."""
    done = demo("--url", server.url, **environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout, {name: token for name, token, _ in TOKEN.findall(done.stdout)}


@pytest.fixture(scope="module")
def runs(server):
    """The first run and the second."""
    return filled(server), filled(server)


def test_first_run_makes_and_second_finds(runs):
    (first, _), (second, _) = runs
    assert f"vacancies     {VACANCIES} new, 0 there already\n" in first
    assert f"applications  {APPLICATIONS} new, 0 there already\n" in first
    assert f"vacancies     0 new, {VACANCIES} there already\n" in second
    assert f"applications  0 new, {APPLICATIONS} there already\n" in second


def test_vacancies_are_public_complete_and_unchanged_by_the_second_run(runs, api):
    cards = list(api.anybody.pages("/v1/jobs", limit=100))
    assert len(cards) == VACANCIES == len({card["reference"] for card in cards})
    assert {card["role"] for card in cards} == ROLES
    assert {card["version"] for card in cards} == {1}
    assert {card["language"] for card in cards} == {"it", "en"}
    assert len({card["location"]["country"] for card in cards}) >= 8
    for card in cards:
        assert card["salary"] and card["languages"], card
        job = api.anybody.get(f"/v1/jobs/{card['id']}").expect(200).json
        assert len(job["description"]) > 150 and job["duties"] and job["soft_skills"]


def test_tokens_work_and_those_of_the_run_before_do_not(runs, api):
    (_, old), (_, new) = runs
    assert list(new) == ["COMPANY", "COMPANY_2", "COMPANY_3", "CANDIDATE", "CANDIDATE_2"] == list(old)
    for token in new.values():
        api.as_(token).get("/v1/me").expect(200)
    for token in old.values():
        api.as_(token).get("/v1/me").expect(401, "invalid_token")
    company, candidate = api.as_(new["COMPANY"]), api.as_(new["CANDIDATE"])
    assert [len(list(api.as_(new[name]).pages("/v1/jobs", scope="own"))) for name in new if name.startswith("COM")] == [16] * 3
    statuses = sorted(item["status"] for item in company.pages("/v1/applications"))
    assert statuses == ["in_review", "shortlisted"]
    assert len(list(candidate.pages("/v1/applications"))) == 3
    owner = api.anybody.post("/v1/sessions", {"email": "risorse.umane@calicanto.example",
                                              "password": "a demo of Segreteria"}).expect(201).json
    tokens = api.as_(owner["session"]["access_token"]).get("/v1/tokens").expect(200).json["items"]
    assert [token["name"] for token in tokens] == ["segreteria demo"]


def test_vacancy_that_was_closed_stays_closed(runs, server, api):
    _, tokens = filled(server)
    company = api.as_(tokens["COMPANY"])
    job = company.get("/v1/jobs", params={"scope": "own", "limit": 1}).expect(200).json["items"][0]
    company.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    output, _ = filled(server)
    assert f"vacancies     0 new, {VACANCIES - 1} there already, 1 ended since and left as they are\n" in output


def test_another_password_is_told(runs, server):
    done = demo("--url", server.url, SEGRETERIA_DEMO_PASSWORD="something quite different")
    assert done.returncode == 1
    assert "registered with another password: set SEGRETERIA_DEMO_PASSWORD" in done.stderr


def test_no_server():
    done = demo("--url", "http://127.0.0.1:1/")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Is the server running?" in done.stderr


@pytest.mark.parametrize("url", ["http://jobs.example", "https://127.0.0.1.jobs.example", "http://localhost.jobs.example:80",
                                 "ftp://127.0.0.1", "http://localhost:80@jobs.example", "127.0.0.1:8080"])
def test_well_known_password_stays_on_this_machine(url):
    done = demo("--url", url)
    assert done.returncode == 2
    assert "SEGRETERIA_DEMO_PASSWORD" in done.stderr


@pytest.mark.parametrize("arguments", [["--nothing"], ["--url"], ["--url", ""], ["argument"]])
def test_wrong_use(arguments):
    done = demo(*arguments)
    assert done.returncode == 2
    assert "Try: segreteria demo --help" in done.stderr


def test_help():
    done = demo("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: segreteria demo")
