#!/usr/bin/env bash
# hftbacktest, vectorbt and the raw floors over the data set of `../shared/bench/gen.py --seed 1`, then the same
# work with ours, one after the other on one machine. Needs python3 with venv and a network for the first time;
# about twenty-five minutes. Compare ratios only, and run it on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=$(cd ../shared/bench && pwd)
peers=$PWD/target/peers
mkdir -p "$peers"

step() { printf '\n=== %s\n' "$*"; "$@"; }

# An environment of its own for each: they want different versions of numpy.
environment() {
    [ -x "$peers/$1/bin/python" ] || python3 -m venv "$peers/$1"
    "$peers/$1/bin/pip" install --quiet "${@:2}"
}
environment hft hftbacktest==2.4.4 polars
environment vbt vectorbt==1.2.0 pandas

cd "$peers"
[ -f data/BTCUSDT-trades.csv ] || step python3 "$shared/gen.py" --seed 1 --out data
step hft/bin/python "$shared/bench_hft.py"
step vbt/bin/python "$shared/bench_vbt.py"
cd - >/dev/null
# The shared folder is read-only, and cargo writes a lock file.
[ -d "$peers/rs-floor" ] || cp -r --no-preserve=mode "$shared/floor" "$peers/rs-floor"
for mode in "onepass csv" "tobin csv" "bin-mmap csv.bin"; do
    read -r mode kind <<<"$mode"
    step cargo run --quiet --release --manifest-path "$peers/rs-floor/Cargo.toml" -- \
        "$mode" "$peers/data/BTCUSDT-trades.$kind"
done
step cargo bench -p benches --bench tape
WAVETANK_BENCH_DATA=$peers/data step cargo bench -p benches --bench backtest
WAVETANK_BENCH_DATA=$peers/data step benches/pgo.sh bench
