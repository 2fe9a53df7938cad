// All measurements, newest first.

import { h } from './dom.js';
import { ago } from './format.js';
import { pagedList } from './lists.js';
import { state, table } from './parts.js';
import { link } from './router.js';

export function measurementsPage({ main, signal, title }) {
  title('Measurements');
  const list = pagedList({
    path: 'measurements', member: 'measurements', signal, key: (each) => each.measurement_id, rows,
    nothing: ['No measurement has been made yet. ', h('a', { href: link('run') }, 'Run one'), '.'],
  });
  main.append(h('h1', 'Measurements'), list.element);
  list.reload();
}

function rows(measurements) {
  return table([['Tool'], ['Target', 'mono wrap'], ['State'], ['Jobs'], ['Created', 'num']], measurements.map((each) => ({
    key: each.measurement_id,
    cells: [h('a.name', { href: link('measurements', each.measurement_id) }, each.tool), each.target, state(each.state), counts(each.counts ?? {}), ago(each.created_at)],
  })));
}

const counts = (all) => Object.entries(all).filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`).join(', ') || '–';
