"""Reads one SQL statement with named parameters, as kept in src/**/*.sql.

    -- What it answers.
    -- @read
    select ... where id = :job_id::uuid

Directives stand in comments: @read, @write (the default), @slow, @merge NAME (a by-key read whose parameter NAME is an
array), and @recorded (a read that adds to the audit trail: a write that keeps no answer) or @recorded slow. Comments are dropped, `:name` becomes $1, $2, ... in order of first use; quoted text, `::casts` and `:=` stay.
"""

import re

PARAMS_MAX = 48  # DB_PARAMS_MAX in include/segreteria/db/statement.h
NAME_MAX = 63  # PostgreSQL cuts longer names (NAMEDATALEN - 1)
ADDED_PARAMS = 4  # three of idempotency and the context
CONTEXT = "context"  # see migrations/0015_request_context.sql

KINDS = {"read": "DB_READ", "write": "DB_WRITE", "slow": "DB_SLOW", "recorded": "DB_WRITE", "recorded slow": "DB_SLOW_WRITE"}

WRITES = ("DB_WRITE", "DB_SLOW_WRITE")

# In order: what starts at a place decides. Nothing inside the first five is ever a parameter.
TOKENS = re.compile(
    r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*")
    | (?P<dollar>\$(?P<tag>[A-Za-z_][A-Za-z0-9_]*)?\$)
    | (?P<cast>::)
    | (?P<param>:(?P<name>[a-z_][a-z0-9_]*))
    | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Mistake(Exception):
    def __init__(self, line, message):
        super().__init__(message)
        self.line = line


class Statement:
    def __init__(self):
        self.sql = ""
        self.params = []
        self.kind = None
        self.merge_param = -1
        self.recorded = False
        self.idempotent_sql = None


def parse(text, name, in_api):
    """The Statement in text; idempotent_sql is made for writes below src/api that are a plain `select`."""
    statement = Statement()
    merge = None
    out = []
    at = 0
    while at < len(text):
        match = TOKENS.match(text, at)
        line = text.count("\n", 0, at) + 1
        at = match.end()
        if match["comment"]:
            merge = directive(statement, match["comment"], line) or merge
        elif match["block"]:
            at = block_end(text, at, line)
            out.append(" ")
        elif match["dollar"]:
            end = text.find(match["dollar"], at)
            if end < 0:
                raise Mistake(line, "a dollar quote without its end")
            at = end + len(match["dollar"])
            out.append(text[match.start() : at])
        elif match["param"]:
            if match["name"] not in statement.params:
                statement.params.append(match["name"])
            out.append(f"${statement.params.index(match['name']) + 1}")
        elif match["other"] in ("'", '"'):
            raise Mistake(line, "a quote without its end")
        else:
            out.append(match[0])
    statement.sql = tidy("".join(out))
    check(statement, name)
    finish(statement, name, merge, in_api)
    return statement


def directive(statement, comment, line):
    """Takes `-- @kind` or `-- @merge name` into the statement; the merge parameter's name is returned."""
    match = re.fullmatch(r"--\s*@(\w+)\s*(.*?)\s*", comment)
    if match is None:
        return None
    word, argument = match[1], match[2]
    if word == "merge" and re.fullmatch(r"[a-z_][a-z0-9_]*", argument):
        kind = "DB_READ"
    elif f"{word} {argument}".rstrip() in KINDS:
        kind = KINDS[f"{word} {argument}".rstrip()]
        statement.recorded = word == "recorded"
        argument = ""
    else:
        raise Mistake(line, f"unknown directive @{word} {argument}".rstrip())
    if statement.kind not in (None, kind):
        raise Mistake(line, f"@{word} contradicts a directive before it")
    statement.kind = kind
    return argument or None


def block_end(text, at, line):
    """Block comments nest in PostgreSQL."""
    depth = 1
    while depth > 0:
        match = re.compile(r"/\*|\*/").search(text, at)
        if match is None:
            raise Mistake(line, "a block comment without its end")
        depth += 1 if match[0] == "/*" else -1
        at = match.end()
    return at


def tidy(sql):
    sql = "\n".join(line.rstrip() for line in sql.splitlines() if line.strip())
    return sql.strip().removesuffix(";").rstrip()


def check(statement, name):
    if not statement.sql:
        raise Mistake(1, "no statement")
    unquoted = "".join(
        match[0] if match["other"] else " " for match in TOKENS.finditer(re.sub(r"(?s)\$(\w*)\$.*?\$\1\$", "", statement.sql))
    )
    if ";" in unquoted:
        raise Mistake(1, "more than one statement")
    if len(statement.params) > PARAMS_MAX - ADDED_PARAMS:
        raise Mistake(1, f"more than {PARAMS_MAX - ADDED_PARAMS} parameters")
    if len(name + "_idempotent") > NAME_MAX:
        raise Mistake(1, f"the name {name} is too long for a prepared statement")


def finish(statement, name, merge, in_api):
    statement.kind = statement.kind or "DB_WRITE"
    if merge is not None:
        if merge not in statement.params:
            raise Mistake(1, f"@merge {merge}: the statement has no parameter :{merge}")
        statement.merge_param = statement.params.index(merge)
    if in_api and statement.kind in WRITES and re.match(r"select\b", statement.sql, re.IGNORECASE):
        gate(statement)
        if not statement.recorded:
            statement.idempotent_sql = idempotent(statement)


def gate(statement):
    """Hands the request context over before the function runs. A subquery without outer references is an InitPlan, and a
    condition without columns a one-time filter: PostgreSQL evaluates it once, before it calls the function."""
    if not is_one_call(statement.sql):
        raise Mistake(1, "a write of the API is select ... from one_function(...) and nothing after it")
    if CONTEXT not in statement.params:
        statement.params.append(CONTEXT)
    statement.sql += f"\nwhere (select in_context(${statement.params.index(CONTEXT) + 1}))"


def is_one_call(sql):
    start = re.match(r"(?is)select\b[^()]*?\bfrom\s+[a-z_][a-z0-9_]*\s*(?=\()", sql)
    if start is None:
        return False
    depth = 0
    for match in TOKENS.finditer(sql, start.end()):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end() == len(sql)
    return False


def idempotent(statement):
    """The same statement, keeping its answer under the caller's Idempotency-Key in the same transaction. A refusal is not
    kept: the caller may correct what was wrong and send the key again."""
    key, fingerprint, operation = (len(statement.params) + n for n in (1, 2, 3))
    return (
        f"with r as materialized (\n{statement.sql}\n), kept as (\n"
        "insert into idempotency_keys (key_hash, fingerprint, operation, status, body, etag, location)\n"
        f"select ${key}::bytea, ${fingerprint}::bytea, ${operation}::text, r.status, r.body, r.etag, r.location\n"
        "from r where r.status < 400\n)\nselect * from r"
    )
