#!/usr/bin/env bash
# Builds by a profile of the program's own work: the compiler learns which branches are taken, and lays the code
# out for them. Results stay what they are; runs of many orders take a fifth to a third less.
#
#     benches/pgo.sh          the tool: target/pgo/release/wavetank
#     benches/pgo.sh bench    the bench of the backtester, and runs it. It learns from a market that the generator
#                             makes, never from the data that it is measured with (WAVETANK_BENCH_DATA)
#
# Two builds, about ten minutes on two cores; a network for the first time, for the toolchain's llvm-tools.
set -euo pipefail
cd "$(dirname "$0")/.."
pgo=$PWD/target/pgo
what=${1:-tool}

step() { printf '\n=== %s\n' "$*" >&2; "$@"; }

rustup component add llvm-tools 2>/dev/null
profdata=$(find "$(rustc --print sysroot)/lib/rustlib" -name llvm-profdata -type f | head -1)
[ -n "$profdata" ] || { echo "expected llvm-profdata in $(rustc --print sysroot): is llvm-tools installed?"; exit 1; }

# A RUSTFLAGS variable replaces the flags of .cargo/config.toml: they are repeated here.
build() { RUSTFLAGS="--cfg tokio_unstable $1" CARGO_TARGET_DIR="$2" step "${@:3}"; }
learning() { build "-Cprofile-generate=$pgo/raw" "$pgo/learning" env -u WAVETANK_BENCH_DATA "$@"; }
learned() { build "-Cprofile-use=$pgo/profile" "$pgo" "$@"; }

rm -rf "$pgo/raw" "$pgo/market"
mkdir -p "$pgo/market"
case "$what" in
tool)
    learning cargo build --quiet --release -p cli
    work() { step "$pgo/learning/release/wavetank" "$@" >/dev/null; }
    trades=$pgo/market/trades.csv
    work tape generate --seed 1 --length 3d --out "$trades"
    work tape convert "$trades" --out "$pgo/market/trades.parquet"
    work backtest --quiet --tape "$trades" --strategy ema-cross:fast=12,slow=26
    work backtest --quiet --tape "$pgo/market/trades.parquet" --strategy quoter --latency 2ms/5ms/5ms
    work run faults/kraken-outage --quiet
    work sweep storm/kraken-storm --seeds 0..8
    ;;
bench) learning cargo bench --quiet -p benches --bench backtest -- --test ;;
*)
    echo "$what: expected nothing, or bench"
    exit 1
    ;;
esac
step "$profdata" merge --output="$pgo/profile" "$pgo/raw"
case "$what" in
tool)
    learned cargo build --quiet --release -p cli
    echo "built: $pgo/release/wavetank"
    ;;
bench) learned cargo bench --quiet -p benches --bench backtest ;;
esac
