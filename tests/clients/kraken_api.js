// npm kraken-api, unmodified, against a served venue. It sends bodies without a content type.
const fs = require('fs');
const KrakenClient = require('kraken-api');

const settings = JSON.parse(fs.readFileSync(process.env.WAVETANK_CLIENTS, 'utf8'));
const [key, secret] = settings.keys[9 % settings.keys.length];
const kraken = new KrakenClient(key, secret, { url: settings.rest });
const pair = settings.pair.replace('BTC', 'XBT').replace('DOGE', 'XDG').replace('/', '');

function check(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ok: ${what}`);
}

// Its nonces are of milliseconds, and a venue next door answers within one: two calls would have the same.
async function call(method, params) {
  await new Promise((done) => setTimeout(done, 2));
  return kraken.api(method, params);
}

async function main() {
  const ticker = Object.values((await call('Ticker', { pair })).result)[0];
  const last = Number(ticker.c[0]);
  check(last > 0, 'a ticker');
  check(Number((await call('Balance')).result.ZUSD) > 0, 'a balance');
  const rules = Object.values((await call('AssetPairs', { pair })).result)[0];
  const volume = (Math.max(Number(rules.ordermin), Number(rules.costmin) / last) * 10).toFixed(8);
  const order = { pair, type: 'buy', ordertype: 'limit', price: (last * 0.8).toFixed(rules.pair_decimals), volume };
  const added = await call('AddOrder', order);
  const txid = added.result.txid[0];
  check(txid in (await call('OpenOrders')).result.open, 'an open order');
  check((await call('CancelOrder', { txid })).result.count === 1, 'a cancelled order');
  const refused = await call('CancelOrder', { txid }).catch((error) => error);
  check(refused instanceof Error && /Unknown order/.test(refused.message), 'a refusal is an error');
}

main().catch((error) => { console.error(error); process.exit(1); });
