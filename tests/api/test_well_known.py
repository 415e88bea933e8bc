"""/.well-known: whom to tell of a weakness, and where the API is."""

import datetime
import re

import pytest

CONTACTS = ["mailto:security@jobs.example.org", "https://jobs.example.org/report"]


@pytest.fixture(scope="module")
def server_options():
    return ["--security-contact", CONTACTS[0], "--security-contact", CONTACTS[1], "--public-url", "https://jobs.example.org"]


def test_security_txt(api):
    answer = api.get("/.well-known/security.txt").expect(200)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = re.findall(r"^([A-Za-z-]+): (.+)$", answer.body.decode(), re.MULTILINE)
    assert [value for name, value in fields if name == "Contact"] == CONTACTS
    (expires,) = [value for name, value in fields if name == "Expires"]
    left = datetime.datetime.fromisoformat(expires.replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(days=178) < left <= datetime.timedelta(days=180)
    assert ("Canonical", "https://jobs.example.org/.well-known/security.txt") in fields
    assert ("Preferred-Languages", "en, it") in fields
    api.get("/.well-known/security.txt", headers={"If-None-Match": answer.etag}).expect(304)
    assert api.request("HEAD", "/.well-known/security.txt").expect(200).body == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_api_catalog(api):
    answer = api.get("/.well-known/api-catalog").expect(200)
    assert answer.headers["Content-Type"].startswith("application/linkset+json; profile=")
    assert answer.headers["Link"] == '</.well-known/api-catalog>; rel="api-catalog"'
    (api_links,) = answer.json["linkset"]
    assert api_links["anchor"] == "https://jobs.example.org/v1"
    for relation in ("service-desc", "service-doc", "status"):
        for link in api_links[relation]:
            path = link["href"].removeprefix("https://jobs.example.org")
            assert api.get(path).expect(200).media_type == link["type"]


def test_options(tmp_path):
    from support.server import Server

    for contact in ("security@example.org", "http://example.org", "mailto:", "https://x y"):
        with pytest.raises(AssertionError, match="did not start"):
            Server(tmp_path, options=["--security-contact", contact])
