#!/usr/bin/env bash
# Validates TOML files by a JSON Schema, with a reader of TOML and a validator that are not ours.
#
#   tests/schema/run.sh SCHEMA FILE...
#
# The validator is installed once, below target/schema. Prints a line per file: `valid FILE` or `invalid FILE: why`.
# Ends with 2 if the validator cannot be installed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
folder="$here/../../target/schema"
wanted="jsonschema==4.25.1"

install() {
    if [ "$(cat "$folder/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
    mkdir -p "$folder" && python3 -m venv "$folder/venv" &&
        "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$wanted" &&
        echo "$wanted" >"$folder/installed"
}

install || { echo "the validator cannot be installed" >&2; exit 2; }

"$folder/venv/bin/python" - "$@" <<'PYTHON'
import json, sys, tomllib
from jsonschema import Draft202012Validator

with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        scenario = tomllib.load(file)
    error = next(validator.iter_errors(scenario), None)
    print(f"valid {path}" if error is None else f"invalid {path}: {error.json_path}: {error.message[:200]!r}")
PYTHON
