function heatMap() {
  const map = data.heat;
  if (!map) return;
  const node = section(`${data.objective} by ${map.rowKey} and ${map.columnKey}`, map.note);
  const known = map.cells.flat().filter(cell => cell !== null);
  // Too many for the arguments of a function.
  const low = known.reduce((least, value) => Math.min(least, value), Infinity);
  const high = known.reduce((most, value) => Math.max(most, value), -Infinity);
  const colour = value => {
    // From the worst to the best where all have one sign; around zero where not.
    if (low < 0 && high > 0) return shade(value, Math.max(-low, high));
    const part = high > low ? (value - low) / (high - low) : 1;
    return `background: rgba(var(--gain), ${(0.05 + 0.5 * part).toFixed(3)})`;
  };
  const top = make('tr', {}, [make('th', {}, `${map.rowKey} \\ ${map.columnKey}`), ...map.columns.map(name => make('th', {}, name))]);
  const rows = map.rows.map((name, row) => {
    const cells = map.cells[row].map((value, column) => {
      if (value === null) return make('td', {}, '');
      const cell = make('td', { class: 'cell', style: colour(value) }, show(value));
      hover(cell, `${map.rowKey} ${name}, ${map.columnKey} ${map.columns[column]}\n${data.objective} ${show(value)}`);
      return cell;
    });
    return make('tr', {}, [make('th', {}, name), ...cells]);
  });
  node.append(make('div', { class: 'wide' }, make('table', {}, [top, ...rows])));
}

const show = value => data.percent ? percent(value) : number(value, 3);

function rows(title, note, names, all) {
  if (!all.length) return;
  const node = section(title, note);
  const top = make('tr', {}, names.map(name => make('th', {}, name)));
  const body = all.map(row => make('tr', {}, row.map(text => make('td', {}, text))));
  node.append(make('div', { class: 'wide' }, make('table', {}, [top, ...body])));
}

document.getElementById('page').append(make('h1', {}, data.title), make('p', { class: 'soft' }, data.subtitle));
for (const warning of data.warnings) section('Note', warning);
heatMap();
rows('Walk-forward', data.folds.note, data.folds.names, data.folds.rows);
rows('Combinations, best first', data.table.note, data.table.names, data.table.rows);
