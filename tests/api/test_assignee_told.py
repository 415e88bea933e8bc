"""Who is given an application to look after hears of it by e-mail, once, and not of who applied."""

import json

import pytest

PRIVATE = ("Lia", "Rossi", "candidate.", "Scrivo perché")


def path(application):
    return f"/v1/applications/{application['id']}/assignee"


def told(database, account):
    """(language, params) of each message that tells the account of applications given to it and has not gone."""
    return database.query("select o.lang, o.params from outbox o where o.to_address = %s and o.template = 'application_assigned' "
                          "and o.state = 'queued' order by o.created_at, o.id", account.email)


@pytest.fixture
def company(world):
    return world.company()


@pytest.fixture
def recruiter(world, company):
    return world.member(company, "recruiter")


@pytest.fixture
def give(world, company):
    def to(application, account, by=None, status=200):
        member = account and world.membership(company, account)
        return (by or company).client.put(path(application), {"member_id": member}).expect(status)
    return to


@pytest.fixture
def job(world, company):
    return world.job(company, reference="EA-7")


@pytest.fixture
def application(world, job):
    return world.application(world.candidate(), job, cover_letter="Scrivo perché mi interessa.")


def test_the_new_assignee_is_told(world, database, company, recruiter, give, job, application):
    recruiter.client.patch("/v1/me", {"language": "it"}).expect(200)
    give(application, recruiter)
    [(lang, params)] = told(database, recruiter)
    assert lang == "it" and params == {"member_id": world.membership(company, recruiter), "job_id": job["id"], "job": job["title"],
                                       "reference": "EA-7", "company": "Lario Meccanica", "count": 1}
    assert database.value("select due_at - now() between interval '1 minute' and interval '2 minutes' from outbox "
                          "where to_address = %s and template = 'application_assigned'", recruiter.email)
    assert told(database, company) == []


@pytest.mark.parametrize("blind", [False, True])
def test_nothing_of_who_applied(world, database, company, recruiter, give, blind):
    someone = world.candidate()
    sent = world.application(someone, world.job(company, blind_review=blind), cover_letter="Scrivo perché mi interessa.")
    give(sent, recruiter)
    [(lang, params)] = told(database, recruiter)
    assert lang == "en" and "reference" not in params
    for word in (*PRIVATE, someone.id, sent["id"]):
        assert word not in json.dumps(params, ensure_ascii=False)


def test_not_who_takes_it(database, company, recruiter, give, application):
    give(application, recruiter, by=recruiter)
    assert told(database, recruiter) == [] == told(database, company)


def test_the_same_again_is_no_news(database, recruiter, give, application):
    give(application, recruiter)
    give(application, recruiter)
    [(_, params)] = told(database, recruiter)
    assert params["count"] == 1


def test_many_of_a_vacancy_are_one_message(world, database, company, recruiter, give, job):
    sent = [world.application(world.candidate(), job) for _ in range(3)]
    other = world.application(world.candidate(), world.job(company, title="Receptionist"))
    for application in (*sent, other):
        give(application, recruiter)
    assert sorted((params["job"], params["count"]) for _, params in told(database, recruiter)) == [(job["title"], 3), ("Receptionist", 1)]
    own = world.application(world.candidate(), job)
    give(own, recruiter, by=recruiter)  # what it took itself is not counted, neither given nor taken back
    give(own, None)
    assert [params["count"] for _, params in told(database, recruiter) if params["job_id"] == job["id"]] == [3]
    # Once it has gone, the next is another one.
    database.query("update outbox set state = 'sent', to_address = null, params = '{}', ended_at = now() "
                   "where to_address = %s and template = 'application_assigned'", recruiter.email)
    give(world.application(world.candidate(), job), recruiter)
    assert [params["count"] for _, params in told(database, recruiter)] == [1]
    give(sent[0], None)  # told of it already: this does not take the other one's message away
    assert [params["count"] for _, params in told(database, recruiter)] == [1]


def test_what_is_taken_back_is_not_told(world, database, company, recruiter, give, job):
    first, second = (world.application(world.candidate(), job) for _ in range(2))
    colleague = world.member(company, "owner")
    give(first, recruiter)
    give(second, recruiter)
    give(first, colleague)
    assert [params["count"] for _, params in told(database, recruiter)] == [1] == [params["count"] for _, params in told(database, colleague)]
    give(second, None)
    assert told(database, recruiter) == []
    assert [params["count"] for _, params in told(database, colleague)] == [1]


@pytest.mark.parametrize("ends", ["removed", "viewer"])
def test_who_has_left_is_not_told(world, database, company, recruiter, give, application, job, ends):
    give(application, recruiter)
    target = f"/v1/companies/{company.id}/members/{world.membership(company, recruiter)}"
    if ends == "removed":
        company.client.delete(target).expect(204)
    else:
        company.client.patch(target, {"role": "viewer"}).expect(200)
    assert told(database, recruiter) == []


def test_who_is_no_member_is_refused_and_not_told(world, database, company, recruiter, give, application):
    member = world.membership(company, recruiter)
    company.client.delete(f"/v1/companies/{company.id}/members/{member}").expect(204)
    refused = company.client.put(path(application), {"member_id": member}).expect(422, "validation_failed")
    assert refused.errors == {("/member_id", "unknown_member")} and told(database, recruiter) == []


def test_the_message_outlives_the_candidate(world, database, recruiter, give, job):
    """It says how many, of which vacancy: an erased candidate is not in it, and the others are still told of."""
    someone = world.candidate()
    give(world.application(someone, job), recruiter)
    give(world.application(world.candidate(), job), recruiter)
    someone.client.delete("/v1/me")
    assert [params["count"] for _, params in told(database, recruiter)] == [2]
