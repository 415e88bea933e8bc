"""The description, the reference pages, the pages of problems, the state of the server."""

import html
import json
import re

import pytest
import yaml
from support.contract import API, CATALOGUE, ROOT


def test_health(api):
    for target in ("/livez", "/readyz"):
        assert api.get(target).expect(200).json == {"status": "ok"}


def test_description(api):
    source = (ROOT / "openapi.yaml").read_bytes()
    assert api.get("/openapi.yaml").expect(200).body == source
    assert api.get("/openapi.json").expect(200).json == yaml.safe_load(source)


@pytest.mark.parametrize("language", ["en", "it"])
@pytest.mark.parametrize("code", CATALOGUE)
def test_page_of_a_problem(api, code, language):
    headers = {"Accept-Language": language}
    entry = api.get(f"/problems/{code}", headers={**headers, "Accept": "application/json"}).expect(200).json
    known = CATALOGUE[code]
    assert entry == {"type": f"/problems/{code}", "code": code, "status": known["status"],
                     **{name: known[name][language] for name in ("title", "detail", "help")}}
    page = api.get(f"/problems/{code}", headers={**headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}).expect(200)
    assert page.media_type == "text/html" and known["title"][language] in html.unescape(page.body.decode())
    assert f'lang="{language}"' in page.body.decode()


def test_list_of_problems(api):
    items = api.get("/problems", headers={"Accept": "application/json"}).expect(200).json["items"]
    assert {item["code"] for item in items} == set(CATALOGUE)
    page = api.get("/problems", headers={"Accept": "text/html"}).expect(200).body.decode()
    assert all(f"<code>{code}</code>" in page for code in CATALOGUE)


def test_no_such_problem(api):
    api.get("/problems/no_such_problem").expect(404, "not_found")
    api.get("/problems/%3Cscript%3E").expect(400, "invalid_parameter")


def test_docs_come_from_this_server_alone(api):
    page = api.get("/docs").expect(200)
    text = page.body.decode()
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy and "http" not in policy
    linked = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert linked and not any(link.startswith(("http:", "https:", "//")) for link in linked)
    assert "<script>" not in text and " style=" not in text and not re.search(r"\son\w+=", text)
    for link in linked:
        path = link if link.startswith("/") else "/" + link
        assert api.get(path).status == 200, link


def test_docs_assets(api):
    assert api.get("/docs/docs.css").expect(200).media_type == "text/css"
    assert api.get("/docs/docs.js").expect(200).media_type == "text/javascript"
    for missing in ("nothing.js", "index.htm", "..", "...", "LICENSE-nothing"):
        api.get(f"/docs/{missing}").expect(404, "not_found")


def test_examples_of_the_description_are_accepted(api, world, company, candidate):
    """What the reference shows as a request works when somebody sends it."""
    for name in ("CompanyRegistration", "CandidateRegistration"):
        assert name in API["components"]["schemas"]
    operation = API["paths"]["/v1/jobs"]["post"]
    for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
        while "$ref" in example:
            target = API
            for part in example["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            example = target
        company.client.post("/v1/jobs", json.loads(json.dumps(example["value"]))).expect(201)
