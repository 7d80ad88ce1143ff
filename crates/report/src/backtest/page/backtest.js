function head() {
  const page = document.getElementById('page');
  page.append(make('h1', {}, data.title), make('p', { class: 'soft' }, data.subtitle));
  const tiles = data.tiles.map(([name, value]) => make('div', { class: 'tile' }, [make('span', {}, name), make('b', {}, value)]));
  page.append(make('div', { class: 'tiles' }, tiles));
  for (const warning of data.warnings) section('Note', warning);
}

function equity() {
  const { t, v, d } = data.equity;
  const node = section(`Equity, ${data.currency}`, data.equity.note);
  const text = i => `equity ${number(v[i])} ${data.currency}\ndrawdown ${percent(d[i])}`;
  line(node, 'Equity over time', { t, v, height: 260, format: number, color: '--main', fill: '--main-fill', text });
  node.append(make('h2', {}, 'Drawdown'));
  line(node, 'Drawdown over time', { t, v: d, height: 130, format: percent, color: '--fall', fill: '--fall-fill', zero: true, text });
}

function price(market) {
  const node = section(`Price of ${market.symbol}, with fills`, market.note);
  const { t, p, fills } = market;
  const text = i => `${market.symbol} ${number(p[i])}`;
  line(node, `Price of ${market.symbol}`, { t, v: p, fills, height: 300, format: number, color: '--soft', text });
  node.append(make('div', { class: 'key' }, [make('span', {}, '▲ bought'), make('span', {}, '▼ sold')]));
}

function months() {
  if (!data.months.length) return;
  const node = section('Returns by month');
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec', 'Year'];
  const top = Math.max(...data.months.map(month => Math.abs(month.r)));
  const years = [...new Set(data.months.map(month => month.y))];
  const rows = years.map(year => {
    const of = data.months.filter(month => month.y === year);
    const whole = of.reduce((product, month) => product * (1 + month.r), 1) - 1;
    const cells = names.map((name, at) => {
      const month = at === 12 ? { r: whole } : of.find(month => month.m === at + 1);
      if (!month) return make('td', {}, '');
      const cell = make('td', { class: 'cell', style: shade(month.r, top) }, percent(month.r));
      hover(cell, `${name === 'Year' ? '' : name + ' '}${year}\n${percent(month.r)}`);
      return cell;
    });
    return make('tr', {}, [make('th', {}, String(year)), ...cells]);
  });
  const headings = make('tr', {}, ['', ...names].map(name => make('th', {}, name)));
  node.append(make('div', { class: 'wide' }, make('table', {}, [headings, ...rows])));
}

function distribution() {
  const { bins, note } = data.trades;
  const node = section(`Trades by profit, ${data.currency}`, note);
  if (!bins.length) return;
  const height = 200;
  const svg = draw(node, 'svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': 'Trades by profit' });
  const [from, to] = [bins[0].a, bins[bins.length - 1].b];
  const most = Math.max(...bins.map(bin => bin.n));
  const x = value => LEFT + (value - from) / (to - from) * (WIDTH - LEFT - RIGHT);
  const y = count => TOP + (1 - count / most) * (height - TOP - BOTTOM);
  for (const count of steps(0, most, 4).filter(Number.isInteger)) {
    draw(svg, 'line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(count), y2: y(count) });
    draw(svg, 'text', { x: LEFT - 8, y: y(count) + 4, 'text-anchor': 'end' }, number(count));
  }
  for (const value of steps(from, to, 8)) draw(svg, 'text', { x: x(value), y: height - 7, 'text-anchor': 'middle' }, number(value));
  for (const bin of bins) {
    const gains = bin.a >= 0;
    const bar = draw(svg, 'rect', { class: 'bar', x: x(bin.a), width: Math.max(1, x(bin.b) - x(bin.a)),
      y: y(bin.n), height: height - BOTTOM - y(bin.n), fill: `var(--${gains ? 'buy' : 'sell'})` });
    hover(bar, `${bin.n} trades\n${number(bin.a)} to ${number(bin.b)} ${data.currency}`);
  }
  draw(svg, 'line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM });
}

function findings() {
  const node = section('Data', data.quality.note);
  const cell = (text, left) => make('td', left ? { class: 'left' } : {}, text);
  const heading = (text, left) => make('th', left ? { class: 'left' } : {}, text);
  if (data.quality.rows.length) {
    const rows = data.quality.rows.map(row => make('tr', {}, [cell(row.problem, true), cell(number(row.count)), cell(row.policy, true), cell(row.example, true)]));
    const top = make('tr', {}, [heading('Finding', true), heading('Rows'), heading('What was done', true), heading('First', true)]);
    node.append(make('div', { class: 'wide' }, make('table', {}, [top, ...rows])));
  }
  const facts = data.facts.map(([name, value]) => make('tr', {}, [heading(name, true), cell(value, true)]));
  section('Run').append(make('div', { class: 'wide' }, make('table', {}, facts)));
}

head();
equity();
data.markets.forEach(price);
months();
distribution();
findings();
