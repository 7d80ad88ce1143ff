"""What every client's script needs: where the venue is, and how a failed check is told."""

import json
import os
import sys
import traceback


def settings():
    with open(os.environ["WAVETANK_CLIENTS"], encoding="utf-8") as file:
        return json.load(file)


def base():
    """`http://127.0.0.1:8080`"""
    return settings()["rest"]


def stream():
    """`ws://127.0.0.1:8080`, without `/v2`."""
    return base().replace("http", "ws", 1)


def pair():
    """The pair to trade: `BTC/USD`."""
    return settings()["pair"]


def quote():
    """What the pair is paid in: `USD`."""
    return pair().split("/")[1]


def least(amount_min, cost_min, price):
    """The smallest amount that may be ordered at a price."""
    return max(float(amount_min), float(cost_min) / price)


def account(number):
    """Key and secret. Each kind of client takes its own, since they count nonces differently."""
    keys = settings()["keys"]
    return keys[number % len(keys)]


def check(holds, what):
    if not holds:
        raise AssertionError(f"not so: {what}")
    print(f"  ok: {what}", flush=True)


def expect(kind, act):
    """Checks that a call raises exactly this class or one derived from it."""
    try:
        got = act()
    except kind as error:
        print(f"  ok: {type(error).__name__}: {str(error)[:100]}", flush=True)
        return
    raise AssertionError(f"expected {kind.__name__}, got {got!r}"[:300])


def run(main):
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
