"""application/ld+json of a vacancy: a JobPosting whose properties and types are those of schema.org, as the npm package
schema-dts (Google) has its vocabulary."""

import re
import shutil
import subprocess
import tarfile
from html import escape

import pytest
from support.world import in_days

PACKAGE = "schema-dts@1.1.5"
LD = {"Accept": "application/ld+json"}
GOOGLE_REQUIRED = {"datePosted", "description", "hiringOrganization", "jobLocation", "title"}
GOOGLE_RECOMMENDED = {"baseSalary", "directApply", "employmentType", "identifier", "validThrough", "experienceRequirements"}
EVERYTHING = {
    "reference": "EA-7", "description": "Keep the **diary**.\n\n- travel\n- <script>alert(1)</script>\n\n[x](javascript:alert(1))",
    "location": {"country": "IT", "region": "Lombardia", "city": "Milano", "postal_code": "20121", "latitude": 45.4, "longitude": 9.2},
    "salary": {"min": 1500, "max": 2000.5, "currency": "EUR", "unit": "month", "payments": 14}, "experience_years_min": 3,
    "tools": [{"name": "SAP", "importance": "must"}], "soft_skills": [{"skill": "kindness", "importance": "must"}],
    "languages": [{"language": "en", "level": "C1", "importance": "must"}], "openings": 2, "start_date": "2030-01-01",
    "valid_through": in_days(30), "employment_type": "part_time",
}


SITE = "https://jobs.example.org"


@pytest.fixture(scope="module")
def server_options():
    return ["--public-url", SITE]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    """{type: (types it extends, {property: text of its range})}"""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: schema.org's vocabulary comes with it")
    folder = tmp_path_factory.mktemp("schema-dts")
    done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"the registry does not give {PACKAGE}: {done.stderr[-200:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        text = archive.extractfile("package/dist/schema.d.ts").read().decode()
    types = {}
    for name, parents, body in re.findall(r"^interface (\w+)Base extends ([\w, <>\"|.]+?) \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        parents = [parent.strip().removesuffix("Base") for parent in parents.split(",")]
        types[name] = (parents, dict(re.findall(r'^    "(\w+)"\?: SchemaValue<(.*?), "', body, re.MULTILINE)))
    for name, body in re.findall(r"^interface (\w+)Base extends Partial<IdReference> \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        types[name] = ([], dict(re.findall(r'^    "(\w+)"\?: SchemaValue<(.*?), "', body, re.MULTILINE)))
    for name, parent in re.findall(r"^interface (\w+)Leaf extends (\w+)Base", text, re.MULTILINE):
        types.setdefault(name, ([parent], {}))
    # What has no properties of its own may be no interface there, but a union of what extends it.
    for name, members in re.findall(r"^(?:export )?type (\w+) = ([\w |\"]+?);$", text, re.MULTILINE):
        for member in members.replace(" ", "").split("|"):
            if member in types and member != name:
                types[member][0].append(name)
    assert len(types) > 300
    return types


def properties(vocabulary, name):
    parents, own = vocabulary.get(name, ([], {}))
    found = dict(own)
    for parent in parents:
        found = {**properties(vocabulary, parent), **found}
    return found


def ancestors(vocabulary, name):
    return {name}.union(*(ancestors(vocabulary, parent) for parent in vocabulary.get(name, ([], {}))[0]))


def check(vocabulary, node, path="JobPosting"):
    known = properties(vocabulary, node["@type"])
    assert known, f"{path}: no such type {node['@type']}"
    for name, value in node.items():
        if name.startswith("@"):
            continue
        assert name in known, f"{path}.{name} is not a property of {node['@type']}"
        expected = set(known[name].replace(" ", "").split("|"))
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                assert ancestors(vocabulary, one["@type"]) & expected, f"{path}.{name}: {one['@type']} is none of {expected}"
                check(vocabulary, one, f"{path}.{name}")
            else:
                fits = {bool: {"Boolean"}, int: {"Number", "Integer"}, float: {"Number"}, str: {"Text", "URL", "Date", "DateTime"}}
                assert fits[type(one)] & expected, f"{path}.{name}: {one!r} is none of {expected}"


def posting(api, job):
    answer = api.get(f"/v1/jobs/{job['id']}", headers=LD).expect(200)
    assert answer.media_type == "application/ld+json" and "Accept" in answer.headers["Vary"]
    return answer.json


def test_everything_that_google_asks_for(world, company, api, vocabulary):
    company.client.patch(f"/v1/companies/{company.id}", {"website": "https://lario.example.org"}).expect(200)
    job = world.job(company, **EVERYTHING)
    found = posting(api, job)
    check(vocabulary, found)
    assert found["url"] == f"{SITE}/v1/jobs/{job['id']}"
    assert found["hiringOrganization"] == {"@type": "Organization", "name": "Lario Meccanica", "sameAs": "https://lario.example.org"}
    assert found["jobLocation"]["geo"] == {"@type": "GeoCoordinates", "latitude": 45.4, "longitude": 9.2}
    assert GOOGLE_REQUIRED | GOOGLE_RECOMMENDED <= set(found)
    assert found["identifier"] == {"@type": "PropertyValue", "name": "Lario Meccanica", "value": "EA-7"}
    assert found["baseSalary"]["value"] == {"@type": "QuantitativeValue", "minValue": 1500, "maxValue": 2000.5, "unitText": "MONTH"}
    assert found["jobLocation"]["address"] == {"@type": "PostalAddress", "addressCountry": "IT", "addressRegion": "Lombardia",
                                               "addressLocality": "Milano", "postalCode": "20121"}
    assert found["validThrough"] == in_days(30) + "T23:59:59Z"
    assert found["experienceRequirements"]["monthsOfExperience"] == 36
    assert "<strong>diary</strong>" in found["description"] and "<li>travel</li>" in found["description"]
    assert "<script" not in found["description"] and "javascript" not in found["description"]
    assert found["skills"] == ["SAP", "kindness", "en C1"]


def test_remote_work_and_little_said(world, company, api, vocabulary):
    remote = posting(api, world.job(company, work_mode="remote", location={"country": "IT"}, salary={"max": 30000, "currency": "EUR", "unit": "year"}))
    check(vocabulary, remote)
    assert remote["jobLocationType"] == "TELECOMMUTE" and "jobLocation" not in remote
    assert remote["applicantLocationRequirements"] == {"@type": "Country", "name": "IT"}
    assert remote["baseSalary"]["value"] == {"@type": "QuantitativeValue", "maxValue": 30000, "unitText": "YEAR"}
    bare = posting(api, world.job(company, location={"country": "GB"}, salary=None, valid_through=None, role=None, employment_type=None))
    check(vocabulary, bare)
    assert not {"baseSalary", "validThrough", "occupationalCategory", "employmentType"} & set(bare)


def test_it_says_that_it_is_open_to_everybody(world, company, api):
    """Apart from the description, whatever that leaves open."""
    job = world.job(company, description="Keep the diary.\n\n```\nopen <b>", language="it")
    html = posting(api, job)["description"]
    assert job["equal_opportunity_statement"]
    assert html.endswith(f"</code></pre>\n<p>{escape(job['equal_opportunity_statement'], quote=False)}</p>\n"), html


def test_numbers_are_as_they_were_written(world, company, api):
    job = world.job(company, salary={"min": 19.99, "max": 20.1, "currency": "EUR", "unit": "hour"},
                    location={"country": "IT", "city": "Milano", "latitude": 45.464203, "longitude": 9.189982})
    body = api.get(f"/v1/jobs/{job['id']}", headers=LD).expect(200).body
    assert b'"minValue":19.99,' in body and b'"maxValue":20.1,' in body
    assert b'"latitude":45.464203,"longitude":9.189982' in body


def test_the_middle_of_a_town_is_no_address(world, company, api):
    """Google takes coordinates for the place of work: the gazetteer's are not told."""
    job = world.job(company)
    assert job["location"]["coordinates"] == "gazetteer"
    assert "geo" not in posting(api, job)["jobLocation"]


def test_one_resource_two_representations(world, company, api):
    job = world.job(company)
    path = f"/v1/jobs/{job['id']}"
    plain, linked = api.get(path).expect(200), api.get(path, headers=LD).expect(200)
    assert plain.media_type == "application/json" and plain.etag != linked.etag
    assert api.get(path, headers={"Accept": "application/ld+json;q=0.5, application/json"}).media_type == "application/json"
    assert api.get(path, headers={"Accept": "*/*"}).media_type == "application/json"
    api.get(path, headers={**LD, "If-None-Match": linked.etag}).expect(304)
    api.get(path, headers={"Accept": "text/html"}).expect(406, "not_acceptable")


def test_what_ended_is_gone_in_both(world, company, api):
    job = world.job(company)
    company.client.patch(f"/v1/jobs/{job['id']}", {"status": "closed", "close_reason": "filled"}).expect(200)
    api.get(f"/v1/jobs/{job['id']}", headers=LD).expect(410, "job_closed")
    assert company.client.get(f"/v1/jobs/{job['id']}", headers=LD).expect(200).json["@type"] == "JobPosting"
    draft = world.job(company, status="draft")
    api.get(f"/v1/jobs/{draft['id']}", headers=LD).expect(404, "not_found")
