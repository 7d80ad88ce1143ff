"""ccxt over REST, unmodified, against a served venue."""

import time

import ccxt

from support import account, base, check, expect, least, pair, run


# Another pair than the one that is traded.
OTHER = "SOL/USDT"


def size(k, symbol, last, times):
    """An amount that may be ordered, even at half the price if `times` is 2 or more."""
    limits = k.markets[symbol]["limits"]
    return float(k.amount_to_precision(symbol, least(limits["amount"]["min"], limits["cost"]["min"], last) * times))


def exchange(number=0, **more):
    key, secret = account(number)
    urls = {"api": {"public": base(), "private": base()}}
    # The venue counts calls itself; pauses between them are not what is examined.
    return ccxt.kraken({"apiKey": key, "secret": secret, "urls": urls, "rateLimit": 20, **more})


def market_data(k, symbol):
    markets = k.load_markets()
    check(len(markets) > 1 and symbol in markets, "markets are loaded")
    check(markets[symbol]["taker"] > 0 and markets[symbol]["limits"]["amount"]["min"] > 0, "rules are read")
    check("BTC" in k.currencies or "USD" in k.currencies, "currencies are loaded")
    check(k.fetch_status()["status"] == "ok", "the status is ok")
    check(abs(k.fetch_time() / 1000 - time.time()) < 5, "the clock is right")
    ticker = k.fetch_ticker(symbol)
    check(ticker["bid"] < ticker["ask"] and ticker["last"] > 0, "a ticker")
    check(len(k.fetch_tickers([symbol, OTHER])) == 2, "several tickers")
    candles = k.fetch_ohlcv(symbol, "1m")
    check(len(candles) >= 2 and all(low <= close <= high for _, _, high, low, close, _ in candles), "candles")
    check([c[0] for c in candles] == sorted(c[0] for c in candles), "candles rise")
    recent = k.fetch_ohlcv(symbol, "1m", since=candles[-2][0])
    check(recent[0][0] == candles[-2][0], "candles from a time on include it")
    book = k.fetch_order_book(symbol, 10)
    check(len(book["bids"]) == 10 and book["bids"][0][0] < book["asks"][0][0], "a book")
    trades = k.fetch_trades(symbol, limit=5)
    check(len(trades) == 5 and trades[-1]["timestamp"] <= time.time() * 1000 + 1000, "trades")
    check(len(k.fetch_trades(symbol, since=trades[0]["timestamp"] - 1000)) >= 5, "trades since")
    return ticker


def orders(k, symbol, ticker):
    base_asset, quote_asset = symbol.split("/")
    amount = size(k, symbol, ticker["last"], 20)
    before = k.fetch_balance()
    check(before[quote_asset]["free"] > 0, "a balance")
    low = float(k.price_to_precision(symbol, ticker["last"] * 0.8))
    order = k.create_order(symbol, "limit", "buy", amount, low, {"postOnly": True})
    check(order["side"] == "buy" and order["price"] == low and order["symbol"] == symbol, "the sentence is parsed")
    shown = k.fetch_order(order["id"])
    check(shown["status"] == "open" and shown["amount"] == amount and shown["filled"] == 0, "an open order")
    check([o["id"] for o in k.fetch_open_orders(symbol)] == [order["id"]], "it is the only open one")
    used = k.fetch_balance()[quote_asset]["used"]
    check(abs(used - amount * low) < 0.01, "it holds its cost")
    less = float(k.amount_to_precision(symbol, amount * 0.75))
    k.edit_order(order["id"], symbol, "limit", "buy", less, low)
    check(k.fetch_order(order["id"])["amount"] == less, "an amended order")
    k.cancel_order(order["id"], symbol)
    check(k.fetch_order(order["id"])["status"] == "canceled", "a cancelled order")
    expect(ccxt.OrderNotFound, lambda: k.cancel_order(order["id"], symbol))
    bought = k.fetch_order(k.create_order(symbol, "market", "buy", amount)["id"])
    check(bought["status"] == "closed" and bought["filled"] == amount and bought["average"] > 0, "a market buy")
    check(float(bought["fee"]["cost"]) > 0, "it costs a fee")
    sold = k.fetch_order(k.create_order(symbol, "market", "sell", amount)["id"])
    check(sold["status"] == "closed" and sold["filled"] == amount, "a market sell")
    spent = k.fetch_order(k.create_market_buy_order_with_cost(symbol, amount * ticker["last"])["id"])
    check(0.5 < spent["cost"] / (amount * ticker["last"]) <= 1, "a market buy by cost")
    mine = k.fetch_my_trades(symbol)
    check({t["order"] for t in mine} >= {bought["id"], sold["id"]}, "own trades")
    check(sold["id"] in {o["id"] for o in k.fetch_closed_orders(symbol)}, "closed orders")
    check(len(k.fetch_ledger()) >= 4, "ledger entries")
    check(k.fetch_trading_fee(symbol)["taker"] > 0, "a trading fee")
    check(k.fetch_balance()[quote_asset]["total"] < before[quote_asset]["total"], "money is spent")


def special_orders(k, symbol, ticker):
    amount = size(k, symbol, ticker["last"], 10)
    price = lambda factor: float(k.price_to_precision(symbol, ticker["last"] * factor))
    stop = k.create_order(symbol, "market", "sell", amount, None, {"stopLossPrice": price(0.7)})
    check(k.fetch_order(stop["id"])["stopLossPrice"] == price(0.7), "a stop loss")
    limited = k.create_order(symbol, "limit", "sell", amount, price(1.3), {"takeProfitPrice": price(1.35)})
    check(k.fetch_order(limited["id"])["price"] == price(1.3), "a take profit with a limit")
    trailing = k.create_order(symbol, "market", "sell", amount, None, {"trailingPercent": "5"})
    check(k.fetch_order(trailing["id"])["status"] == "open", "a trailing stop")
    check(k.fetch_positions() == [], "no positions")
    odd = k.create_order(symbol, "limit", "buy", amount, price(0.8), {"trading_agreement": "agree", "oflags": "fcib"})
    check(k.fetch_order(odd["id"])["status"] == "open", "unknown fields and wishes about fees are taken")
    named = k.create_order(symbol, "limit", "buy", amount, price(0.8), {"clientOrderId": "wt-client-1"})
    check(k.fetch_order(named["id"])["clientOrderId"] == "wt-client-1", "an order with a name")
    k.cancel_order(named["id"], symbol, {"clientOrderId": "wt-client-1"})
    fast = k.create_order(symbol, "limit", "buy", amount, price(0.9), {"timeInForce": "IOC"})
    check(k.fetch_order(fast["id"])["status"] == "canceled", "immediate or cancel")
    batch = k.create_orders([
        {"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": price(0.8)},
        {"symbol": symbol, "type": "limit", "side": "buy", "amount": amount, "price": price(0.79)},
    ])
    check(len(batch) == 2 and all(o["id"] for o in batch), "a batch")
    k.cancel_orders([o["id"] for o in batch])
    k.cancel_all_orders_after(60000)
    k.cancel_all_orders_after(0)
    k.cancel_all_orders()
    check(k.fetch_open_orders() == [], "nothing is left")


def errors(k, symbol, ticker):
    low = float(k.price_to_precision(symbol, ticker["last"] * 0.8))
    too_much = 10 * k.fetch_balance()[symbol.split("/")[1]]["free"] / low
    expect(ccxt.InsufficientFunds, lambda: k.create_order(symbol, "limit", "buy", too_much, low))
    expect(ccxt.ExchangeError, lambda: k.public_get_ticker({"pair": "NOPE"}))
    high = float(k.price_to_precision(symbol, ticker["last"] * 1.1))
    amount = size(k, symbol, ticker["last"], 10)
    expect(ccxt.ExchangeError, lambda: k.create_order(symbol, "limit", "buy", amount, high, {"postOnly": True}))
    stranger = exchange()
    stranger.apiKey = "unknown"
    expect(ccxt.AuthenticationError, stranger.fetch_balance)
    forger = exchange()
    forger.secret = "c2VjcmV0"
    expect(ccxt.ExchangeError, forger.fetch_balance)
    late = exchange()
    late.nonce = lambda: 1
    expect(ccxt.InvalidNonce, late.fetch_balance)


def limits(k):
    def storm():
        for _ in range(40):
            k.private_post_balance()
    k.enableRateLimit = False
    expect(ccxt.DDoSProtection, storm)


def main():
    symbol = pair()
    k = exchange()
    ticker = market_data(k, symbol)
    orders(k, symbol, ticker)
    second = exchange(1)
    second.load_markets()
    special_orders(second, symbol, ticker)
    third = exchange(2)
    third.load_markets()
    errors(third, symbol, ticker)
    limits(exchange(3))


run(main)
