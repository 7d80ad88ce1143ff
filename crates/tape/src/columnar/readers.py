"""Opens a tape in columns with pandas, polars and DuckDB, and compares with what was written.

    readers.py TRADES BARS  trade-rows sum-of-price-e9 sum-of-quantity-e8  bar-rows sum-of-close-e9 sum-of-close-ts
"""

import sys

import duckdb
import pandas
import polars

trades, bars = sys.argv[1:3]
expected = [int(text) for text in sys.argv[3:]]


def equal(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: expected {wanted}, found {found}")
    print(f"{what}: {found}")


frame = pandas.read_parquet(trades, dtype_backend="pyarrow")
types = {name: str(dtype) for name, dtype in frame.dtypes.items()}
equal("pandas dtypes", types, {
    "ts": "timestamp[ns, tz=UTC][pyarrow]",
    "price": "decimal128(18, 9)[pyarrow]",
    "quantity": "decimal128(18, 8)[pyarrow]",
    "trade_id": "int64[pyarrow]",
    "fills": "int32[pyarrow]",
    "taker_side": "int8[pyarrow]",
})
bar_frame = pandas.read_parquet(bars)
equal("pandas time", str(bar_frame["open_ts"].dtype), "datetime64[ns, UTC]")
found = [
    len(frame),
    int(frame["price"].sum().scaleb(9)),
    int(frame["quantity"].sum().scaleb(8)),
    len(bar_frame),
    int(sum(bar_frame["close"]).scaleb(9)),
    sum(int(ts) for ts in bar_frame["close_ts"].astype("int64")),
]
equal("pandas", found, expected)

frame, bar_frame = polars.read_parquet(trades), polars.read_parquet(bars)
types = [str(dtype) for dtype in frame.dtypes]
equal("polars dtypes", types, [
    "Datetime(time_unit='ns', time_zone='UTC')",
    "Decimal(precision=18, scale=9)",
    "Decimal(precision=18, scale=8)",
    "Int64",
    "Int32",
    "Int8",
])
found = [
    len(frame),
    int(frame["price"].sum().scaleb(9)),
    int(frame["quantity"].sum().scaleb(8)),
    len(bar_frame),
    int(bar_frame["close"].sum().scaleb(9)),
    sum(bar_frame["close_ts"].cast(polars.Int64).to_list()),
]
equal("polars", found, expected)

types = [row[1] for row in duckdb.sql(f"describe from read_parquet('{trades}')").fetchall()]
equal("duckdb types", types, [
    # Versions before 2 know microseconds only.
    "TIMESTAMPTZ_NS" if duckdb.__version__ >= "2" else "TIMESTAMP WITH TIME ZONE",
    "DECIMAL(18,9)",
    "DECIMAL(18,8)",
    "BIGINT",
    "INTEGER",
    "TINYINT",
])
query = "select count(*), sum(price), sum(quantity) from read_parquet(?)"
rows, price, quantity = duckdb.execute(query, [trades]).fetchone()
query = "select count(*), sum(close), sum(epoch_ns(close_ts)::hugeint) from read_parquet(?)"
bar_rows, close, times = duckdb.execute(query, [bars]).fetchone()
found = [rows, int(price.scaleb(9)), int(quantity.scaleb(8)), bar_rows, int(close.scaleb(9)), int(times)]
equal("duckdb", found, expected)
