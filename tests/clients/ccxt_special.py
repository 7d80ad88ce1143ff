"""ccxt over REST, unmodified: orders of every type on pairs with old names and many digits, accounts that may little."""

import ccxt

from support import account, base, check, expect, least, run

# An old name, many digits, a quote that is a stablecoin, a quote that is not a dollar.
PAIRS = ["DOGE/USD", "XRP/USDT", "ETH/EUR"]


def exchange(number):
    key, secret = account(number)
    urls = {"api": {"public": base(), "private": base()}}
    return ccxt.kraken({"apiKey": key, "secret": secret, "urls": urls, "rateLimit": 20})


def examine(k, symbol):
    market, last = k.market(symbol), k.fetch_ticker(symbol)["last"]
    limits = market["limits"]
    amount = float(k.amount_to_precision(symbol, least(limits["amount"]["min"], limits["cost"]["min"], last * 0.7) * 4))
    price = lambda factor: float(k.price_to_precision(symbol, last * factor))
    text = lambda factor: k.price_to_precision(symbol, last * factor)
    sell = lambda kind, at, params: k.create_order(symbol, kind, "sell", amount, at, params)["info"]["descr"]["order"]
    name = f"sell {amount:.8f} {market['info']['altname']} @ "
    digits = int(market["info"]["pair_decimals"])
    told = lambda factor: f"{price(factor):.{digits}f}"
    orders = [
        (("market", None, {"stopLossPrice": price(0.8)}), f"stop loss {told(0.8)}"),
        (("limit", price(0.75), {"stopLossPrice": price(0.8)}), f"stop loss {told(0.8)} -> limit {told(0.75)}"),
        (("market", None, {"takeProfitPrice": price(1.2)}), f"take profit {told(1.2)}"),
        (("limit", price(1.25), {"takeProfitPrice": price(1.2)}), f"take profit {told(1.2)} -> limit {told(1.25)}"),
        (("market", None, {"trailingPercent": "3"}), "trailing stop +3.0000%"),
        (("market", None, {"trailingAmount": text(0.1)}), f"trailing stop +{told(0.1)}"),
        (
            ("limit", price(0.9), {"trailingPercent": "3", "trailingLimitPercent": "1"}),
            "trailing stop +3.0000% -> limit -1.0000%",
        ),
    ]
    for asked, expected in orders:
        said = sell(*asked)
        check(said == name + expected, f"{symbol}: {said}")
    follow = {"close": {"ordertype": "limit", "price": text(1.3)}}
    followed = k.create_order(symbol, "limit", "buy", amount, price(0.8), follow)["info"]["descr"]
    check(followed["close"] == f"close position @ limit {told(1.3)}", followed["close"])
    iceberg = k.create_order(
        symbol, "iceberg", "buy", amount, None, {"price": text(0.8), "displayvol": k.amount_to_precision(symbol, amount / 2)}
    )
    check(len(k.fetch_open_orders(symbol)) == 9, "all of them are open")
    check(k.fetch_order(iceberg["id"])["info"]["descr"]["ordertype"] == "iceberg", "an iceberg")
    filled = k.fetch_order(k.create_order(symbol, "limit", "buy", amount, price(1.1), {"timeInForce": "FOK"})["id"])
    check(filled["status"] == "closed" and filled["filled"] == amount, "fill or kill")
    check(filled["average"] < price(1.1), "at the market's price")
    k.cancel_all_orders()
    check(k.fetch_open_orders(symbol) == [], "nothing is left")
    expect(ccxt.InvalidOrder, lambda: k.create_order(symbol, "limit", "buy", limits["amount"]["min"] / 2, price(0.8)))
    expect(ccxt.InsufficientFunds, lambda: k.create_order(symbol, "limit", "buy", 1e8, price(0.8)))
    margin = lambda: k.create_order(symbol, "limit", "buy", amount, price(0.8), {"leverage": 3})
    expect(ccxt.ExchangeError, margin)
    expect(ccxt.ExchangeError, lambda: k.create_order(symbol, "market", "sell", amount, None, {"reduceOnly": True}))


def tiers(starter):
    """The lowest tier may ask 15 times at once, and has its orders counted apart from that."""
    starter.enableRateLimit = False
    answers = []
    for _ in range(16):
        try:
            answers.append(starter.private_post_balance()["error"])
        except ccxt.DDoSProtection:
            answers.append("too many")
    check(answers == [[]] * 15 + ["too many"], "15 calls, and no more")
    symbol, low = "DOGE/USD", 0.01
    expect(ccxt.OrderNotFound, lambda: starter.cancel_order("OAAAAA-BBBBB-CCCCCC"))
    cancels = 0
    while cancels < 20:
        order = starter.create_order(symbol, "limit", "buy", 100, low)
        try:
            starter.cancel_order(order["id"])
        except ccxt.DDoSProtection:
            break
        cancels += 1
    # An order that is cancelled at once counts 9 of 60.
    check(cancels == 6, f"{cancels} young orders are cancelled, and no more")


def rights(limited):
    check(limited.fetch_balance()["USD"]["total"] == 100, "a key for balances")
    expect(ccxt.PermissionDenied, limited.fetch_open_orders)
    expect(ccxt.PermissionDenied, lambda: limited.create_order("DOGE/USD", "limit", "buy", 100, 0.01))
    expect(ccxt.PermissionDenied, limited.private_post_getwebsocketstoken)
    expect(ccxt.BadSymbol, lambda: limited.fetch_ticker("NOPE/USD"))


def main():
    for number, symbol in enumerate(PAIRS):
        k = exchange(16 + number)
        k.load_markets()
        examine(k, symbol)
    for number, act in [(19, tiers), (20, rights)]:
        k = exchange(number)
        k.load_markets()
        act(k)


run(main)
