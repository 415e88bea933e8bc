#!/usr/bin/env python3
"""Turns the project's data files into C, at build.

    generate.py contract   OUT_DIR openapi.yaml
    generate.py lint       OUT_DIR rules.yaml
    generate.py assets     OUT_DIR NAME=FILE... [-- GROUP NAME=FILE...]...
    generate.py migrations OUT_DIR FILE.sql...
    generate.py statements OUT_DIR SRC_DIR FILE.sql...
    generate.py operations OUT_DIR API_DIR FILE.c...

Outputs go to OUT_DIR and are written only when they change, so that nothing is compiled twice. A mistake in an input is
reported as `file:line: message` and ends the build.
"""

import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import sql_statement  # noqa: E402

HEADER = "/* Made by cmake/generate.py at build. */\n"


def fail(message):
    sys.exit(message)


def write_if_changed(path, text):
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def asset_pairs(words):
    pairs = []
    for word in words:
        name, separator, file = word.partition("=")
        if not separator:
            fail(f"expected NAME=FILE, not {word}")
        pairs.append((name, pathlib.Path(file).resolve()))
    return pairs


def yaml_to_json(source, target):
    """A YAML file as JSON on one line."""
    done = subprocess.run(
        ["fy-tool", "--resolve", "--mode", "json-oneline", source], capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not done.stdout.strip():
        fail(f"{source}: fy-tool cannot read it\n{done.stderr}")
    try:
        json.loads(done.stdout)
    except ValueError as error:
        fail(f"{source}: its JSON form is not JSON: {error}")
    write_if_changed(target, done.stdout.strip() + "\n")


def generate_contract(out_dir, words):
    """openapi.json, from the YAML."""
    yaml_to_json(words[0], out_dir / "openapi.json")


def generate_lint(out_dir, words):
    """lint.json, the rules for vacancies, from the YAML."""
    yaml_to_json(words[0], out_dir / "lint.json")


def asset_groups(words):
    """(single assets, {group: its assets by name}) of the command line."""
    parts = [[]]
    for word in words:
        if word == "--":
            parts.append([])
        else:
            parts[-1].append(word)
    return asset_pairs(parts[0]), {part[0]: sorted(asset_pairs(part[1:])) for part in parts[1:]}


def asset_data(file, symbol):
    size = file.stat().st_size
    return (
        f"    .balign 16\n    .global {symbol}\n    .hidden {symbol}\n    .type {symbol}, %object\n"
        f'{symbol}:\n    .incbin "{file}"\n    .byte 0\n    .size {symbol}, {size + 1}\n'
    )


def generate_assets(out_dir, words):
    """assets.h, assets.c and assets_data.S: files as they are, taken in by the assembler (a C array of a megabyte
    compiles slowly). Each is followed by a NUL byte that is not counted. A group is the array assets_<group>, by name."""
    single, groups = asset_groups(words)
    header = HEADER + (
        "#ifndef SEGRETERIA_GENERATED_ASSETS_H\n#define SEGRETERIA_GENERATED_ASSETS_H\n\n#include <stddef.h>\n\n"
        "struct asset {\n    const char *name;\n    const unsigned char *data; /* data[len] is a NUL */\n"
        "    size_t len;\n};\n\n"
    )
    declared, code = "", ""
    data = HEADER + '    .section .rodata, "a", %progbits\n'
    number = 0

    def entry(name, file):
        nonlocal declared, data, number
        symbol = f"seg_asset_data_{number}"
        number += 1
        declared += f"extern const unsigned char {symbol}[];\n"
        data += asset_data(file, symbol)
        return f'{{"{name}", {symbol}, {file.stat().st_size}}}'

    for name, file in single:
        symbol = "asset_" + re.sub(r"[^a-z0-9]", "_", name.lower())
        header += f"extern const struct asset {symbol};\n"
        code += f"const struct asset {symbol} = {entry(name, file)};\n"
    header += "\n/* Files by name. */\n"
    for group, pairs in sorted(groups.items()):
        header += f"extern const struct asset assets_{group}[];\nextern const size_t assets_{group}_count;\n"
        items = ",\n".join("    " + entry(name, file) for name, file in pairs) or "    {NULL, NULL, 0}"
        code += f"\nconst struct asset assets_{group}[] = {{\n{items}}};\nconst size_t assets_{group}_count = {len(pairs)};\n"
    data += '\n    .section .note.GNU-stack, "", %progbits\n'
    write_if_changed(out_dir / "assets.h", header + "\n#endif\n")
    write_if_changed(out_dir / "assets.c", HEADER + '#include "generated/assets.h"\n\n' + declared + "\n" + code)
    write_if_changed(out_dir / "assets_data.S", data)


def generate_migrations(out_dir, words):
    """migrations.h and migrations.c: every NNNN_name.sql in order of its number. Gaps are allowed: a number is taken when
    work begins, and not all work lands."""
    files = sorted((pathlib.Path(word) for word in words), key=lambda path: path.name)
    code = HEADER + '#include "generated/migrations.h"\n\n'
    items = []
    last = 0
    for file in files:
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)\.sql", file.name)
        if match is None:
            fail(f"{file}:1: a migration is called NNNN_name.sql")
        number = int(match[1])
        if number <= last:
            fail(f"{file}:1: a second migration number {number:04d}")
        last = number
        text = file.read_text(encoding="utf-8")
        code += f"static const char sql_{number:04d}[] = {{\n{c_bytes(text)}}};\n\n"
        items.append(f'    {{{number}, "{match[2]}", sql_{number:04d}}}')
    body = ",\n".join(items) or "    {0, NULL, NULL}"
    code += f"const struct migration migrations[] = {{\n{body}}};\nconst size_t migrations_count = {len(items)};\n"
    header = HEADER + (
        "#ifndef SEGRETERIA_GENERATED_MIGRATIONS_H\n#define SEGRETERIA_GENERATED_MIGRATIONS_H\n\n#include <stddef.h>\n\n"
        "struct migration {\n    int number;\n    const char *name;\n    const char *sql;\n};\n\n"
        "extern const struct migration migrations[]; /* by number; gaps are allowed */\n"
        "extern const size_t migrations_count;\n\n#endif\n"
    )
    write_if_changed(out_dir / "migrations.h", header)
    write_if_changed(out_dir / "migrations.c", code)


def c_bytes(text):
    """Text as numbers: ISO C promises string literals of 4,095 bytes only."""
    data = text.encode("utf-8")
    if 0 in data:
        fail("a NUL byte in SQL")
    numbers = [str(byte) if byte < 128 else f"(char){byte}" for byte in data] + ["0"]
    rows = (",".join(numbers[at : at + 32]) for at in range(0, len(numbers), 32))
    return ",\n".join("    " + row for row in rows)


def generate_statements(out_dir, words):
    """statements.h and statements.c: a struct db_statement for each .sql file below SRC_DIR."""
    src_dir, files = pathlib.Path(words[0]), [pathlib.Path(word) for word in words[1:]]
    statements = {}
    for file in files:
        parts = file.relative_to(src_dir).with_suffix("").parts
        name = "_".join(parts[1:] if parts[0] == "api" else parts)
        try:
            statement = sql_statement.parse(file.read_text(encoding="utf-8"), name, in_api=parts[0] == "api")
        except sql_statement.Mistake as mistake:
            fail(f"{file}:{mistake.line}: {mistake}")
        if name in statements:
            fail(f"{file}:1: a second statement called {name}")
        statements[name] = statement
    header = HEADER + (
        "#ifndef SEGRETERIA_GENERATED_STATEMENTS_H\n#define SEGRETERIA_GENERATED_STATEMENTS_H\n\n#include <stddef.h>\n\n"
        '#include "segreteria/db/statement.h"\n\n'
    )
    code = HEADER + '#include "generated/statements.h"\n\n'
    for name, statement in sorted(statements.items()):
        header += f"extern const struct db_statement stmt_{name};\n"
        code += statement_code(name, statement)
    header += (
        "\nextern const struct db_statement *const db_statements_all[];\nextern const size_t db_statements_all_count;\n"
        "\n#endif\n"
    )
    items = ",\n".join(f"    &stmt_{name}" for name in sorted(statements)) or "    NULL"
    code += (
        f"const struct db_statement *const db_statements_all[] = {{\n{items}}};\n"
        f"const size_t db_statements_all_count = {len(statements)};\n"
    )
    write_if_changed(out_dir / "statements.h", header)
    write_if_changed(out_dir / "statements.c", code)


def statement_code(name, statement):
    code = f"static const char sql_{name}[] = {{\n{c_bytes(statement.sql)}}};\n"
    if statement.idempotent_sql is not None:
        code += f"static const char sql_{name}_idempotent[] = {{\n{c_bytes(statement.idempotent_sql)}}};\n"
    params = "NULL"
    if statement.params:
        params = f"params_{name}"
        names = ",\n".join(f'    "{param}"' for param in statement.params)
        code += f"static const char *const {params}[] = {{\n{names}}};\n"
    code += (
        f"const struct db_statement stmt_{name} = {{\n"
        f'    .name = "{name}",\n    .sql = sql_{name},\n    .params = {params},\n'
        f"    .params_count = {len(statement.params)},\n    .kind = {statement.kind},\n"
        f"    .merge_param = {statement.merge_param},\n"
    )
    if statement.idempotent_sql is not None:
        code += f'    .idempotent_name = "{name}_idempotent",\n    .idempotent_sql = sql_{name}_idempotent,\n'
    return code + "};\n\n"


def generate_operations(out_dir, words):
    """api_operations.h and api_operations.c: a row for each src/api/<resource>/<verb>.c that defines
    api_<resource>_<verb>(struct api_call *); files beside them that define no such function are helpers."""
    api_dir, files = pathlib.Path(words[0]), [pathlib.Path(word) for word in words[1:]]
    names = []
    for file in files:
        parts = file.relative_to(api_dir).with_suffix("").parts
        if len(parts) != 2:
            continue
        name = "_".join(parts)
        if re.search(rf"\bapi_{name}\s*\(\s*struct api_call \*", file.read_text(encoding="utf-8")):
            names.append(name)
    header = HEADER + (
        "#ifndef SEGRETERIA_GENERATED_API_OPERATIONS_H\n#define SEGRETERIA_GENERATED_API_OPERATIONS_H\n\n"
        '#include <stddef.h>\n\n#include "segreteria/core/status.h"\n\nstruct api_call;\n\n'
        "struct api_operation {\n    const char *id; /* operationId in openapi.yaml */\n"
        "    enum status (*run)(struct api_call *call);\n};\n\n"
    )
    for name in sorted(names):
        header += f"enum status api_{name}(struct api_call *call);\n"
    header += (
        "\nextern const struct api_operation api_operations[]; /* by id */\nextern const size_t api_operations_count;\n"
        "\n#endif\n"
    )
    items = ",\n".join(f'    {{"{name}", api_{name}}}' for name in sorted(names)) or "    {NULL, NULL}"
    code = HEADER + '#include "generated/api_operations.h"\n\n'
    code += (
        f"const struct api_operation api_operations[] = {{\n{items}}};\n"
        f"const size_t api_operations_count = {len(names)};\n"
    )
    write_if_changed(out_dir / "api_operations.h", header)
    write_if_changed(out_dir / "api_operations.c", code)


def main():
    kinds = {
        "contract": generate_contract,
        "lint": generate_lint,
        "assets": generate_assets,
        "migrations": generate_migrations,
        "statements": generate_statements,
        "operations": generate_operations,
    }
    if len(sys.argv) < 3 or sys.argv[1] not in kinds:
        fail(__doc__)
    kinds[sys.argv[1]](pathlib.Path(sys.argv[2]), sys.argv[3:])


if __name__ == "__main__":
    main()
