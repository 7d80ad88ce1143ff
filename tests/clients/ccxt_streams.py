"""ccxt.pro over WebSocket v2, unmodified, against a served venue."""

import asyncio

import ccxt
import ccxt.pro

from support import account, base, check, least, pair, quote, run, stream

PATIENCE = 20


def exchange(number):
    key, secret = account(number)
    ws = stream()
    v2 = {"publicV2": ws + "/v2", "privateV2": ws + "/v2", "public": ws, "private": ws}
    urls = {"api": {"public": base(), "private": base(), "ws": v2}}
    return ccxt.pro.kraken({
        "apiKey": key, "secret": secret, "urls": urls, "rateLimit": 20,
        "options": {"watchOrderBook": {"checksum": False}},
    })


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, PATIENCE)


async def public(k, symbol):
    ticker = await soon(k.watch_ticker(symbol))
    check(ticker["bid"] < ticker["ask"] and ticker["last"] > 0, "a ticker")
    trades = await soon(k.watch_trades(symbol))
    check(len(trades) > 0 and trades[-1]["price"] > 0, "trades")
    book = await soon(k.watch_order_book(symbol, 25))
    check(book["bids"][0][0] < book["asks"][0][0] and len(book["bids"]) > 10, "a book")
    for _ in range(5):
        book = await soon(k.watch_order_book(symbol, 25))
        check(book["bids"][0][0] < book["asks"][0][0], "the book stays uncrossed")
    candles = await soon(k.watch_ohlcv(symbol, "1m"))
    check(len(candles) > 0, "candles")
    for other in ("DOGE/USD", "ADA/BTC"):
        for _ in range(4):
            changed = await soon(k.watch_order_book(other, 10))
        check(len(changed["bids"]) == 10 and changed["bids"][0][0] < changed["asks"][0][0], f"{other}: a book that changes")
    several = await soon(k.watch_trades_for_symbols([symbol, "ETH/EUR"]))
    check(len(several) > 0, "trades of several pairs")
    quotes = await soon(k.watch_bids_asks(["ETH/USD"]))
    check(quotes["ETH/USD"]["bid"] > 0, "best prices")
    return ticker


async def private(k, symbol, last):
    await k.load_markets()
    limits = k.markets[symbol]["limits"]
    amount = float(k.amount_to_precision(symbol, least(limits["amount"]["min"], limits["cost"]["min"], last) * 10))
    low = float(k.price_to_precision(symbol, last * 0.8))
    balance = await soon(k.watch_balance())
    check(balance[quote()]["total"] > 0, "balances")
    # Rows of an order's end name no symbol, at Kraken, too: only who watches all orders hears of it.
    orders = asyncio.ensure_future(k.watch_orders())
    trades = asyncio.ensure_future(k.watch_my_trades(symbol))
    await asyncio.sleep(0.5)
    order = await soon(k.create_order_ws(symbol, "limit", "buy", amount, low))
    check(order["id"].startswith("O"), "an order by WebSocket")
    seen = await soon(orders)
    check(seen[-1]["id"] == order["id"], "it is watched")
    less = float(k.amount_to_precision(symbol, amount * 0.9))
    edited = await soon(k.edit_order_ws(order["id"], symbol, "limit", "buy", less, low))
    check(edited["id"] == order["id"], "it is amended by WebSocket")
    await soon(k.cancel_order_ws(order["id"]))
    ended = lambda: [o for o in k.orders if o["id"] == order["id"] and o["status"] == "canceled"]
    while not ended():
        await soon(k.watch_orders())
    check(ended(), "its end is watched")
    balances = asyncio.ensure_future(k.watch_balance())
    await asyncio.sleep(0.1)
    await soon(k.create_order_ws(symbol, "market", "buy", amount))
    mine = await soon(trades)
    check(mine[-1]["amount"] == amount and mine[-1]["fee"]["cost"] is not None, "an own trade is watched")
    changed = await soon(balances)
    # One message per asset: that of the quote may be the second.
    while changed[quote()]["total"] >= balance[quote()]["total"]:
        changed = await soon(k.watch_balance())
    check(True, "balances change")
    await soon(k.cancel_all_orders_ws())
    try:
        await soon(k.create_order_ws(symbol, "limit", "buy", 10 * balance[quote()]["total"] / low, low))
        raise AssertionError("nobody can pay that")
    except ccxt.ExchangeError as error:
        # ccxt gives errors of this stream no finer class.
        check("EOrder:Insufficient funds" in str(error), "a refusal by WebSocket")


async def session():
    symbol = pair()
    open_, closed = exchange(4), exchange(5)
    try:
        ticker = await public(open_, symbol)
        await private(closed, symbol, ticker["last"])
    finally:
        await open_.close()
        await closed.close()


run(lambda: asyncio.run(session()))
