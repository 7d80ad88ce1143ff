"""ccxt over REST, unmodified: what orders of many pairs cost, to the last digit, by the rules that the venue tells."""

from decimal import ROUND_HALF_UP, Decimal as D

import ccxt

from support import account, base, check, least, run

# Quotes of fiat money, stablecoins and coins; prices of 0 to 8 digits.
PAIRS = ["ETH/EUR", "XRP/USD", "USDT/USD", "DOGE/USD", "ADA/BTC", "ETH/BTC"]


def rounded(amount, digits):
    return amount.quantize(D(1).scaleb(-digits), ROUND_HALF_UP)


def examine(k, symbol):
    market = k.market(symbol)
    rules, last = market["info"], k.fetch_ticker(symbol)["last"]
    digits = int(rules["cost_decimals"])
    booked = {asset["altname"]: int(asset["decimals"]) for asset in k.assets}
    name = {"BTC": "XBT", "DOGE": "XDG"}
    quote_digits = booked[name.get(market["quote"], market["quote"])]
    amount = k.amount_to_precision(symbol, least(rules["ordermin"], rules["costmin"], last * 0.8) * 3)
    low = k.price_to_precision(symbol, last * 0.8)
    before = {asset: D(row["balance"]) for asset, row in k.fetch_balance()["info"]["result"].items()}
    order = k.private_post_addorder({
        "pair": rules["altname"], "type": "buy", "ordertype": "limit", "volume": amount, "price": low, "oflags": "post",
    })["result"]
    sentence = f"buy {D(amount):.8f} {rules['altname']} @ limit {D(low):.{int(rules['pair_decimals'])}f}"
    check(order["descr"]["order"] == sentence, f"{symbol}: {sentence}")
    held = D(k.fetch_balance()["info"]["result"][rules["quote"]]["hold_trade"])
    check(abs(held - D(amount) * D(low)) < D(1).scaleb(-quote_digits), f"it holds {held}")
    k.cancel_order(order["txid"][0])
    txid = k.create_order(symbol, "market", "buy", float(amount))["id"]
    row = k.fetch_order(txid)["info"]
    rate = D(k.private_post_tradevolume({"pair": rules["altname"]})["result"]["fees"][market["id"]]["fee"])
    cost, fee = D(row["cost"]), D(row["fee"])
    expected = rounded(cost * rate / 100, quote_digits)
    check(fee == rounded(expected, digits), f"{rate} % of {cost} is {fee}")
    check({-D(row[key]).as_tuple().exponent for key in ("cost", "fee", "price")} == {digits}, f"{digits} digits")
    after = k.fetch_balance()["info"]["result"]
    spent = before[rules["quote"]] - D(after[rules["quote"]]["balance"])
    # Rows of orders may show fewer digits than balances have.
    check(abs(spent - cost - fee) < D(1).scaleb(-min(digits, quote_digits)), f"{spent} was paid")
    ledger = [e for e in k.fetch_ledger() if e["info"]["refid"] in row["trades"]]
    moved = {e["info"]["asset"]: D(e["info"]["amount"]) - D(e["info"]["fee"]) for e in ledger}
    check(moved[rules["quote"]] == -spent and moved[rules["base"]] == D(amount), "the ledger agrees")


def main():
    urls = {"api": {"public": base(), "private": base()}}
    k = ccxt.kraken({"urls": urls, "rateLimit": 20})
    k.load_markets()
    k.assets = k.public_get_assets()["result"].values()
    for number, symbol in enumerate(PAIRS):
        # Calls are counted per key.
        k.apiKey, k.secret = account(10 + number)
        examine(k, symbol)


run(main)
