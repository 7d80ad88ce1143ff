'use strict';
// Draws the page from the JSON above. Everything is SVG and tables; nothing is fetched.
const data = JSON.parse(document.getElementById('data').textContent);
const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 1088, LEFT = 78, RIGHT = 12, TOP = 10, BOTTOM = 24;

function make(tag, attributes, children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  for (const child of [].concat(children ?? [])) node.append(child);
  return node;
}

function draw(parent, tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 });
const number = (value, digits) => {
  if (digits !== undefined) return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const size = Math.abs(value);
  return size >= 1000 || size === 0 ? grouped.format(value) : String(Number(value.toPrecision(8)));
};
const percent = (value, digits = 4) => (value > 0 ? '+' : '') + number(value * 100, Math.max(2, digits - 2)) + ' %';
const time = ms => new Date(ms).toISOString().replace('T', ' ').replace(/\.?0*Z$/, '');

// The tip that follows the pointer.
const tip = make('div', { id: 'tip', role: 'status', hidden: '' });
document.body.append(tip);
function tell(event, text) {
  tip.hidden = false;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  const left = event.clientX + 14 + box.width > innerWidth ? event.clientX - box.width - 14 : event.clientX + 14;
  tip.style.left = Math.max(4, left) + 'px';
  tip.style.top = Math.max(4, Math.min(innerHeight - box.height - 4, event.clientY + 14)) + 'px';
}
const hush = () => { tip.hidden = true; };
function hover(node, text) {
  node.addEventListener('pointermove', event => tell(event, text));
  node.addEventListener('pointerleave', hush);
}

// Round steps of an axis.
function steps(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough);
  const all = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) all.push(at * step);
  return all;
}
// Digits that tell the steps apart.
const digitsOf = values => values.length < 2 ? undefined
  : Math.max(0, Math.ceil(-Math.log10(values[1] - values[0]) - 1e-6));
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TIMES = [SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 182 * DAY, 365 * DAY,
  730 * DAY, 1826 * DAY];
function timeSteps(low, high) {
  const step = TIMES.find(step => (high - low) / step <= 8) || TIMES[TIMES.length - 1];
  const all = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) all.push(at);
  const text = ms => step >= DAY ? time(ms).slice(0, 10) : step >= MINUTE
    ? (high - low > DAY ? time(ms).slice(5, 10) + ' ' : '') + new Date(ms).toISOString().slice(11, 16)
    : new Date(ms).toISOString().slice(11, 19);
  return all.map(at => [at, text(at)]);
}

// Index of the point nearest to a time.
function nearest(times, at) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < at) low = middle + 1; else high = middle;
  }
  return low > 0 && at - times[low - 1] <= times[low] - at ? low - 1 : low;
}

// All charts over time share their crosshair.
const crosshairs = [];

// A line over time, with fills as triangles if there are any.
function line(parent, name, { t, v, fills, height, format, color, fill, zero, text }) {
  const svg = draw(parent, 'svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': name });
  const bounds = v.concat((fills || []).map(f => f.p));
  let low = bounds.reduce((a, b) => Math.min(a, b), zero ? 0 : Infinity);
  let high = bounds.reduce((a, b) => Math.max(a, b), zero ? 0 : -Infinity);
  if (low === high) { const pad = Math.abs(low) * 0.01 || 1; low -= pad; if (!zero) high += pad; }
  const [from, to] = [data.from, data.to > data.from ? data.to : data.from + 1];
  const x = at => LEFT + (at - from) / (to - from) * (WIDTH - LEFT - RIGHT);
  const y = value => TOP + (high - value) / (high - low) * (height - TOP - BOTTOM);
  const values = steps(low, high, height < 180 ? 3 : 5);
  for (const value of values) {
    draw(svg, 'line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) });
    draw(svg, 'text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, format(value, digitsOf(values)));
  }
  for (const [at, label] of timeSteps(from, to)) {
    draw(svg, 'line', { class: 'grid', x1: x(at), x2: x(at), y1: TOP, y2: height - BOTTOM });
    draw(svg, 'text', { x: x(at), y: height - 7, 'text-anchor': 'middle' }, label);
  }
  draw(svg, 'line', { class: 'axis', x1: LEFT, x2: WIDTH - RIGHT, y1: height - BOTTOM, y2: height - BOTTOM });
  const path = t.map((at, i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(v[i]).toFixed(1)}`).join('');
  const base = zero ? y(0) : height - BOTTOM;
  if (fill && t.length) {
    draw(svg, 'path', { d: `${path}L${x(t[t.length - 1])} ${base}L${x(t[0])} ${base}Z`, fill: `var(${fill})` });
  }
  draw(svg, 'path', { d: path, fill: 'none', stroke: `var(${color})`, 'stroke-width': 1.6, 'stroke-linejoin': 'round' });
  for (const f of fills || []) {
    const [a, b, up] = [x(f.t), y(f.p), f.s === 'buy'];
    const d = up ? `M${a} ${b}l-5 9h10Z` : `M${a} ${b}l-5 -9h10Z`;
    draw(svg, 'path', { class: f.s, d });
  }
  const cross = draw(svg, 'line', { class: 'cross', y1: TOP, y2: height - BOTTOM, visibility: 'hidden' });
  const dot = draw(svg, 'circle', { class: 'dot', r: 4, visibility: 'hidden' });
  const show = at => {
    const i = nearest(t, at);
    for (const [name, value] of [['x1', x(t[i])], ['x2', x(t[i])]]) cross.setAttribute(name, value);
    dot.setAttribute('cx', x(t[i])); dot.setAttribute('cy', y(v[i]));
    cross.setAttribute('visibility', 'visible'); dot.setAttribute('visibility', 'visible');
  };
  const hide = () => [cross, dot].forEach(node => node.setAttribute('visibility', 'hidden'));
  crosshairs.push({ show, hide });
  if (!t.length) return;
  svg.addEventListener('pointermove', event => {
    const box = svg.getBoundingClientRect();
    const px = (event.clientX - box.left) / box.width * WIDTH, py = (event.clientY - box.top) / box.height * height;
    const at = from + (px - LEFT) / (WIDTH - LEFT - RIGHT) * (to - from);
    const close = (fills || []).map(f => [Math.hypot(x(f.t) - px, y(f.p) - py), f]).filter(([far]) => far < 12);
    close.sort((a, b) => a[0] - b[0]);
    crosshairs.forEach(chart => chart.show(close.length ? close[0][1].t : at));
    const i = nearest(t, at);
    tell(event, close.length
      ? close.slice(0, 4).map(([, f]) => `${time(f.t)}\n${f.s} ${number(f.q)} at ${number(f.p)}, ${f.m}, fee ${number(f.f)}`).join('\n')
      : `${time(t[i])}\n${text(i)}`);
  });
  svg.addEventListener('pointerleave', () => { hush(); crosshairs.forEach(chart => chart.hide()); });
}

function section(title, note) {
  const node = make('section', {}, make('h2', {}, title));
  if (note) node.append(make('p', { class: 'soft' }, note));
  document.getElementById('page').append(node);
  return node;
}

function shade(value, top) {
  const strength = top > 0 ? Math.min(1, Math.abs(value) / top) * 0.55 : 0;
  return `background: rgba(var(--${value < 0 ? 'loss' : 'gain'}), ${strength.toFixed(3)})`;
}

