"""What the build makes of SQL files: parameters, directives, the wrapped form that keeps an answer; and the tally of the suites."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cmake"))

import sql_statement  # noqa: E402


def parse(text, in_api=False):
    return sql_statement.parse(text, "jobs_create", in_api)


def test_parameters_are_numbered_in_order_of_first_use():
    statement = parse("select f(:b::uuid, :a, :b, p_x := :c)")
    assert statement.sql == "select f($1::uuid, $2, $1, p_x := $3)"
    assert statement.params == ["b", "a", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "select ':no'",
        "select 'it''s :no'",
        "select E'\\':no'",
        'select ":no"',
        "select $$ :no $$",
        "select $tag$ :no $$ ; $tag$",
        "select x::text",
    ],
)
def test_quoted_text_and_casts_stay(text):
    statement = parse(text)
    assert (statement.sql, statement.params) == (text, [])


def test_comments_are_dropped():
    statement = parse("-- it's :no\nselect 1 /* :no /* :no */ */ -- :no\n , :yes;\n")
    assert statement.sql.split() == ["select", "1", ",", "$1"]
    assert statement.params == ["yes"]


@pytest.mark.parametrize(
    ("head", "kind"), [("", "DB_WRITE"), ("-- @write\n", "DB_WRITE"), ("-- @read\n", "DB_READ"), ("-- @slow\n", "DB_SLOW")]
)
def test_kinds(head, kind):
    assert parse(head + "select 1").kind == kind


def test_merge_names_its_parameter():
    statement = parse("-- @merge job_id\nselect id from jobs where a = :x and id = any(:job_id::uuid[])")
    assert (statement.kind, statement.merge_param) == ("DB_READ", 1)
    assert statement.idempotent_sql is None


def test_a_write_of_the_api_has_a_form_that_keeps_its_answer():
    statement = parse("select status, body from job_create(:body::jsonb, :id::uuid);", in_api=True)
    assert statement.sql in statement.idempotent_sql
    assert "$4::bytea, $5::bytea, $6::text" in statement.idempotent_sql
    assert parse("select status, body from job_create(:body::jsonb)").idempotent_sql is None
    assert parse("update jobs set a = 1", in_api=True).idempotent_sql is None


def test_a_write_of_the_api_hands_the_context_over_first():
    statement = parse("select a, b\nfrom do_it(:a::jsonb, coalesce(:b, ')'));", in_api=True)
    assert statement.sql == "select a, b\nfrom do_it($1::jsonb, coalesce($2, ')'))\nwhere (select in_context($3))"
    assert statement.params == ["a", "b", "context"]
    assert parse("select a from do_it(:context, :b)", in_api=True).sql.endswith("where (select in_context($1))")
    for text in ("-- @read\nselect a from do_it(:a)", "-- @slow\nselect a from do_it(:a)"):
        assert "context" not in parse(text, in_api=True).params


@pytest.mark.parametrize("text", ["select do_it(:a)", "select a from do_it(:a) where true", "select a from do_it(:a), jobs",
                                  "select a from jobs", "select (select 1) from do_it(:a)"])
def test_a_write_of_the_api_is_one_call(text):
    with pytest.raises(sql_statement.Mistake, match="select ... from one_function"):
        parse(text, in_api=True)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "no statement", 1),
        ("select 1; select 2", "more than one", 1),
        ("select 'open", "quote", 1),
        ("select 1\n/* open", "comment", 2),
        ("select $a$ open", "dollar", 1),
        ("\n-- @reed\nselect 1", "unknown directive", 2),
        ("-- @read\n-- @write\nselect 1", "contradicts", 2),
        ("-- @merge id\nselect 1", "no parameter", 1),
        ("select " + ", ".join(f":p{n}" for n in range(60)), "more than 44", 1),
    ],
)
def test_mistakes_are_told_with_their_line(text, message, line):
    with pytest.raises(sql_statement.Mistake, match=message) as caught:
        parse(text)
    assert caught.value.line == line


def migrations_of(tmp_path, *names):
    for name in names:
        (tmp_path / name).write_text("select 1", encoding="utf-8")
    return subprocess.run(
        [sys.executable, ROOT / "cmake/generate.py", "migrations", tmp_path / "out", *tmp_path.glob("*.sql")],
        capture_output=True, text=True, check=False,
    )


def test_migrations_may_leave_a_number_out(tmp_path):
    assert migrations_of(tmp_path, "0001_a.sql", "0003_c.sql").returncode == 0
    code = (tmp_path / "out/migrations.c").read_text(encoding="utf-8")
    assert '{1, "a", ' in code and '{3, "c", ' in code and "migrations_count = 2" in code


def test_no_two_migrations_with_one_number(tmp_path):
    done = migrations_of(tmp_path, "0001_a.sql", "0002_b.sql", "0002_c.sql")
    assert done.returncode != 0
    assert "a second migration number 0002" in done.stderr


def test_apt_sources_of_the_next_release(tmp_path):
    one_line = tmp_path / "a.list"
    one_line.write_text(
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # note\n"
        "deb http://mirror.example/debian bookworm-backports main\n",
        encoding="utf-8",
    )
    deb822 = tmp_path / "b.sources"
    deb822.write_text(
        "Types: deb\n# note\nURIs: http://other.example/debian-security\nSuites: bookworm-security\n"
        "Components: main\nSigned-By:\n -----BEGIN\n .\n abc\n\nTypes: deb\nEnabled: no\n"
        "URIs: http://off.example\nSuites: bookworm\nComponents: main\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, ROOT / "cmake/next_release_sources.py", "bookworm", "trixie", one_line, deb822],
        capture_output=True, text=True, check=True,
    )
    assert done.stdout == (
        "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n\n"
        "Types: deb-src\nURIs: http://other.example/debian-security\nSuites: trixie-security\nComponents: main\n"
        "Signed-By: \n -----BEGIN\n .\n abc\n"
    )


def tally(tmp_path, **suites):
    for name, cases in suites.items():
        (tmp_path / f"{name}.xml").write_text(f"<testsuite>{cases}</testsuite>", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "tests/tally.py", tmp_path, *suites, *(["gone"] if "api" in suites else [])],
        capture_output=True, text=True, check=False,
    )
    return done.returncode, done.stdout.splitlines()[-1]


def test_tally_counts_cases_and_missing_suites(tmp_path):
    output = "[       OK ] a\n[  FAILED  ] b\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b\n"
    unit = f'<testcase status="fail"><system-out>{output}</system-out></testcase><testcase status="run"/>'
    api = "<testcase/><testcase><failure/></testcase><testcase><skipped/></testcase>"
    assert tally(tmp_path, unit=unit, api=api) == (1, "3 passed, 3 failed, 1 skipped")
    assert tally(tmp_path, unit='<testcase status="run"/>') == (0, "1 passed, 0 failed, 0 skipped")
