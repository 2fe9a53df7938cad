// The fleet at a glance.

import { may } from './api.js';
import { sparkline } from './charts.js';
import { h } from './dom.js';
import { ago, percent } from './format.js';
import { pagedList } from './lists.js';
import { follow } from './live.js';
import { field, input, select, state, table, tags } from './parts.js';
import { link } from './router.js';

const RELOAD_MS = 1000;

export function nodesPage({ main, query, signal, title }) {
  title('Nodes');
  const filters = h('form.filters', { role: 'search' },
    field('Search', input('q', { type: 'search', value: query.get('q'), placeholder: 'Name or host', 'data-search': true })),
    field('State', select('status', [['', 'every'], 'online', 'offline', 'disabled'], query.get('status'))),
    field('Region', input('region', { value: query.get('region') })),
    field('Tag', input('tag', { value: query.get('tag') })));
  const list = pagedList({
    path: 'nodes', member: 'nodes', filters, signal, key: (node) => node.node_uuid, rows: nodeTable,
    nothing: may('admin') ? ['No node is registered yet. ', h('a', { href: link('access') }, 'Make a registration token'), ' to begin.']
      : 'No node is registered yet.',
  });
  // The states of nodes that are not shown: their heartbeats are no reason to ask for the list again.
  const heard = new Map();
  let waiting = 0;
  const reloadSoon = () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      list.reload();
    }, RELOAD_MS);
  };
  signal.addEventListener('abort', () => clearTimeout(waiting));
  main.append(h('h1', 'Nodes'), filters, list.element);
  follow({ topics: 'nodes' }, {
    load: list.reload,
    node: (node) => {
      const known = list.items().find((each) => each.node_uuid === node.node_uuid);
      const before = known?.status ?? heard.get(node.node_uuid);
      heard.set(node.node_uuid, node.status);
      if (known && before === node.status) {
        list.set(list.items().map((each) => (each === known ? node : each)));
      } else if (before !== node.status && (known || !list.isPartial())) {
        // Whether it is among what the filters want is the backend's to say.
        reloadSoon();
      }
    },
  }, signal);
}

function nodeTable(nodes) {
  const columns = [['Node'], ['State'], ['Place'], ['Tags'], ['Load'], ['Jobs', 'num'], ['Heartbeat', 'num'], ['Version', 'num']];
  return table(columns, nodes.map((node) => ({
    key: node.node_uuid,
    cells: [
      [h('a.name', { href: link('nodes', node.node_uuid) }, node.name || node.node_uuid), h('span.sub', node.hostname ?? '')],
      state(node.status), place(node), tags(node.tags), load(node),
      `${node.outstanding ?? 0} / ${node.max_concurrent ?? '–'}`, ago(node.last_seen_at), node.version ?? '–',
    ],
  })));
}

export const place = (node) => [node.region, node.zone].filter(Boolean).join(' / ') || '–';

export function load(node) {
  const now = node.status === 'online' ? node.heartbeat?.current_load : null;
  return h('span.load', sparkline((node.load_history ?? []).map((point) => point[1]), 'load of the last heartbeats'),
    now != null && h('span.num', percent(Math.round(now * 100))));
}
