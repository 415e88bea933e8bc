"""Where the program schema-check is."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def schema_check():
    """The one SEGRETERIA_SCHEMA_CHECK names, or the first that is built."""
    named = os.environ.get("SEGRETERIA_SCHEMA_CHECK")
    for path in [named] if named else [ROOT / "build" / p / "schema-check" for p in ("asan", "debug", "release")]:
        if os.access(path, os.X_OK):
            return str(path)
    raise AssertionError("schema-check is not built (./dev build asan)")
