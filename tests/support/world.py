"""Companies, candidates and vacancies to test with. What the API can make is made through the API; members besides the
owner, and operators, by SQL, because no operation makes them."""

import datetime
import itertools
import time
import uuid
from dataclasses import dataclass, field

from support.eventually import eventually

PASSWORD = "correct horse battery"


def in_days(days):
    """A day in UTC as the API writes it."""
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)).isoformat()


def a_day_that_lasts(seconds=30):
    """For what holds until the end of a day (UTC): a test that would begin in its last seconds begins with the next."""
    while (now := datetime.datetime.now(datetime.timezone.utc)).hour == 23 and now.minute == 59 and now.second >= 60 - seconds:
        time.sleep(0.2)


def vacancy(**changes):
    """A vacancy that may be published in Italy. A change to None leaves the member out."""
    document = {
        "title": "Assistente di direzione",
        "description": "Supporto **quotidiano** alla direzione generale: agenda, viaggi, verbali.",
        "language": "it", "role": "executive_assistant", "employment_type": "full_time", "contract": "permanent",
        "work_mode": "hybrid", "location": {"country": "IT", "region": "Lombardia", "city": "Milano"},
        "salary": {"min": 32000, "max": 38000, "currency": "EUR", "unit": "year"},
        "valid_through": in_days(60), "status": "published",
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not None}


@dataclass
class Account:
    """Somebody with a session. id: of the company or the candidate."""

    client: object
    id: str
    email: str
    session: dict = field(repr=False)
    document: dict = field(repr=False)

    @property
    def token(self):
        return self.session["access_token"]


class World:
    def __init__(self, client, database):
        self.client, self.database = client.anybody, database
        self.numbers = itertools.count(1)
        self.mark = uuid.uuid4().hex[:8]

    def email(self, name="somebody"):
        return f"{name}.{next(self.numbers)}.{self.mark}@example.org"

    def company(self, country="IT", name="Lario Meccanica"):
        email = self.email("owner")
        body = {"company": {"legal_name": f"{name} S.p.A.", "name": name, "country": country, "kind": "employer"},
                "owner": {"email": email, "password": PASSWORD, "name": "Chiara Fumagalli"}}
        answer = self.client.post("/v1/companies", body).expect(201).json
        session = answer["session"]
        return Account(self.client.as_(session["access_token"]), answer["company"]["id"], email, session, answer["company"])

    def candidate(self, **profile):
        email = self.email("candidate")
        body = {"email": email, "password": PASSWORD, "given_name": "Lia", "family_name": "Rossi", **profile}
        answer = self.client.post("/v1/candidates", body).expect(201).json
        session = answer["session"]
        return Account(self.client.as_(session["access_token"]), answer["candidate"]["id"], email, session,
                       answer["candidate"])

    def login(self, email, account_id=None):
        answer = self.client.post("/v1/sessions", {"email": email, "password": PASSWORD}).expect(201).json
        session = answer["session"]
        return Account(self.client.as_(session["access_token"]), account_id, email, session, answer["account"])

    def insert_account(self, kind, model_email, name):
        """An account with the password of another."""
        email = self.email(kind)
        account = self.database.value(
            "insert into accounts (id, kind, email, password_hash, name) select uuid_v7(), %s, %s, password_hash, %s "
            "from accounts where email = %s returning id", kind, email, name, model_email)
        return account, email

    def member(self, company, role):
        account, email = self.insert_account("company", company.email, f"A {role}")
        self.database.query("insert into company_members (company_id, account_id, role) values (%s, %s, %s)",
                            company.id, account, role)
        return self.login(email, company.id)

    def verify(self, account):
        """As if the account had used the link that was sent to its address."""
        self.database.query("update accounts set email_verified_at = now() where email = %s", account.email)

    def membership(self, company, account):
        """The id of a member."""
        return str(self.database.value("select m.id from company_members m join accounts a on a.id = m.account_id "
                                       "where m.company_id = %s and a.email = %s", company.id, account.email))

    def invitation(self, company, email=None, role="recruiter", **more):
        body = {"email": email or self.email("invited"), "role": role, **more}
        return company.client.post(f"/v1/companies/{company.id}/invitations", body).expect(201).json

    def heard_all(self, company):
        """Waits until the server has heard what the data base had to say so far: it is told in the order of what happened, so
        when a token that ends now is dead, all before it was heard."""
        document, client = self.token(company, ["jobs:read"])
        client.get("/v1/jobs?scope=own").expect(200)
        self.database.query("update api_tokens set revoked_at = now() where id = %s", document["id"])
        eventually(lambda: client.get("/v1/jobs?scope=own").status == 401, "a token that ended is dead")

    def operator(self, model):
        _, email = self.insert_account("operator", model.email, "The operator")
        return self.login(email)

    def job(self, company, **changes):
        """A vacancy of a company, published unless the changes say otherwise."""
        return company.client.post("/v1/jobs", vacancy(**changes)).expect(201).json

    def application(self, candidate, job, **members):
        return candidate.client.post(f"/v1/jobs/{job['id']}/applications", members).expect(201).json

    def token(self, account, scopes, **more):
        """An API token of the account: (its document with the secret, a client that uses it)."""
        document = account.client.post("/v1/tokens", {"name": "a program", "scopes": list(scopes), **more}).expect(201).json
        return document, account.client.as_(document["secret"])
