// Run: a tool, a target, nodes; the results come in below.

import { api, may } from './api.js';
import { nodeChoice } from './choice.js';
import { h } from './dom.js';
import { followMeasurement } from './measurement.js';
import { attempt, button, field, input, select } from './parts.js';
import { link } from './router.js';
import { TOOLS, parameterFields, parametersOf } from './tools.js';

export function runPage({ main, query, signal, title }) {
  title('Run');
  if (!may('operator')) {
    main.append(h('h1', 'Run'), h('p.note', 'This key may look at results, and start nothing. It takes the role operator.'));
    return;
  }
  const node = query.get('node');
  const nodes = nodeChoice(node ? { select: { nodes: [node] } } : {});
  const parameters = h('div.parameters');
  const target = input('target', { required: true, maxlength: 4096 });
  const targetLabel = h('span.label');
  const failure = h('div', { role: 'alert' });
  const results = h('section.results', { 'aria-label': 'Results' }, h('p.empty', 'Results appear here as they come in.'));
  const tool = select('tool', Object.keys(TOOLS), query.get('tool') ?? 'ping');

  const showTool = (given) => {
    const [label, example] = TOOLS[tool.value].target;
    targetLabel.textContent = label;
    target.placeholder = example;
    parameters.replaceChildren(...parameterFields(tool.value, given).flat());
  };
  tool.onchange = () => showTool();
  if (!TOOLS[tool.value]) tool.value = 'ping';
  target.value = query.get('target') ?? '';
  showTool(parsed(query.get('parameters')));

  const run = button('Run', null, { type: 'submit', class: 'primary' });
  let following = null;
  const form = h('form.run-form',
    field('Tool', tool),
    h('label.field', targetLabel, target),
    nodes.element, parameters,
    h('details', h('summary', 'Timing and order'), h('div.fields',
      field('Time allowed, s', input('timeout', { type: 'number', min: 0.1, max: 600, step: 'any', placeholder: 'the node\'s choice' })),
      field('Hold for, s', input('expires_in', { type: 'number', min: 1, max: 604800, step: 'any', placeholder: 3600 })),
      field('Priority', input('priority', { type: 'number', min: -1000, max: 1000, placeholder: 1 })))),
    failure, h('div.actions', run));
  form.onsubmit = async (event) => {
    event.preventDefault();
    run.disabled = true;
    await attempt(failure, async () => {
      const data = new FormData(form);
      const order = {
        tool: tool.value, target: target.value.trim(), parameters: parametersOf(tool.value, data), progress: true, ...nodes.value(),
      };
      for (const name of ['timeout', 'expires_in', 'priority']) if (data.get(name)) order[name] = Number(data.get(name));
      const measurement = await api('POST', 'measurements', order, signal);
      following?.abort();
      following = new AbortController();
      signal.addEventListener('abort', () => following.abort(), { once: true });
      const view = h('div');
      results.replaceChildren(h('p.permalink', h('a', { href: link('measurements', measurement.measurement_id) }, 'Address of this measurement')), view);
      followMeasurement(view, measurement, following.signal);
      if (innerWidth < 900) results.scrollIntoView({ block: 'start' });
    });
    run.disabled = false;
  };
  main.append(h('h1', 'Run'), h('div.run', form, results));
  target.focus({ preventScroll: true });
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}
