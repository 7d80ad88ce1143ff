"""python-kraken-sdk, unmodified, against a served venue: REST and WebSocket v2."""

import asyncio
import warnings

from kraken.exceptions import KrakenUnknownAssetError
from kraken.spot import Market, SpotWSClient, Trade, User

from support import account, base, check, expect, least, pair, run, stream

PATIENCE = 20


def rules(market):
    """The row of the pair. Kraken writes XBT and XDG where the streams write BTC and DOGE."""
    wsname = pair().replace("BTC", "XBT").replace("DOGE", "XDG")
    rows = [row for row in market.get_asset_pairs().values() if row["wsname"] == wsname]
    check(len(rows) == 1, "pairs")
    return rows[0]


def rest():
    market = Market(url=base())
    row = rules(market)
    symbol, digits = row["altname"], row["pair_decimals"]
    check("XXBT" in market.get_assets(), "assets")
    ticker = next(iter(market.get_ticker(pair=symbol).values()))
    last = float(ticker["c"][0])
    check(float(ticker["b"][0]) < float(ticker["a"][0]), "a ticker")
    check(len(next(iter(market.get_ohlc(pair=symbol).values()))) >= 2, "candles")
    check(len(next(iter(market.get_order_book(pair=symbol, count=5).values()))["bids"]) == 5, "a book")
    check(len(next(iter(market.get_recent_trades(pair=symbol, count=3).values()))) == 3, "trades")
    check("last" in market.get_recent_spreads(pair=symbol), "spreads")
    check(market.get_system_status()["status"] == "online", "the status")
    key, secret = account(6)
    user = User(key=key, secret=secret, url=base())
    trade = Trade(key=key, secret=secret, url=base())
    check(float(user.get_account_balance()["ZUSD"]) > 0, "a balance")
    check("hold_trade" in user.get_balances()["ZUSD"], "balances with holds")
    check(float(user.get_trade_balance()["eb"]) > 0, "the trade balance")
    size = least(row["ordermin"], row["costmin"], last) * 10
    at = lambda factor: f"{last * factor:.{digits}f}"
    amount, low = f"{size:.8f}", at(0.8)
    added = trade.create_order(ordertype="limit", side="buy", pair=symbol, volume=amount, price=low, oflags=["post"])
    txid = added["txid"][0]
    check(txid in user.get_open_orders()["open"], "an open order")
    check(user.get_orders_info(txid=txid)[txid]["descr"]["ordertype"] == "limit", "an order by its id")
    amended = trade.amend_order(extra_params={"txid": txid, "order_qty": amount, "limit_price": at(0.79)})
    check(amended["amend_id"].startswith("T"), "an amended order")
    check(trade.cancel_order(txid=txid)["count"] == 1, "a cancelled order")
    bought = trade.create_order(ordertype="market", side="buy", pair=symbol, volume=amount)["txid"][0]
    check(bought in user.get_closed_orders()["closed"], "a closed order")
    check(bought in {row["ordertxid"] for row in user.get_trades_history()["trades"].values()}, "own trades")
    check(user.get_ledgers_info()["count"] >= 2, "ledger entries")
    check("fees" in user.get_trade_volume(pair=symbol), "the volume")
    follows = trade.create_order(
        ordertype="limit", side="buy", pair=symbol, volume=amount, price=low, starttm="+60",
        close_ordertype="stop-loss", close_price=at(0.7), stptype="cancel-oldest",
    )
    check(user.get_orders_info(txid=follows["txid"][0])[follows["txid"][0]]["status"] == "pending", "an order for later")
    check("close position @ stop loss" in follows["descr"]["close"], "a conditional close")
    trade.create_order(ordertype="trailing-stop", side="buy", pair=symbol, volume=amount, price="+5%")
    trade.cancel_all_orders()
    batch = trade.create_order_batch(
        orders=[
            {"ordertype": "limit", "type": "buy", "volume": amount, "price": low},
            {"ordertype": "limit", "type": "buy", "volume": amount, "price": at(0.78)},
        ],
        pair=symbol,
    )
    check(trade.cancel_order_batch(orders=[row["txid"] for row in batch["orders"]])["count"] == 2, "batches")
    check("triggerTime" in trade.cancel_all_orders_after_x(timeout=60), "the dead man's switch")
    trade.cancel_all_orders_after_x(timeout=0)
    check(trade.cancel_all_orders()["count"] == 0, "nothing is left")
    unknown = lambda: market.get_ticker(pair="NOPE")
    expect(KrakenUnknownAssetError, unknown)
    return float(amount), float(low)


async def streams(amount, low):
    key, secret = account(7)
    heard = []

    class Client(SpotWSClient):
        async def on_message(self, message):
            heard.append(message)

    def channel(name, kind=None):
        rows = [m for m in heard if isinstance(m, dict) and m.get("channel") == name]
        return [m for m in rows if kind is None or m.get("type") == kind]

    async def until(what, holds):
        for _ in range(PATIENCE * 10):
            if holds():
                check(True, what)
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not heard: {what}; {heard[-5:]}")

    client = Client(key=key, secret=secret, rest_url=base(), ws_url=stream(), auth_ws_url=stream())
    await client.start()
    symbol = pair()
    public = [{"channel": "ticker"}, {"channel": "trade"}, {"channel": "book", "depth": 25}]
    candles = [{"channel": "ohlc", "interval": 5}, {"channel": "ohlc", "interval": 60}]
    for params in public + candles:
        await client.subscribe(params={**params, "symbol": [symbol]})
    await client.subscribe(params={"channel": "executions", "snap_orders": True})
    for name in ("ticker", "trade", "book", "ohlc", "executions"):
        await until(f"a snapshot of {name}", lambda name=name: channel(name, "snapshot"))
    lengths = lambda: {row["interval"] for m in channel("ohlc", "snapshot") for row in m["data"]}
    await until("candles of two lengths of one pair", lambda: lengths() == {5, 60})
    await until("changes of the book", lambda: channel("book", "update"))
    await client.send_message(message={"method": "add_order", "params": {
        "order_type": "limit", "side": "buy", "order_qty": amount, "symbol": symbol,
        "limit_price": low}})
    await until("an order", lambda: channel("executions", "update"))
    await client.send_message(message={"method": "cancel_all", "params": {}})
    await until("its end", lambda: any(row["exec_type"] == "canceled" for m in channel("executions", "update") for row in m["data"]))
    await client.close()


def main():
    warnings.simplefilter("ignore")
    amount, low = rest()
    asyncio.run(streams(amount, low))


run(main)
