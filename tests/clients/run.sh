#!/usr/bin/env bash
# Other people's clients, unmodified, against a served venue.
#
#   tests/clients/run.sh SETTINGS [FOLDER]
#
# SETTINGS is a JSON file: {"rest": "http://127.0.0.1:8080", "pair": "BTC/USD", "keys": [["key", "secret"], ...]}.
# The clients are installed once, below FOLDER (target/clients). Ends with 1 if a check fails, with 2 if the clients
# cannot be installed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
settings="$(realpath "$1")"
folder="${2:-$here/../../target/clients}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

# Versions are pinned: a client that changes must not break a build that did not.
python=(ccxt==4.5.90 python-kraken-sdk==3.5.1 krakenex==2.2.2)
node=(kraken-api@1.0.2)

install() {
    local wanted="${python[*]} ${node[*]}"
    if [ "$(cat "$folder/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
    # Chained, since `set -e` does not hold in a function that is asked for its result.
    python3 -m venv "$folder/venv" &&
        "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "${python[@]}" &&
        npm install --silent --no-audit --no-fund --prefix "$folder/node" "${node[@]}" >/dev/null &&
        echo "$wanted" >"$folder/installed"
}

install || { echo "the clients cannot be installed" >&2; exit 2; }

export WAVETANK_CLIENTS="$settings" NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
export PYTHONDONTWRITEBYTECODE=1 NODE_PATH="$folder/node/node_modules"
failed=0
for script in ccxt_rest ccxt_pairs ccxt_special ccxt_streams kraken_sdk krakenex_rest; do
    echo "== $script"
    "$folder/venv/bin/python" "$here/$script.py" || failed=1
done
echo "== kraken_api"
node "$here/kraken_api.js" || failed=1
exit "$failed"
