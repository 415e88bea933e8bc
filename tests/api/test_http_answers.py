"""What every answer carries, whatever the operation: entity tags and conditional requests, codings, cache policy, Vary,
CORS, languages, request ids. On public operations of the real server, with bare bytes."""

import gzip
import json

import pytest
from raw_http import converse

LARGE = "/openapi.json"  # public, cacheable, large
CODINGS = ("gzip", "br", "zstd")


@pytest.fixture
def ask(server):
    def send(target, method="GET", **fields):
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                lines.append(f"{name.replace('_', '-')}: {one}")
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        exchange = converse((server.host, server.port), request, methods=(method,))
        assert len(exchange.responses) == 1 and exchange.rest == b"" and exchange.closed
        return exchange.responses[0]

    return send


def vary(response):
    return {name.strip() for name in (response.header("Vary") or "").split(",") if name.strip()}


def test_head_is_get_without_content(ask):
    for target in (LARGE, "/livez", "/v1/jobs", "/nowhere"):
        for coding in ("identity", "gzip"):
            got, head = ask(target, Accept_Encoding=coding), ask(target, "HEAD", Accept_Encoding=coding)
            assert head.status == got.status
            assert head.body == b""
            differ = ("X-Request-Id", "Date")
            assert [f for f in head.headers if f[0] not in differ] == [f for f in got.headers if f[0] not in differ]
            assert int(head.header("Content-Length")) == len(got.body)


def test_every_coding_is_spoken(ask):
    plain = ask(LARGE)
    assert plain.header("Content-Encoding") is None
    assert "Accept-Encoding" in vary(plain)
    tags = {plain.header("ETag")}
    for coding in CODINGS:
        coded = ask(LARGE, Accept_Encoding=coding)
        assert coded.header("Content-Encoding") == coding
        assert "Accept-Encoding" in vary(coded)
        assert len(coded.body) < len(plain.body) / 3
        assert coded.header("ETag") == plain.header("ETag")[:-1] + f'-{coding}"'
        tags.add(coded.header("ETag"))
        if coding == "gzip":
            assert gzip.decompress(coded.body) == plain.body
    assert len(tags) == 4


def test_codings_are_negotiated(ask):
    for accept, expected in (("gzip;q=0.5, br;q=0.9", "br"), ("gzip, *;q=0", "gzip"), ("gzip;q=0", None),
                             ("identity, gzip;q=0.5", None), ("deflate", None), ("*", "zstd"), ("", None)):
        assert ask(LARGE, Accept_Encoding=accept).header("Content-Encoding") == expected, accept


def test_no_acceptable_coding_is_406(ask):
    refused = ask(LARGE, Accept_Encoding="deflate, identity;q=0")
    assert refused.status == 406
    assert json.loads(refused.body)["code"] == "not_acceptable"
    assert ask(LARGE, Accept_Encoding="*;q=0").status == 406
    assert ask(LARGE, Accept_Encoding="identity;q=0, gzip").header("Content-Encoding") == "gzip"


def test_small_answers_are_not_coded(ask):
    assert ask("/livez", Accept_Encoding="gzip").header("Content-Encoding") is None


def test_if_none_match(ask):
    for coding in ("identity", *CODINGS):
        tag = ask(LARGE, Accept_Encoding=coding).header("ETag")
        for field in (tag, f"W/{tag}", f'"other", {tag}', "*", ['"other"', tag]):
            for method in ("GET", "HEAD"):
                same = ask(LARGE, method, Accept_Encoding=coding, If_None_Match=field)
                assert same.status == 304, (coding, field)
                assert same.body == b""
                assert same.header("ETag") == tag
                assert same.header("Cache-Control").startswith("public, max-age=")
                assert "Accept-Encoding" in vary(same)
                for absent in ("Content-Type", "Content-Encoding", "Content-Length"):
                    assert same.header(absent) is None, absent
        assert ask(LARGE, Accept_Encoding=coding, If_None_Match='"other"').status == 200
    identity = ask(LARGE).header("ETag")
    assert ask(LARGE, Accept_Encoding="gzip", If_None_Match=identity).status == 200


def test_every_answer_has_the_security_fields(ask):
    for target in ("/livez", LARGE, "/v1/jobs", "/nowhere", "/v1/me"):
        answer = ask(target)
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'"
        assert answer.header("Referrer-Policy") == "no-referrer"
        assert answer.header("Date").endswith(" GMT")


def test_the_reference_page_may_use_its_own_files(ask):
    page = ask("/docs", Accept="text/html")
    assert page.status == 200
    policy = page.header("Content-Security-Policy")
    assert "'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_request_ids(ask):
    assert ask("/livez", X_Request_Id="abc-1.2_X").header("X-Request-Id") == "abc-1.2_X"
    assert ask("/livez", X_Request_Id="a" * 64).header("X-Request-Id") == "a" * 64
    made = set()
    for odd in ("", "a" * 65, "a b", "a;b", "é", "<x>"):
        made.add(ask("/livez", X_Request_Id=odd).header("X-Request-Id"))
        made.add(ask("/nowhere", X_Request_Id=odd).header("X-Request-Id"))
    assert len(made) == 12
    assert all(len(one) == 16 for one in made)


def test_problems_speak_the_readers_language(ask):
    for field, language in (("it", "it"), ("it-IT, en;q=0.5", "it"), ("de, en", "en"), ("fr", "en"), ("en;q=0.4, it", "it")):
        answer = ask("/nowhere", Accept_Language=field)
        assert answer.header("Content-Language") == language
        assert "Accept-Language" in vary(answer)
    assert json.loads(ask("/nowhere", Accept_Language="it").body)["title"] != json.loads(ask("/nowhere").body)["title"]


def test_public_reads_are_for_any_page(ask):
    for fields in ({}, {"Origin": "https://anywhere.example"}):
        answer = ask(LARGE, **fields)
        assert answer.header("Access-Control-Allow-Origin") == "*"
        exposed = {name.strip() for name in answer.header("Access-Control-Expose-Headers").split(",")}
        assert {"ETag", "Link", "Location", "X-Request-Id", "Idempotent-Replayed", "Retry-After"} <= exposed
        assert answer.header("Access-Control-Allow-Credentials") is None


def test_private_answers_are_for_no_page(ask):
    answer = ask("/v1/me", Origin="https://anywhere.example")
    assert answer.status == 401
    assert answer.header("Access-Control-Allow-Origin") is None


def test_preflight(ask):
    read = ask("/v1/jobs", "OPTIONS", Origin="https://anywhere.example", Access_Control_Request_Method="GET",
               Access_Control_Request_Headers="if-none-match")
    assert read.status == 204
    assert read.header("Access-Control-Allow-Origin") == "*"
    assert read.header("Access-Control-Allow-Methods") == "GET, HEAD"
    assert "If-None-Match" in read.header("Access-Control-Allow-Headers")
    assert int(read.header("Access-Control-Max-Age")) >= 600
    write = ask("/v1/jobs", "OPTIONS", Origin="https://anywhere.example", Access_Control_Request_Method="POST")
    assert write.status == 204
    assert write.header("Access-Control-Allow-Origin") is None


def test_options_and_405_name_the_methods(ask):
    allowed = {"GET", "HEAD", "POST", "OPTIONS"}
    assert {m.strip() for m in ask("/v1/jobs", "OPTIONS").header("Allow").split(",")} == allowed
    refused = ask("/v1/jobs", "DELETE")
    assert refused.status == 405
    assert {m.strip() for m in refused.header("Allow").split(",")} == allowed


def test_what_nobody_routes_is_not_kept(ask):
    answer = ask("/nowhere")
    assert answer.status == 404
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("ETag") is None
    assert json.loads(answer.body)["instance"] == "/nowhere"
