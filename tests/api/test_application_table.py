"""Exports as a table: what the company's own people say of an application is there as in NDJSON, and no program."""

import csv
import io

CSV, NDJSON = {"Accept": "text/csv"}, {"Accept": "application/x-ndjson"}
OF_THE_TEAM = ("assignee", "tags", "rating", "rating_members")


def table(account, target="/v1/applications"):
    text = account.client.get(target, headers=CSV).expect(200).body.decode()
    return {row["application_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def rated(company, job, criteria):
    company.client.put(f"/v1/jobs/{job['id']}/criteria", {"criteria": [{"id": c, "label": c} for c in criteria]}).expect(200)


def worked_on(world, company, recruiter, application, tags=("Milano", "Chiamare giovedì")):
    path = f"/v1/applications/{application['id']}"
    company.client.post(path + "/tags", {"add": list(tags)}).expect(200)
    company.client.put(path + "/assignee", {"member_id": world.membership(company, recruiter)}).expect(200)
    for account, criterion, value in ((company, "style", 5), (company, "german", 4), (recruiter, "style", 4)):
        account.client.put(f"{path}/ratings/{criterion}", {"value": value}).expect(200)


def test_what_the_team_says(world, company, recruiter):
    job = world.job(company, response_promise_days=7)
    rated(company, job, ["style", "german"])
    sent, other = (world.application(world.candidate(), job) for _ in range(2))
    worked_on(world, company, recruiter, sent)
    company.client.patch(f"/v1/applications/{sent['id']}", {"status": "in_review", "reason": "Mancano i verbali."}).expect(200)
    for target in ("/v1/applications", f"/v1/jobs/{job['id']}/applications"):
        row = table(company, target)[sent["id"]]
        assert [row[name] for name in OF_THE_TEAM] == ["A recruiter", "Chiamare giovedì; Milano", "4.33", "2"]
        line = next(line for line in company.client.get(target, headers=NDJSON).expect(200).lines if line["id"] == sent["id"])
        assert (line["assignee"]["name"], "; ".join(line["tags"]), f"{line['rating']['average']:.2f}", str(line["rating"]["members"])) == \
            tuple(row[name] for name in OF_THE_TEAM)
        assert (row["status"], row["reason"], row["next_update_due"]) == (line["status"], line["reason"], line["next_update_due"])
        assert [table(company, target)[other["id"]][name] for name in OF_THE_TEAM] == ["", "", "", ""]
    rated(company, job, ["german"])  # by the criteria that hold now
    assert [table(company)[sent["id"]][name] for name in OF_THE_TEAM[2:]] == ["4.00", "1"]


def test_a_tag_and_a_colleague_are_no_program(world, company):
    job = world.job(company)
    sent = world.application(world.candidate(), job)
    colleague = world.member(company, "recruiter")
    colleague.client.patch("/v1/me", {"name": "=cmd|' /C calc'!A0"}).expect(200)
    tags = ["+39 02", "=1+1", "@SUM(A1)", "so; -2+3"]
    company.client.post(f"/v1/applications/{sent['id']}/tags", {"add": tags}).expect(200)
    company.client.put(f"/v1/applications/{sent['id']}/assignee", {"member_id": world.membership(company, colleague)}).expect(200)
    row = table(company)[sent["id"]]
    assert row["assignee"] == "'=cmd|' /C calc'!A0"
    assert sorted(row["tags"].split("; ")) == sorted(["'=1+1", "'+39 02", "so", "'-2+3", "'@SUM(A1)"])


def test_a_blind_application(world, company, recruiter):
    """The team's words are its own; the candidate stays unknown beside them."""
    job = world.job(company, blind_review=True)
    rated(company, job, ["style", "german"])
    someone = world.candidate(given_name="Ludovica", family_name="Sconosciuti")
    sent = world.application(someone, job, cover_letter="Ludovica scrive.")
    worked_on(world, company, recruiter, sent)
    row = table(company)[sent["id"]]
    assert [row[name] for name in OF_THE_TEAM] == ["A recruiter", "Chiamare giovedì; Milano", "4.33", "2"]
    assert [row[name] for name in ("candidate_id", "given_name", "family_name", "email", "cover_letter", "documents")] == [""] * 6
    for telling in ("Ludovica", "Sconosciuti", someone.email, someone.id):
        assert telling not in "".join(row.values())


def test_a_restricted_application(world, company, recruiter):
    """Who restricted the processing: not even what was said of it is shown, in the table as in NDJSON."""
    job = world.job(company)
    rated(company, job, ["style", "german"])
    someone = world.candidate()
    sent = world.application(someone, job)
    worked_on(world, company, recruiter, sent)
    someone.client.put("/v1/me/restriction", {"ground": "accuracy"}).expect(200)
    row = table(company)[sent["id"]]
    assert row["status"] == "submitted" and [row[name] for name in OF_THE_TEAM] == ["", "", "", ""]
    line = next(line for line in company.client.get("/v1/applications", headers=NDJSON).expect(200).lines if line["id"] == sent["id"])
    assert line["restricted"] and not {"assignee", "tags", "rating"} & set(line)


def test_a_viewer_has_the_same_table(world, company, recruiter):
    assert table(world.member(company, "viewer")) == table(company)
