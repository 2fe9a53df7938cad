// One node: what it is, how it does, and what may be done to it.

import { api, get, may, query as queryOf } from './api.js';
import { sparkline } from './charts.js';
import { ask, confirm, secret } from './dialogs.js';
import { h, onFrame, show } from './dom.js';
import { ago, date, duration, ms, number, percent } from './format.js';
import { jobTable } from './jobs.js';
import { follow } from './live.js';
import { place } from './nodes.js';
import { attempt, button, checkbox, empty, facts, field, figures, input, problemNote, state, tags } from './parts.js';
import { link } from './router.js';

const RECENT = 10;

export function nodePage({ main, id, signal, title }) {
  const path = `nodes/${encodeURIComponent(id)}`;
  const view = h('div');
  const failure = h('div', { role: 'alert' });
  let node = null;
  let jobs = [];
  let problem = null;

  const draw = onFrame(() => {
    if (signal.aborted) return;
    show(view, problem && problemNote(problem), node && nodeView(node, jobs, act));
  });
  const load = async () => {
    try {
      const recent = get(`jobs${queryOf({ node: id, limit: RECENT })}`, signal);
      [node, { jobs }] = await Promise.all([get(path, signal), recent]);
      title(node.name);
      problem = null;
    } catch (error) {
      if (error.name === 'AbortError') return;
      problem = error;
    }
    draw();
  };
  const change = async (body) => {
    node = { ...node, ...(await api('PATCH', path, body)) };
    draw();
  };
  const act = {
    edit: () => ask('Edit node', 'Save', editFields(node), (data) => change({
      name: data.get('name').trim(), region: data.get('region').trim() || null, zone: data.get('zone').trim() || null,
      tags: data.get('tags').split(',').map((tag) => tag.trim()).filter(Boolean),
    })),
    disable: () => confirm(`Disable ${node.name}?`, 'Its connection is closed, and it gets no jobs until it is enabled again.', 'Disable', () => change({ disabled: true })),
    enable: () => attempt(failure, () => change({ disabled: false })),
    rotate: async () => {
      let answer;
      await ask(`New key for ${node.name}`, 'Make a new key', field('The old key goes on for', input('grace', { type: 'number', min: 0, value: 3600, required: true }), 'Seconds. 0: it ends at once.'),
        async (data) => { answer = await api('POST', `${path}/rotate-key`, { grace_seconds: Number(data.get('grace')) }); });
      if (answer) {
        await secret('The new key', answer.api_key, h('p.quiet', answer.old_key_valid_until ? ['The old one ends ', ago(answer.old_key_valid_until), '.'] : 'The old one has ended.'));
      }
    },
    remove: async () => {
      const isGone = await ask(`Delete ${node.name}?`, 'Delete', h('div', h('p', 'Its connection is closed and its open jobs fail. Finished jobs stay. It must be registered anew to come back.'),
        checkbox('sure', 'Yes, delete this node', { required: true })), () => api('DELETE', path), { isDangerous: true });
      if (isGone) location.hash = link('nodes');
    },
  };
  main.append(h('p.back', h('a', { href: link('nodes') }, 'Nodes')), failure, view);
  follow({ topics: 'nodes' }, {
    load,
    node: (news) => {
      if (news.node_uuid !== id) return;
      node = news;
      draw();
    },
  }, signal);
}

const editFields = (node) => [
  field('Name', input('name', { value: node.name, required: true, maxlength: 255 })),
  field('Region', input('region', { value: node.region })), field('Zone', input('zone', { value: node.zone })),
  field('Tags', input('tags', { value: (node.tags ?? []).join(', ') }), 'Separated by commas.'),
];

function nodeView(node, jobs, act) {
  const beat = node.heartbeat ?? {};
  const history = node.load_history ?? [];
  return h('article',
    h('header.head', h('h1', node.name),
      h('div.head-line', state(node.status), h('span.quiet', 'heartbeat ', ago(node.last_seen_at)))),
    h('div.actions',
      may('operator') && node.status !== 'disabled' && h('a.button.primary', { href: `${link('run')}${queryOf({ node: node.node_uuid })}` }, 'Run on this node'),
      may('admin') && [button('Edit', act.edit), node.status === 'disabled' ? button('Enable', act.enable) : button('Disable', act.disable),
        button('New key', act.rotate), button('Delete', act.remove, { class: 'danger' })]),
    figures([
      ['Load', beat.current_load == null ? null : percent(Math.round(beat.current_load * 100))], ['Jobs out', `${node.outstanding ?? 0} / ${node.max_concurrent ?? '–'}`],
      ['In flight', beat.in_flight], ['Queued', beat.queued], ['CPU', beat.cpu_usage == null ? null : percent(beat.cpu_usage)],
      ['Memory', beat.memory_usage == null ? null : percent(beat.memory_usage)], ['Up for', beat.uptime == null ? null : duration(beat.uptime)],
    ]),
    history.length > 1 && h('figure.load-chart', sparkline(history.map((point) => point[1]), 'Load of the last heartbeats'),
      h('figcaption', h('span', date(new Date(history[0][0]).toISOString())), h('span', 'load, 0 to 100 %'), h('span', date(new Date(history.at(-1)[0]).toISOString())))),
    facts([
      ['UUID', h('code', node.node_uuid)], ['Host', node.hostname], ['Place', place(node)], ['Tags', tags(node.tags)], ['Version', node.version],
      ['State of the node', beat.state], ['Executed', beat.diagnostics_executed == null ? null : number(beat.diagnostics_executed)], ['Errors', beat.error_count],
      ['Clock offset', beat.clock_offset_ms == null ? null : ms(beat.clock_offset_ms)], ['Connection', node.connection_id && h('code', node.connection_id)],
      ['Replica', node.replica], ['Registered', date(node.registered_at)], ['Last seen', date(node.last_seen_at)],
    ]),
    h('p', h('span.label', 'Tools'), tags(Object.keys(node.supported_tools ?? {}).filter((tool) => node.supported_tools[tool]))),
    h('h2', 'Latest jobs'), jobs.length ? jobTable(jobs, { withNode: false }) : empty('None yet.'),
    h('p', h('a', { href: `${link('jobs')}${queryOf({ node: node.node_uuid })}` }, 'All its jobs')));
}
