"""What the tests of every operation need to call it: the company, candidate and things it acts on (Stage), and the request
that succeeds, with what callers of the right kind get for what is not theirs (REQUESTS)."""

import secrets
import uuid

from support.world import PASSWORD, in_days, vacancy


class Stage:
    """Company A with a published vacancy, a draft, and an application of candidate A; everybody else looks on."""

    def __init__(self, world):
        self.world = world
        self.company, self.other_company, self.suspended = world.company(), world.company(), world.company()
        self.candidate, self.other_candidate = world.candidate(), world.candidate()
        self.recruiter, self.viewer = world.member(self.company, "recruiter"), world.member(self.company, "viewer")
        self.operator = world.operator(self.company)
        self.passing = []  # tokens
        self.set_up()

    def set_up(self):
        """New things to act on: an operation that succeeds may use them up. Those of before go, for what a company has is
        limited."""
        self.world.database.query("delete from company_invitations")
        self.world.database.query("delete from api_tokens where id = any (%s::uuid[])", self.passing)
        self.passing.clear()
        self.job = self.world.job(self.company)
        self.draft = self.world.job(self.company, status="draft")
        self.application = self.world.application(self.candidate, self.job)
        self.world.database.query("delete from documents where candidate_id = %s", self.candidate.id)  # there may be twenty
        self.note = self.company.client.post(f"/v1/applications/{self.application['id']}/notes", {"body": "x"}).expect(201).json
        self.interview = self.company.client.post(f"/v1/applications/{self.application['id']}/interviews", INTERVIEW).expect(201).json
        self.message = self.company.client.post(f"/v1/applications/{self.application['id']}/messages", {"body": "x"}).expect(201).json
        self.company.client.put(f"/v1/jobs/{self.job['id']}/criteria", CRITERIA).expect(200)
        self.company.client.put(f"/v1/applications/{self.application['id']}/ratings/poise", {"value": 3}).expect(200)
        self.document = self.candidate.client.request("POST", "/v1/documents", body=PDF, headers={
            "Content-Type": "application/pdf"}).expect(201).json
        self.world.database.query("insert into application_documents values (%s, %s, 1)", self.application["id"], self.document["id"])
        self.token, _ = self.world.token(self.company, ["tokens:write"])
        self.passing.append(self.token["id"])
        entries = self.world.login(self.company.email).client.get("/v1/sessions").expect(200).json["items"]
        self.session = next(entry["id"] for entry in entries if entry["current"])
        self.world.verify(self.company)
        self.world.database.query("update companies set verification = 'verified' where id = %s", self.company.id)
        self.world.database.query("update candidates set visibility = 'members', visible_since = now() where id = %s",
                                  self.candidate.id)
        leaver = self.world.member(self.company, "viewer")
        self.member = self.world.membership(self.company, leaver)
        self.invitation = self.world.invitation(self.company)
        self.operator.client.put(f"/v1/companies/{self.suspended.id}/suspension", {"reason": "Under review."})

    def rightful(self, operation):
        if "company" in operation.principals:
            return self.company
        return self.candidate if "candidate" in operation.principals else self.operator

    def anyone_of(self, kind):
        return {"company": self.company, "candidate": self.candidate, "operator": self.operator}[kind]


def request(path=lambda stage: {}, body=None, foreign=None, status=None, alone=False, scopes=None, query=""):
    """path: values for the parameters of the path; body: for the request; foreign: what callers of the right kind get for
    what is not theirs, {caller: (status, code)}; status: of the rightful caller's success, if not the first 2xx; alone: it
    changes its caller's account for good, so whoever succeeds is somebody who has no other part; scopes: what it needs to
    succeed, if the contract does not say; query: what follows the path."""
    return {"path": path, "body": body, "foreign": foreign or {}, "status": status, "alone": alone, "scopes": scopes,
            "query": query}


def profile(stage):
    return {"basics": {"given_name": "Lia", "family_name": "Rossi", "headline": uuid.uuid4().hex}}


def new_job(stage):
    return vacancy()


def of_job(stage):
    return {"job_id": stage.job["id"]}


def of_draft(stage):
    return {"job_id": stage.draft["id"]}


def of_application(stage):
    return {"application_id": stage.application["id"]}


def of_note(stage):
    return {"application_id": stage.application["id"], "note_id": stage.note["id"]}


def of_interview(stage):
    return {"application_id": stage.application["id"], "interview_id": stage.interview["id"]}


def of_rating(stage):
    return {"application_id": stage.application["id"], "criterion": "poise"}


def of_document(stage):
    return {"document_id": stage.document["id"]}


def of_link(stage):
    link = stage.candidate.client.post(f"/v1/documents/{stage.document['id']}/links", {}).expect(201).json
    return {"secret": link["url"].rsplit("/", 1)[1]}


def of_company(stage):
    return {"company_id": stage.company.id}


def of_token(stage):
    return {"token_id": stage.token["id"]}


def no_link(stage):
    return {"token": "sgrl_" + "0" * 49}


def of_session(stage):
    return {"session_id": stage.session}


def of_suspended(stage):
    """A company of its own: nothing else could be done with the stage's."""
    return {"company_id": stage.suspended.id}


def of_member(stage):
    return {"company_id": stage.company.id, "member_id": stage.member}


def of_invitation(stage):
    return {"company_id": stage.company.id, "invitation_id": stage.invitation["id"]}


def of_company_token(stage):
    return {"company_id": stage.company.id, "token_id": stage.token["id"]}


def of_seen(stage):
    return {"candidate_id": stage.candidate.id}


HIDDEN = (404, "not_found")
UNVERIFIED = (403, "company_unverified")
REFUSED = (403, "forbidden")
NOT_MY_TOKEN = {"other_company": HIDDEN, "recruiter": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}

NOT_MY_DOCUMENT = {"other_company": HIDDEN, "other_candidate": HIDDEN}
CRITERIA = {"criteria": [{"id": "poise", "label": "Savoir-faire"}]}
INTERVIEW = {"place": "Via Roma 1", "slots": [{"starts_at": f"{in_days(9)}T09:00:00Z", "ends_at": f"{in_days(9)}T10:00:00Z"}]}
NOT_MINE = {"other_company": HIDDEN}
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"

REQUESTS = {
    "companies_create": request(body=lambda stage: {
        "company": {"legal_name": "A", "name": "A", "country": "IT", "kind": "employer"},
        "owner": {"email": stage.world.email(), "password": PASSWORD, "name": "A"}}),
    "companies_get": request(of_company),
    "companies_list": request(),
    "verification_get": request(of_company, foreign={"other_company": REFUSED, "operator": None}),
    "verification_patch": request(of_company, lambda stage: {"status": "unverified", "note": uuid.uuid4().hex},
                                  {"operator": None}),
    "suspension_get": request(of_company, foreign={"other_company": REFUSED, "operator": None},
                              status=(404, "not_found")),  # it is not suspended; see test_moderation.py
    "suspension_put": request(of_suspended, lambda stage: {"reason": uuid.uuid4().hex}, {"operator": None}),
    "suspension_delete": request(of_suspended, foreign={"operator": None}),
    "companies_patch": request(of_company, lambda stage: {"name": uuid.uuid4().hex}, {"other_company": REFUSED}),
    "members_list": request(of_company, foreign={"other_company": REFUSED}),
    "members_patch": request(of_member, lambda stage: {"role": "recruiter"}, {"other_company": REFUSED}),
    "members_delete": request(of_member, foreign={"other_company": REFUSED, "recruiter": REFUSED, "viewer": REFUSED},
                              scopes=["company:write"]),
    "invitations_list": request(of_company, foreign={"other_company": REFUSED}),
    "invitations_create": request(of_company, lambda stage: {"email": stage.world.email(), "role": "viewer"},
                                  {"other_company": REFUSED}),
    "invitations_get": request(of_invitation, foreign={"other_company": REFUSED}),
    "invitations_revoke": request(of_invitation, foreign={"other_company": REFUSED}),
    # just sent, so not again: who may not gets other answers
    "invitations_resend": request(of_invitation, foreign={"other_company": REFUSED}, status=(409, "invitations_limit")),
    # an API token joins nothing; see test_invitations.py
    "invitations_accept": request(body=lambda stage: {"token": "x"}, status=(403, "forbidden")),
    "company_tokens_list": request(of_company, foreign={"other_company": REFUSED}),
    "company_tokens_revoke": request(of_company_token, foreign={"other_company": REFUSED}),
    "candidates_create": request(body=lambda stage: {
        "email": stage.world.email(), "password": PASSWORD, "given_name": "A", "family_name": "B"}),
    "candidates_list": request(),
    "candidates_get": request(of_seen, foreign={"other_company": UNVERIFIED}),
    "sessions_create": request(body=lambda stage: {"email": stage.candidate.email, "password": PASSWORD}),
    "sessions_refresh": request(body=lambda stage: {
        "refresh_token": stage.world.login(stage.candidate.email).session["refresh_token"]}),
    "sessions_delete": request(status=(404, "not_found")),  # an API token is not a session; see test_sessions.py
    "sessions_list": request(),
    "sessions_end": request(of_session, foreign={"other_company": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}),
    "sessions_end_others": request(alone=True),
    "me_get": request(),
    "me_patch": request(body=lambda stage: {"name": uuid.uuid4().hex}),
    "profile_get": request(),
    "profile_put": request(body=profile),
    "profile_completeness": request(),
    "profile_export": request(),
    "profile_import": request(body=lambda stage: {"basics": {"label": uuid.uuid4().hex}}),
    "retention_get": request(of_company, foreign={"other_company": REFUSED}),
    "retention_put": request(of_company, lambda stage: {"application_days": secrets.choice(range(30, 700))}, {"other_company": REFUSED}),
    "applications_anonymise": request(of_application, foreign={"other_company": HIDDEN}, status=(409, "application_open")),
    "me_restriction_get": request(),
    "me_restriction_put": request(body=lambda stage: {"ground": secrets.choice(["accuracy", "claims"])}, alone=True),
    "me_restriction_delete": request(),
    "me_export_create": request(alone=True),
    "me_export_get": request(status=(404, "not_found")),  # nobody asked for one; see test_export.py
    "me_export_content": request(status=(403, "forbidden")),  # not with an API token
    "visibility_get": request(),
    "visibility_put": request(body=lambda stage: {"visibility": "members"}),
    "shield_get": request(),
    "shield_put": request(body=lambda stage: {"entries": [{"kind": "group", "value": uuid.uuid4().hex}]}),
    "me_password": request(body=lambda stage: {"current_password": PASSWORD, "new_password": PASSWORD}, alone=True),
    "me_totp_get": request(),
    "me_totp_start": request(body=lambda stage: {"password": PASSWORD}, alone=True),
    "me_totp_confirm": request(body=lambda stage: {"totp_code": "000000"}, alone=True, status=(409, "totp_not_enabled")),
    "me_totp_delete": request(body=lambda stage: {"password": PASSWORD}, alone=True, status=(409, "totp_not_enabled")),
    "me_totp_recovery": request(body=lambda stage: {"password": PASSWORD}, alone=True, status=(409, "totp_not_enabled")),
    "me_delete": request(body=lambda stage: {"password": PASSWORD}, alone=True),
    "email_verification": request(),
    "email_change": request(body=lambda stage: {"email": stage.world.email(), "password": PASSWORD}),
    "email_verify": request(body=no_link, status=(422, "invalid_link")),  # links that work: test_email.py
    "email_confirm": request(body=no_link, status=(422, "invalid_link")),
    "password_request_reset": request(body=lambda stage: {"email": stage.candidate.email}),
    "password_reset": request(body=lambda stage: {**no_link(stage), "password": uuid.uuid4().hex},
                              status=(422, "invalid_link")),
    "tokens_list": request(),
    "tokens_create": request(body=lambda stage: {"name": "a", "scopes": ["tokens:write"]}),
    "tokens_get": request(of_token, foreign=NOT_MY_TOKEN),
    "tokens_revoke": request(of_token, foreign=NOT_MY_TOKEN),
    "tokens_rotate": request(of_token, foreign=NOT_MY_TOKEN),
    "jobs_list": request(),
    "jobs_create": request(body=new_job),
    "jobs_batch": request(body=new_job),
    "jobs_validate": request(body=new_job),
    "jobs_get": request(of_draft, foreign={"other_company": HIDDEN, "candidate": HIDDEN, "operator": HIDDEN}),
    "jobs_patch": request(of_draft, lambda stage: {"title": uuid.uuid4().hex}, {"other_company": HIDDEN}),
    "jobs_delete": request(of_draft, foreign={"other_company": HIDDEN}),
    "jobs_put": request(lambda stage: {"company_id": stage.company.id, "reference": uuid.uuid4().hex}, new_job,
                        {"other_company": REFUSED}),
    "applications_create": request(of_job, lambda stage: {}, {"other_candidate": None}),
    "applications_list_for_job": request(of_job, foreign={"other_company": HIDDEN, "other_candidate": None}),
    "applications_list": request(),
    "documents_list": request(),
    "documents_create": request(body=lambda stage: PDF),
    "documents_get": request(of_document, foreign=NOT_MY_DOCUMENT),
    "documents_delete": request(of_document, foreign={"other_candidate": HIDDEN}),
    "documents_content": request(of_document, foreign=NOT_MY_DOCUMENT),
    "documents_link_create": request(of_document, lambda stage: {}, NOT_MY_DOCUMENT),
    "documents_link_open": request(of_link),
    "applications_get": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_patch": request(of_application, lambda stage: {"status": "in_review"},
                                  {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_events": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_job": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "applications_talent_pool": request(of_application, lambda stage: {"talent_pool": True}, {"other_candidate": HIDDEN}),
    "processing_notices_list": request(),
    "processing_notices_get": request(lambda stage: {"version": "current"}),
    "applications_bulk": request(body=lambda stage: {"moves": [{"id": stage.application["id"], "status": "in_review"}]}),
    "applications_assign": request(of_application, lambda stage: {"member_id": None}, NOT_MINE),
    "applications_compare": request(of_job, foreign=NOT_MINE, query="?ids=01a1c49e-6a80-7c3e-b7d4-2f9a61c08e55"),
    "applications_overdue": request(),
    "messages_list": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "messages_create": request(of_application, lambda stage: {"body": uuid.uuid4().hex}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "messages_read": request(of_application, lambda stage: {"message_id": stage.message["id"]}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_list": request(of_application, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_create": request(of_application, lambda stage: INTERVIEW, NOT_MINE),
    "interviews_get": request(of_interview, foreign={"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "interviews_patch": request(of_interview, lambda stage: {"status": "cancelled"}, {"other_company": HIDDEN, "other_candidate": HIDDEN}),
    "notes_list": request(of_application, foreign=NOT_MINE),
    "notes_create": request(of_application, lambda stage: {"body": uuid.uuid4().hex}, NOT_MINE),
    "notes_get": request(of_note, foreign=NOT_MINE),
    "notes_patch": request(of_note, lambda stage: {"body": uuid.uuid4().hex}, {**NOT_MINE, "recruiter": REFUSED}),
    "notes_delete": request(of_note, foreign={**NOT_MINE, "recruiter": REFUSED}),
    "criteria_company_get": request(of_company, foreign={"other_company": REFUSED}),
    "criteria_company_put": request(of_company, lambda stage: CRITERIA, {"other_company": REFUSED}),
    "criteria_job_get": request(of_job, foreign=NOT_MINE),
    "criteria_job_put": request(of_job, lambda stage: CRITERIA, NOT_MINE),
    "ratings_list": request(of_application, foreign=NOT_MINE),
    "ratings_put": request(of_rating, lambda stage: {"value": 4}, NOT_MINE),
    "ratings_delete": request(of_rating, foreign={**NOT_MINE, "recruiter": HIDDEN}),
    "tags_list": request(),
    "tags_change": request(of_application, lambda stage: {"add": [uuid.uuid4().hex]}, NOT_MINE),
    "audit_list": request(),
    "taxonomies_places": request(query="?q=mila"),
    "jobs_similar": request(of_job),
    "jobs_client": request(of_draft, status=(404, "not_found"),
                           foreign={"other_company": HIDDEN, "operator": HIDDEN}),  # see test_confidential_clients.py
    "jobs_suggest": request(query="?q=segr"),
    "taxonomies_get": request(lambda stage: {"name": "roles"}),
    "system_security_txt": request(status=(404, "not_found")),
    "system_api_catalog": request(),
    "system_receipt_keys": request(),
    "system_openapi_yaml": request(),
    "system_openapi_json": request(),
    "system_docs": request(),
    "system_docs_asset": request(lambda stage: {"asset": "docs.css"}),
    "system_links": request(),
    "system_links_asset": request(lambda stage: {"asset": "links.js"}),
    "system_problems": request(),
    "system_problem": request(lambda stage: {"code": "not_found"}),
    "system_livez": request(),
    "system_readyz": request(),
}
