"""Every message in both languages, as a mail reader takes it apart, and as files where there is no mail server."""

import html.parser
import json
import os
import re
import stat
import uuid

import pytest
from support.eventually import eventually
from support.mail import Message
from support.server import ROOT

TEMPLATES = sorted({path.name.split(".")[0] for path in (ROOT / "src/mail/templates").glob("*.txt")} - {"common"})
LINKED = {"verify_email", "password_reset", "invitation", "email_change_confirm"}
EVIL = "Rossi\r\nBcc: x@y.example\r\n\r\n<script>alert('1')</script> & \"Figli\" \u202egnp.exe\u2066 ={+body}{url}"
VALUES = {
    "job": "Executive assistant", "reference": "EA-7", "count": 12, "slot_1": "2026-12-03 10:00–11:00 (Europe/Rome)",
    "place": "Via Roma 1, Lecco", "company": "Società Àlfa & Figli", "inviter": "Lucía D'Àgostino", "role": "recruiter", "new_email": "nuova@posta.example",
    "old_email": "vecchia@posta.example", "network": "192.0.2.0/24", "token": "a program", "prefix": "sgr_abcd", "left": 7,
    "reason": "No such company in the register.", "title": "Segretaria", "days": "5", "document": "01a1d2f0-93c8-7b64-9e1d-70c5a2d48f14", "application": "01a1d2f0-93c8-7b64-9e1d-70c5a2d48f13",
    "at": "2026-11-03T08:05:59.123Z",
    "url": "https://lavoro.example/links#verify_email=sgrl_" + "0" * 49}
ITALIAN = re.compile(r"\b(il|la|non|tuo|di)\b")


class Tags(html.parser.HTMLParser):
    """The tags of a page, the hrefs, and the words that a reader sees."""

    def __init__(self, text):
        super().__init__()
        self.names, self.links, self.open, self.words = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def folder(server):
    return server.directory / "data" / "mail"


def file_of(folder, message):
    path = folder / f"{message}.eml"
    eventually(path.exists, "the message is a file")
    return path


def write(database, folder, template, lang, to="lia@posta.example", **values):
    """A message of the template, as it was written. Links that work are in tests/api/test_email.py."""
    message = str(uuid.uuid4())
    account = database.value("insert into accounts (id, kind, email, password_hash, name) values (uuid_v7(), 'operator', %s, "
                             "'!', 'Lia Neri') returning id", f"{message}@posta.example")
    database.query("insert into outbox (id, template, account_id, to_address, lang, params) values (%s, %s, %s, %s, %s, %s::jsonb)",
                   message, template, account, to, lang, json.dumps({**VALUES, **values}))
    return Message(file_of(folder, message).read_bytes())


@pytest.mark.parametrize("lang", ["en", "it"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template(template, lang, database, folder):
    message = write(database, folder, template, lang)
    parsed = message.parsed
    assert not parsed.defects and [part.get_content_type() for part in parsed.walk()] == [
        "multipart/alternative", "text/plain", "text/html"]
    for part in parsed.iter_parts():
        assert not part.defects and part["Content-Transfer-Encoding"] == "quoted-printable"
        assert part.get_content_charset() == "utf-8"
    assert parsed["Content-Language"] == lang and parsed["MIME-Version"] == "1.0"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert message.to == "lia@posta.example"
    assert len(message.subject) > 8
    assert message.text.startswith(("Hello" if lang == "en" else "Ciao") + " Lia Neri,\n")
    for raw in message.raw.split(b"\r\n"):
        assert len(raw) <= 76 and b"\n" not in raw and b"\r" not in raw and max(raw, default=0) < 127
    page = Tags(message.html)
    assert page.open == [] and f'<html lang="{lang}">' in message.html
    assert "{" not in message.text + message.html and "}" not in message.text + message.html
    for line in message.text.splitlines():
        assert len(line) <= 78 or line.startswith("http"), line
    assert bool(ITALIAN.search(message.text)) == (lang == "it")
    if "{at}" in (ROOT / f"src/mail/templates/{template}.{lang}.txt").read_text(encoding="utf-8"):
        assert ("3 November 2026, 08:05 UTC" if lang == "en" else "3 novembre 2026, 08:05 UTC") in message.text
    # Both parts say the same.
    words = " ".join(page.words.split())
    for paragraph in message.text.split("\n-- \n")[0].split("\n\n"):
        for item in paragraph.split("\n- "):
            text = " ".join(item.removeprefix("- ").split())
            if not text.endswith(":") and "API" not in text:
                assert text in words, text


@pytest.mark.parametrize("lang", ["en", "it"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_values_cannot_leave_their_place(template, lang, database, folder):
    values = {name: EVIL for name, value in VALUES.items() if isinstance(value, str)}
    message = write(database, folder, template, lang, name=EVIL, **values)
    parsed = message.parsed
    assert sorted(parsed.keys()) == sorted(["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted",
                                            "Content-Language", "MIME-Version", "Content-Type"])
    assert not parsed.defects and len(list(parsed.walk())) == 3
    page = Tags(message.html)
    assert "script" not in page.names and page.open == []
    for character in "\r\u202e\u2066":
        assert character not in message.subject + message.text + message.html
    if template in ("invitation", "member_removed"):
        assert "<script>alert('1')</script>" in page.words and "{+body}{url}" in page.words


def test_a_long_value_is_cut(database, folder):
    message = write(database, folder, "member_removed", "it", company="è" * 5000)
    assert message.subject.endswith("…") and message.subject.count("è") == 150
    assert len(message.raw) < 20000


def test_files_are_for_their_owner_alone(database, folder, server):
    message = str(uuid.uuid4())
    database.query("insert into outbox (id, template, to_address, lang) values (%s, 'password_changed', 'x@y.example', 'it')",
                   message)
    path = file_of(folder, message)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert all(name.endswith(".eml") for name in os.listdir(folder))
    eventually(lambda: f"path={path} template=password_changed".encode() in server.log, "the log says where")
    assert b"x@y.example" not in server.log
    eventually(lambda: database.value("select state from outbox where id = %s", message) == "sent", "it is sent")


def test_every_template_is_in_both_languages():
    names = {path.name for path in (ROOT / "src/mail/templates").glob("*.txt")}
    assert names == {f"{template}.{lang}.txt" for template in [*TEMPLATES, "common"] for lang in ("en", "it")}
    for template in TEMPLATES:
        texts = [(ROOT / f"src/mail/templates/{template}.{lang}.txt").read_text(encoding="utf-8") for lang in ("en", "it")]
        assert len({frozenset(re.findall(r"\{(\w+)\}|(=>)", text)) for text in texts}) == 1, template
        assert ("=>" in texts[0]) == (template in LINKED)
