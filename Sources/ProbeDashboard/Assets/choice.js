// Which nodes measure: any, all, some by name, or those of a region, zone or tag.

import { get } from './api.js';
import { h, show } from './dom.js';
import { field, input, state } from './parts.js';

const MODES = [['any', 'Any'], ['place', 'By place'], ['nodes', 'Chosen'], ['all', 'All']];
const MOST_LISTED = 500;

/** {element, value()}: `value` is {select, count} as measurements and schedules take them; it may throw a sentence. */
export function nodeChoice({ select = {}, count = 1 } = {}) {
  const chosen = {
    nodes: new Set(select.nodes), regions: new Set(select.regions), zones: new Set(select.zones), tags: new Set(select.tags),
  };
  let mode = chosen.nodes.size ? 'nodes' : chosen.regions.size + chosen.zones.size + chosen.tags.size ? 'place' : count === 1 ? 'any' : 'all';
  let nodes = [];
  let problem = null;
  const body = h('div.choice-body');
  const howMany = input('count', { type: 'number', min: 1, placeholder: 'all', value: mode === 'place' && count !== 'all' ? count : '' });
  const search = input('node-search', { type: 'search', placeholder: 'Name, region or tag', 'aria-label': 'Search nodes', oninput: () => draw() });

  const toggle = (set, value, label) => h('label.chip', { key: value }, h('input', {
    type: 'checkbox', checked: set.has(value), onchange: (event) => (event.target.checked ? set.add(value) : set.delete(value)),
  }), h('span', label ?? value));

  const group = (title, set, values) => {
    const known = [...new Set([...values.filter(Boolean), ...set])].sort();
    return known.length > 0 && h('div.chips', { role: 'group', 'aria-label': title }, h('span.label', title), known.map((value) => toggle(set, value)));
  };

  const views = {
    any: () => h('p.hint', 'The one with the most room; the first that connects if none is there.'),
    all: () => h('p.hint', `Every node that is connected now${nodes.length ? ` (${nodes.filter((node) => node.status === 'online').length})` : ''}.`),
    place: () => {
      const groups = [group('Region', chosen.regions, nodes.map((node) => node.region)), group('Zone', chosen.zones, nodes.map((node) => node.zone)),
        group('Tag', chosen.tags, nodes.flatMap((node) => node.tags ?? []))].filter(Boolean);
      return groups.length ? [groups, field('How many nodes', howMany, 'Empty: all that are connected and match.')]
        : h('p.hint', 'No node has a region, zone or tag.');
    },
    nodes: () => {
      const word = search.value.trim().toLowerCase();
      const found = nodes.filter((node) => chosen.nodes.has(node.node_uuid)
        || [node.name, node.hostname, node.region, node.zone, ...(node.tags ?? [])].some((text) => text?.toLowerCase().includes(word)));
      return [nodes.length > 8 && search, h('div.node-list', { role: 'group', 'aria-label': 'Nodes' }, found.map((node) =>
        toggle(chosen.nodes, node.node_uuid, [h('b', node.name), ' ', h('span.quiet', [node.region, node.zone].filter(Boolean).join(' / ')), ' ',
          node.status !== 'online' && state(node.status)]))), !found.length && h('p.hint', 'There is no such node.')];
    },
  };

  const draw = () => show(body, problem ? h('p.hint', problem) : null, views[mode]());
  const element = h('fieldset.choice', h('legend', 'Nodes'), h('div.segments', MODES.map(([value, label]) =>
    h('label', h('input', { type: 'radio', name: 'nodes-by', value, checked: value === mode, onchange: () => { mode = value; draw(); } }), h('span', label)))), body);
  draw();
  get(`nodes?limit=${MOST_LISTED}`).then((answer) => (nodes = answer.nodes), (error) => (problem = error.message)).then(draw);

  const filled = () => Object.fromEntries(['regions', 'zones', 'tags'].filter((name) => chosen[name].size).map((name) => [name, [...chosen[name]]]));
  const value = () => {
    if (mode === 'any') return { select: {}, count: 1 };
    if (mode === 'all') return { select: {}, count: 'all' };
    if (mode === 'nodes') {
      if (!chosen.nodes.size) throw new Error('No node is chosen.');
      return { select: { nodes: [...chosen.nodes] }, count: chosen.nodes.size };
    }
    if (!Object.keys(filled()).length) throw new Error('No region, zone or tag is chosen.');
    return { select: filled(), count: howMany.value ? Number(howMany.value) : 'all' };
  };
  return { element, value };
}
