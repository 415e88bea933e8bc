"""Two at the same moment: one application, one vacancy a reference, one account an address, one effect a key."""

import json
import threading
import time

import psycopg
from conftest import JOB, STATEMENTS, Candidate, Company, Refused, context, encode, new_id, token_hash

SAME_TIME = 6


def together(db, action):
    """action(a connection of its own, n) from several threads at the same moment; what they returned."""
    barrier, results = threading.Barrier(SAME_TIME), []

    def run(n):
        own = db.another()
        barrier.wait()
        try:
            results.append(action(own, n))
        finally:
            own.connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(SAME_TIME)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == SAME_TIME
    return results


def test_one_application(db):
    company, candidate = Company(db), Candidate(db)
    for _ in range(10):
        job_id = company.job()
        results = together(db, lambda own, n: own.call("applications_create", **{
            **candidate.caller, "job_id": job_id, "new_id": new_id(), "body": {}}))
        assert sorted(answer["status"] for answer in results) == [201] + [409] * (SAME_TIME - 1)
        ids = {answer["body"]["id"] if answer["status"] == 201 else answer["problem"]["application_id"] for answer in results}
        assert len(ids) == 1
        assert db.value("select count(*) from application_events where application_id = %s", ids.pop()) == 1


def waits_until(db, thread, waiting):
    """Until the thread's statement waits for a lock, or is done."""
    blocked = "select count(*) from pg_locks where not granted and pid = %s"
    while thread.is_alive() and not db.value(blocked, waiting.connection.info.backend_pid):
        time.sleep(0.01)


def test_nobody_applies_past_a_closing(db):
    """Who applies while a vacancy is being closed as filled waits for that, and is then told that it is closed."""
    company, candidate = Company(db), Candidate(db)
    job_id, one, two = company.job(), db.another(), db.another()
    read = db.call("jobs_patch_read", **company.caller, job_id=job_id)
    one.execute("begin")
    closed = one.call("jobs_patch", **company.caller, job_id=job_id, version=read["out_version"],
                      body={**read["body"], "status": "closed", "close_reason": "filled"})
    assert closed["status"] == 200, closed
    answers = []
    thread = threading.Thread(target=lambda: answers.append(two.call("applications_create", **{
        **candidate.caller, "job_id": job_id, "new_id": new_id(), "body": {}})))
    thread.start()
    waits_until(db, thread, two)
    assert not answers
    one.execute("commit")
    thread.join()
    assert (answers[0]["status"], answers[0]["code"]) == (409, "job_not_open")
    assert db.value("select count(*) from applications where job_id = %s", job_id) == 0
    one.connection.close()
    two.connection.close()


def found(company, q):
    answer = company.call("applications_list", q=q, limit=20)
    assert answer["status"] == 200, answer
    return len(answer["items"])


def save_profile(own, candidate, headline):
    answer = own.call("profile_put", **candidate.caller, body={
        "basics": {"given_name": "Carla", "family_name": "Neri", "headline": headline}})
    assert answer["status"] == 200, answer


def meanwhile(db, first, second):
    """first in a transaction, second on another connection as soon as that is done; both are committed when this returns."""
    one, two = db.another(), db.another()
    one.execute("begin")
    first(one)
    thread = threading.Thread(target=second, args=(two,))
    thread.start()
    waits_until(db, thread, two)
    one.execute("commit")
    thread.join()
    one.connection.close()
    two.connection.close()


def renew(own):
    return own.call("background_application_words", limit=100)


def test_a_profile_saved_while_words_are_made_is_found(db):
    """The row is marked already when the profile is saved: it must not become unmarked with the words of before."""
    company, candidate = Company(db), Candidate(db)
    assert candidate.apply(company.job())["status"] == 201
    save_profile(db, candidate, "Stenografa")
    meanwhile(db, renew, lambda own: save_profile(own, candidate, "Centralinista"))
    renew(db)
    assert (found(company, "centralinista"), found(company, "stenografa")) == (1, 0)


def test_a_profile_saved_while_its_owner_applies_is_found(db):
    """Whichever comes first: who saves does not see the application's row, who applies does not see the profile."""
    for applies_first in (True, False):
        company, candidate = Company(db), Candidate(db)
        job_id = company.job()
        save_profile(db, candidate, "Stenografa")

        def apply(own):
            answer = own.call("applications_create", **candidate.caller, job_id=job_id, new_id=new_id(), body={})
            assert answer["status"] == 201, answer

        def save(own):
            save_profile(own, candidate, "Centralinista")

        meanwhile(db, *((apply, save) if applies_first else (save, apply)))
        renew(db)
        assert (found(company, "centralinista"), found(company, "stenografa")) == (1, 0)


def page_while(db, company, change, statement, **values):
    """A page during which, between the finding and the showing of it, something changes."""
    one, two, answers = db.another(), db.another(), []
    one.execute("begin")
    one.execute("lock table application_tags in access exclusive mode")  # read by what shows an application
    thread = threading.Thread(target=lambda: answers.append(two.rows(statement, **{**company.caller, **values})[0]))
    thread.start()
    waits_until(db, thread, two)
    assert not answers
    change()
    one.execute("commit")
    thread.join()
    one.connection.close()
    two.connection.close()
    return answers[0]


def test_a_listing_goes_on_where_it_was(db):
    """What ends a page is erased, or changes, while the page is made: the next begins after the place where it was."""
    company, ids = Company(db), []
    for _ in range(6):
        ids.append(Candidate(db).apply(company.job())["body"]["id"])
    order = ids[::-1]

    def erase(application):
        return lambda: db.execute("delete from application_search where application_id = %s", application)

    def touch(application):
        return lambda: db.execute("update application_search set updated_at = now() where application_id = %s", application)

    page = page_while(db, company, erase(order[1]), "applications_view_list", limit=2)
    rest = company.call("applications_list", after=page["next_key"], limit=10)
    assert [item["id"] for item in rest["items"]] == order[2:]
    page = page_while(db, company, touch(order[2]), "applications_view_list", limit=2, sort="updated")
    rest = company.call("applications_list", after=page["next_key"], limit=10, sort="updated")
    assert [item["id"] for item in rest["items"]] == order[3:]
    page = page_while(db, company, erase(order[3]), "applications_export", form="csv", limit=3)
    rest = company.call("applications_list", after=page["next_key"], limit=10)
    assert [item["id"] for item in rest["items"]] == order[4:]


def test_one_vacancy_a_reference(db):
    company = Company(db)
    for turn in range(10):
        results = together(db, lambda own, n: own.call("jobs_put", **{
            **company.caller, "company_id": company.id, "reference": f"race-{turn}", "new_id": new_id(),
            "body": {**JOB, "title": f"Title {n}"}}))
        assert sorted(answer["status"] for answer in results) == [200] * (SAME_TIME - 1) + [201]
        assert {answer["location"] for answer in results} == {f"/v1/jobs/{results[0]['body']['id']}"}
        assert max(answer["body"]["version"] for answer in results) == SAME_TIME


def test_one_account_an_address(db):
    address = f"{new_id()}@posta.example"
    results = together(db, lambda own, n: own.call(
        "candidates_create", new_id=new_id(), password_hash="!", access_hash=token_hash(), refresh_hash=token_hash(),
        body={"email": address.upper() if n % 2 else address, "given_name": "A", "family_name": "B"}))
    assert sorted(answer["status"] for answer in results) == [201] + [409] * (SAME_TIME - 1)


def test_one_effect_an_idempotency_key(db):
    company = Company(db)
    statement = STATEMENTS["jobs_create"]
    key, fingerprint = token_hash(), token_hash()

    def post(own, _):
        values = {**company.caller, "new_id": new_id(), "body": {"title": "Once"}}
        values["context"] = context(values)
        arguments = [encode(values.get(name)) for name in statement.params] + [
            key.encode(), fingerprint.encode(), b"jobs_create"]
        try:
            with own.connection.transaction():
                own.rows("idempotency_claim", key_hashes=[key])
                result = own.connection.pgconn.exec_params(statement.idempotent_sql.encode(), arguments)
                return result.get_value(0, 0).decode()
        except Refused as refusal:
            return refusal.sqlstate

    first = together(db, post)
    assert first.count("201") == 1 and set(first) <= {"201", "SG001", "SG002"}
    later = together(db, post)
    assert set(later) <= {"SG001", "SG002"} and "SG001" in later
    assert db.value("select count(*) from jobs where company_id = %s", company.id) == 1
    stored = db.call("idempotency_read", key_hashes=[key])
    assert (stored["status"], stored["fingerprint"], stored["operation"]) == (201, fingerprint, "jobs_create")

    db.execute("update idempotency_keys set created_at = now() - interval '25 hours'")
    assert post(db, 0) == "201"
    db.execute("update idempotency_keys set created_at = now() - interval '25 hours'")
    assert db.call("background_idempotency_purge", limit=10)["out_count"] == "1"


def test_two_owners_cannot_both_leave(db):
    company, other = Company(db), new_id()
    db.execute("insert into accounts (id, kind, email, password_hash, name) values (%s, 'company', %s, '!', 'B')",
               other, f"{other}@alfa.example")
    db.execute("insert into company_members (company_id, account_id, role) values (%s, %s, 'owner')", company.id, other)
    owners = [other, company.caller["caller_account_id"]]

    def leave(own, n):
        try:
            own.execute("delete from company_members where account_id = %s", owners[n % 2])
        except psycopg.errors.CheckViolation:
            pass

    together(db, leave)
    assert db.value("select count(*) from company_members where company_id = %s", company.id) == 1


NAME = 'Beta "\\1" & Söhne, "company":{}'


def rename(db, company):
    db.execute("update companies set name = %s, version = version + 1 where id = %s", NAME, company.id)


def retitle(db, company, job_id):
    read = db.call("jobs_patch_read", **company.caller, job_id=job_id)
    answer = db.call("jobs_patch", **company.caller, job_id=job_id, version=read["out_version"],
                     body={**read["body"], "title": "Other"})
    assert answer["status"] == 200, answer


def test_a_vacancy_and_its_company_change_at_once(db):
    """Whichever comes first, the stored texts hold both changes: title and version of the vacancy, name of the company."""
    company = Company(db)
    for vacancy_first in (True, False):
        db.execute("update companies set name = 'Alfa' where id = %s", company.id)
        job_id, one, two = company.job(), db.another(), db.another()
        first = [lambda: rename(one, company), lambda: retitle(one, company, job_id)][vacancy_first]
        second = [lambda: retitle(two, company, job_id), lambda: rename(two, company)][vacancy_first]
        one.execute("begin")
        first()
        thread = threading.Thread(target=second)
        thread.start()
        waits_until(db, thread, two)
        one.execute("commit")
        thread.join()
        for stored in (db.call("jobs_get", job_id=[job_id])["body"],
                       json.loads(db.value("select card from job_cards where job_id = %s", job_id))):
            assert (stored["title"], stored["version"], stored["company"]["name"]) == ("Other", 2, NAME)
        assert db.value("select d.document = job_document(j, c) and d.etag = md5(d.document) and k.card = job_card(j, c)"
                        " from jobs j join companies c on c.id = company_id join job_documents d on d.job_id = j.id"
                        " join job_cards k on k.job_id = j.id where j.id = %s", job_id)
        one.connection.close()
        two.connection.close()


CLIENT = {"legal_name": "Gamma S.r.l.", "vat_id": "IT01234567890", "country": "IT"}
VERIFIED = '{"status": "verified", "method": "register", "note": "seen"}'
UNVERIFIED = '{"status": "unverified", "note": "withdrawn"}'


def verification(own, company, body):
    """What came of an operator's finding."""
    return own.value("select status from verification_patch(%s, %s, (select version from companies where id = %s), null)",
                     company.id, body, company.id)


def agency(db):
    """A verified agency with a published vacancy for a client that it does not name, and that vacancy."""
    company = Company(db)
    db.execute("update companies set kind = 'agency' where id = %s", company.id)
    assert verification(db, company, VERIFIED) == 200
    return company, company.job(confidential_client=True, client=CLIENT)


def behind(db, first, second, company):
    """Both at once: `first` and then `second` wait for somebody who holds the company, and go on when that ends."""
    holder, outcomes, waiting = db.another(), {}, []
    holder.execute("begin")
    holder.execute("select from companies where id = %s for update", company.id)

    def run(own, action):
        try:
            outcomes[action] = action(own)
        except (Refused, psycopg.Error) as error:
            outcomes[action] = error

    for action in (first, second):
        own = db.another()
        thread = threading.Thread(target=run, args=(own, action))
        thread.start()
        waits_until(db, thread, own)
        waiting.append((thread, own))
    holder.execute("commit")
    for thread, own in waiting:
        thread.join()
        own.connection.close()
    holder.connection.close()
    return outcomes[first], outcomes[second]


def test_a_vacancy_changes_while_its_agency_s_verification_is_withdrawn(db):
    """Whoever comes first, both end, and neither waits for the other in a circle; what the agency may not publish is paused."""
    for withdrawal_first in (True, False):
        company, job_id = agency(db)
        read = db.call("jobs_patch_read", **company.caller, job_id=job_id)

        def withdraw(own):
            return verification(own, company, UNVERIFIED)

        def retitle_it(own):
            return own.call("jobs_patch", **company.caller, job_id=job_id, version=read["out_version"],
                            body={**read["body"], "title": "Other"})["status"]

        order = (withdraw, retitle_it) if withdrawal_first else (retitle_it, withdraw)
        outcomes = behind(db, *order, company)
        assert all(isinstance(outcome, int) for outcome in outcomes), outcomes  # no 40P01
        assert outcomes == ((200, 409) if withdrawal_first else (200, 200))
        assert db.value("select status from jobs where id = %s", job_id) == "paused"


def test_somebody_applies_while_its_agency_s_verification_is_withdrawn(db):
    company, job_id = agency(db)
    candidate = Candidate(db)

    def withdraw(own):
        return verification(own, company, UNVERIFIED)

    def apply(own):
        return own.call("applications_create", **{**candidate.caller, "job_id": job_id, "new_id": new_id(), "body": {}})["status"]

    outcomes = behind(db, withdraw, apply, company)
    assert outcomes == (200, 409), outcomes


def test_a_vacancy_is_published_while_its_agency_s_verification_is_withdrawn(db):
    """Never is one published that its agency may not publish."""
    for withdrawal_first in (True, False):
        company, _ = agency(db)
        job_id = company.job(status="draft", confidential_client=True, client=CLIENT)
        read = db.call("jobs_patch_read", **company.caller, job_id=job_id)

        def withdraw(own):
            return verification(own, company, UNVERIFIED)

        def publish(own):
            return own.call("jobs_patch", **company.caller, job_id=job_id, version=read["out_version"],
                            body={**read["body"], "status": "published"})["status"]

        order = (withdraw, publish) if withdrawal_first else (publish, withdraw)
        outcomes = dict(zip(order, behind(db, *order, company)))
        assert outcomes[withdraw] == 200, outcomes
        refused = isinstance(outcomes[publish], Refused) and outcomes[publish].sqlstate == "23514" or outcomes[publish] == 422
        assert refused if withdrawal_first else outcomes[publish] == 200, outcomes
        assert db.value("select status from jobs where id = %s", job_id) == ("draft" if withdrawal_first else "paused")


def test_notifications(db):
    heard = []
    ear = db.another()
    ear.connection.add_notify_handler(lambda note: heard.append((note.channel, note.payload)))
    ear.execute("listen segreteria_jobs")
    ear.execute("listen segreteria_auth")

    def hear(action):
        heard.clear()
        result = action()
        ear.execute("select 1")
        return result, list(heard)

    company, notes = hear(lambda: Company(db))
    assert notes == [("segreteria_auth", company.caller["caller_account_id"])]  # a member more
    draft, notes = hear(lambda: company.call("jobs_create", new_id=new_id(), body=JOB)["body"]["id"])
    assert notes == []
    assert hear(lambda: company.patch(draft, title="Other"))[1] == []
    assert hear(lambda: company.patch(draft, status="published"))[1] == [("segreteria_jobs", "")]
    assert hear(lambda: company.patch(draft))[1] == []
    assert hear(lambda: company.patch(draft, status="paused"))[1] == [("segreteria_jobs", "")]
    assert db.value("select array_agg(job_id::text) from job_changes where job_id = %s", draft) == [draft, draft]
    account = company.caller["caller_account_id"]
    assert hear(lambda: company.call("sessions_delete"))[1] == [("segreteria_auth", account)]
    ear.connection.close()
