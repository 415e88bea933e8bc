"""`segreteria taxonomies`: files that take the place of the gazetteer and of the roles' other names."""

import os
import subprocess

import pytest
from support.server import BINARY

PLACE = "1\tVillanova\t\tIT\tLombardia\tMI\t45.1\t9.1\t100\n"


@pytest.fixture
def run(database):
    def taxonomies(*options):
        return subprocess.run([BINARY, "taxonomies", *options], capture_output=True, text=True, timeout=120, check=False,
                              env={**os.environ, "SEGRETERIA_DATABASE_URL": database.conninfo})
    return taxonomies


def test_places_and_names(run, world, company, api, database, tmp_path):
    job = world.job(company, location={"country": "IT", "city": "Villanova"}, title="Da trovare")
    where = "select latitude::text from job_search where job_id = %s"
    before = database.value(where, job["id"])
    (tmp_path / "places").write_text(PLACE, encoding="utf-8")
    (tmp_path / "labels").write_text("executive_assistant\tit\tbraccio destro\n", encoding="utf-8")
    done = run("--places", tmp_path / "places", "--role-labels", tmp_path / "labels")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["1 places", "1 names of roles", "1 published vacancies brought up to date"]
    assert database.value(where, job["id"]) == "45.1" != before
    assert [place["name"] for place in api.get("/v1/taxonomies/places?q=v").expect(200).json["items"]] == ["Villanova"]
    assert database.value("select count(*) from job_changes where job_id = %s", job["id"]) == 2


@pytest.mark.parametrize("text", ["x\tVillanova\n", "1\tVillanova\t\tItalia\t\t\t45\t9\t1\n", "1\n"])
def test_what_is_wrong_changes_nothing(run, database, text, tmp_path):
    before = database.value("select count(*) from places")
    (tmp_path / "places").write_text(text, encoding="utf-8")
    done = run("--places", tmp_path / "places")
    assert done.returncode == 1 and done.stderr.startswith("segreteria: ")
    assert database.value("select count(*) from places") == before


def test_a_file_that_is_not_there(run):
    done = run("--places", "/nowhere/places.tsv")
    assert (done.returncode, done.stdout) == (1, "") and "/nowhere/places.tsv" in done.stderr
    assert run("surplus").returncode == 2
