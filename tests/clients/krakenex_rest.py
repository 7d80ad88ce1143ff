"""krakenex, unmodified, against a served venue."""

import time

import krakenex

from support import account, base, check, least, pair, run


def main():
    key, secret = account(8)
    k = krakenex.API(key=key, secret=secret)
    k.uri = base()
    name = pair().replace("BTC", "XBT").replace("DOGE", "XDG").replace("/", "")

    def private(method, data=None):
        # Its nonces are milliseconds, and a venue next door answers within one: two calls would have the same.
        time.sleep(0.002)
        return k.query_private(method, data)

    def ask(answer):
        check(answer["error"] == [], f"no error, found {answer['error']}")
        return answer["result"]

    ticker = next(iter(ask(k.query_public("Ticker", {"pair": name})).values()))
    last = float(ticker["c"][0])
    check("unixtime" in ask(k.query_public("Time")), "the time")
    check(len(ask(k.query_public("Depth", {"pair": name, "count": 3}))) == 1, "a book")
    check("ZUSD" in ask(private("Balance")), "a balance")
    rules = next(iter(ask(k.query_public("AssetPairs", {"pair": name})).values()))
    volume = f"{least(rules['ordermin'], rules['costmin'], last) * 10:.8f}"
    price = f"{last * 0.8:.{rules['pair_decimals']}f}"
    order = {"pair": name, "type": "buy", "ordertype": "limit", "volume": volume, "price": price, "userref": 77}
    txid = ask(private("AddOrder", order))["txid"][0]
    check(txid in ask(private("OpenOrders", {"trades": True}))["open"], "an open order")
    check(ask(private("CancelOrder", {"txid": 77}))["count"] == 1, "cancelled by its number")
    again = private("CancelOrder", {"txid": txid})
    check(again["error"] == ["EOrder:Unknown order"], "it is gone")
    market = ask(private("AddOrder", {"pair": name, "type": "buy", "ordertype": "market", "volume": volume}))
    check(ask(private("QueryOrders", {"txid": market["txid"][0]}))[market["txid"][0]]["status"] == "closed", "a market order")
    check(k.query_public("Nothing")["error"] == ["EGeneral:Unknown method"], "unknown methods are refused")


run(main)
