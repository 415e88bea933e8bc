"""What the background does for audit and moderation: old rows go, lifted suspensions come back whole."""

import pytest
from support.eventually import eventually


@pytest.fixture(scope="module")
def server_options():
    return ["--audit-retention-days", "200"]


def test_old_rows_are_purged(server, database):
    for days in (190, 210, 900):
        database.query("insert into audit_log (id, action, actor_kind, subject_kind)"
                       " values (uuid_floor(now() - %s * interval '1 day'), 'old.row', 'system', 'thing')", days)
    eventually(lambda: database.value("select count(*) from audit_log where action = 'old.row'") == 1, "two are gone", 30)


def test_a_lifted_suspension_comes_back_whole(world, company, database):
    job = world.job(company)
    database.query("update companies set suspended_at = now(), suspension_reason = 'x' where id = %s", company.id)
    database.query("update companies set suspended_at = null, suspension_reason = null, search_pending = true where id = %s",
                   company.id)
    eventually(lambda: database.value("select count(*) from job_search where job_id = %s", job["id"]) == 1, "it is back", 30)
