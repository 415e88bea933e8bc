"""A person's export in tests: asked for, waited for, fetched, opened."""

import io
import os
import zipfile

from .eventually import eventually


def state(person):
    return person.client.get("/v1/me/export").expect(200).json["state"]


def export(person, outcome="ready"):
    """Asks for an export and waits until it is ready, or has failed."""
    person.client.post("/v1/me/export").expect(202)
    eventually(lambda: state(person) == outcome, f"the export is {outcome}", seconds=20)


def fetch(person):
    return person.client.get("/v1/me/export/content").expect(200)


def unpacked(answer):
    """{name: bytes}, every CRC checked."""
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist()}


def document(person, content, name="cv.txt"):
    return person.client.request("POST", "/v1/documents", body=content, params={"name": name},
                                 headers={"Content-Type": "text/plain"}).expect(201).json


def incompressible(person, size):
    person.client.request("POST", "/v1/documents", body=b"%PDF-1.7\n" + os.urandom(size), params={"name": "cv.pdf"},
                          headers={"Content-Type": "application/pdf"}).expect(201)
