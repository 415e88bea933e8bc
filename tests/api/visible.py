"""What the tests of visibility, employer shields and blind reviews share: a candidate with much to tell, and what a company
sees of the list of candidates."""

PROFILE = {
    "basics": {"given_name": "Lia", "family_name": "Rossi", "headline": "Segretaria di Rossi", "phone": "+39 02 123456",
               "summary": "Lia Rossi, Lecco.", "url": "https://lia-rossi.example/",
               "location": {"country": "IT", "region": "Lombardia", "city": "Lecco", "postal_code": "23900"}},
    "work": [{"name": "Lario Meccanica", "position": "Segretaria", "start_date": "2014-01", "end_date": "2015-12"}],
    "education": [{"institution": "Liceo Manzoni", "area": "Lingue", "study_type": "Diploma", "end_date": "2009"}],
    "references": [{"name": "Anna Verdi", "reference": "Affidabile."}],
    "languages": [{"language": "it", "level": "C2"}, {"language": "en", "level": "B2"}],
    "tools": [{"name": "Microsoft Excel", "level": "advanced"}], "soft_skills": ["confidentiality"], "duties": ["diary"],
    "preferences": {"roles": ["secretary"], "work_modes": ["hybrid"], "notice_days": 30,
                    "minimum_pay": {"amount": 31000, "currency": "EUR", "unit": "year"}},
}
TELLING = ["Lia", "Rossi", "lia-rossi", "Lecco", "Manzoni", "2009", "2014", "Verdi", "123456", "31000", "Lario"]
COMPETENCES = {"location": {"country": "IT", "region": "Lombardia"}, "languages": PROFILE["languages"], "tools": PROFILE["tools"],
               "soft_skills": ["confidentiality"], "duties": ["diary"]}


def candidate(world, visibility=None, **changes):
    made = world.candidate()
    made.client.put("/v1/me/profile", {**PROFILE, **changes}).expect(200)
    if visibility:
        made.client.put("/v1/me/visibility", {"visibility": visibility}).expect(200)
    return made


def verified(world, **more):
    company = world.company(**more)
    world.database.query("update companies set verification = 'verified' where id = %s", company.id)
    return company


def pages(company, query="", limit=100):
    """All items of the list, and the last page's whole answer."""
    items, cursor = [], ""
    while True:
        answer = company.client.get(f"/v1/candidates?limit={limit}{query}{cursor}").expect(200).json
        items += answer["items"]
        if answer["next_cursor"] is None:
            return items, answer
        cursor = "&cursor=" + answer["next_cursor"]


def listed(company, query=""):
    return pages(company, query)[0]


def ids(company, query=""):
    return {item["id"] for item in listed(company, query)}


def shield(someone, *entries):
    return someone.client.put("/v1/me/employer-shield", {
        "entries": [{"kind": kind, "value": value} for kind, value in entries]}).expect(200).json


def hide_everybody(database):
    """Nobody is visible but those of the test."""
    database.query("update candidates set visibility = 'hidden', visible_since = null where visibility <> 'hidden'")
