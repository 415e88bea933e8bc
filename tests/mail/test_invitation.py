"""An invitation from end to end: the message arrives, and what is in it makes a member."""

import pytest
from support.world import PASSWORD


@pytest.fixture(scope="module")
def server_options(mailbox):
    return [*mailbox.server_options, "--public-url", "https://lavoro.example"]


def test_invited_by_mail(world, company, api, mailbox):
    world.verify(company)
    invitation = world.invitation(company, email=(email := world.email("sara")), role="viewer", language="it")
    message = mailbox.to(email)[0]
    assert company.document["name"] in message.subject and message.url.fragment.startswith("invitation=sgrl_")
    account = api.post("/v1/invitations/accept", {"token": message.token, "password": PASSWORD, "name": "Sara Conti"})
    assert account.expect(201).json["account"]["role"] == "viewer"
    assert company.client.get(f"/v1/companies/{company.id}/invitations/{invitation['id']}").json["status"] == "accepted"
    member = world.membership(company, world.login(email))
    company.client.delete(f"/v1/companies/{company.id}/members/{member}").expect(204)
    told = mailbox.to(email, 2)
    assert any("Non fai più parte" in message.subject and company.document["name"] in message.subject for message in told)
