// What is measured again and again.

import { api, may } from './api.js';
import { nodeChoice } from './choice.js';
import { ask, confirm } from './dialogs.js';
import { h } from './dom.js';
import { ago, duration } from './format.js';
import { pagedList } from './lists.js';
import { attempt, button, field, input, select, table } from './parts.js';
import { link } from './router.js';
import { TOOLS, parameterFields, parametersOf } from './tools.js';

export function schedulesPage({ main, signal, title }) {
  title('Schedules');
  const failure = h('div', { role: 'alert' });
  const list = pagedList({
    path: 'schedules', member: 'schedules', signal, key: (each) => each.schedule_id, nothing: 'Nothing is scheduled.',
    rows: (all) => rows(all, {
      enable: (each) => attempt(failure, async () => {
        await api('PATCH', `schedules/${encodeURIComponent(each.schedule_id)}`, { enabled: !each.enabled });
        await list.reload();
      }),
      remove: (each) => confirm(`Delete ${each.name}?`, 'It runs no more. What it has measured stays.', 'Delete', async () => {
        await api('DELETE', `schedules/${encodeURIComponent(each.schedule_id)}`);
        await list.reload();
      }),
    }),
  });
  main.append(h('header.head', h('h1', 'Schedules'), may('operator') && button('New schedule', () => create(list), { class: 'primary' })), failure, list.element);
  list.reload();
}

function rows(all, act) {
  const columns = [['Name'], ['Measures', 'wrap'], ['When', 'mono'], ['Next', 'num'], ['Last', 'num'], ['State'], may('operator') && ['']].filter(Boolean);
  return table(columns, all.map((each) => ({
    key: each.schedule_id,
    cells: [
      h('a.name', { href: `#/jobs?schedule=${encodeURIComponent(each.schedule_id)}` }, each.name || each.schedule_id),
      [h('b', each.tool), ' ', (each.targets ?? []).join(', ')], each.cron ?? `every ${duration(each.every)}`,
      each.enabled && each.next_run_at ? ago(each.next_run_at) : '–',
      each.last_measurement_ids?.length ? h('a', { href: link('measurements', each.last_measurement_ids.at(-1)) }, ago(each.last_run_at)) : ago(each.last_run_at),
      h(`span.state.${each.enabled ? 'good' : 'quiet'}`, each.enabled ? 'on' : 'off'),
      may('operator') && h('span.row-actions', button(each.enabled ? 'Turn off' : 'Turn on', () => act.enable(each), { class: 'small' }),
        button('Delete', () => act.remove(each), { class: 'small danger', 'aria-label': `Delete ${each.name}` })),
    ].filter((cell) => cell !== false),
  })));
}

function create(list) {
  const nodes = nodeChoice();
  const parameters = h('div.parameters');
  const tool = select('tool', Object.keys(TOOLS), 'ping', { onchange: () => fill() });
  const fill = () => parameters.replaceChildren(...parameterFields(tool.value).flat());
  fill();
  const content = [
    field('Name', input('name', { required: true, maxlength: 255 })), field('Tool', tool),
    field('Targets', h('textarea', { name: 'targets', rows: 2, required: true, placeholder: 'example.com' }), 'One a line.'),
    h('div.fields', field('Every, seconds', input('every', { type: 'number', min: 1, placeholder: 60 })),
      field('or cron (UTC)', input('cron', { placeholder: '*/5 * * * *' }))),
    nodes.element, parameters,
  ];
  return ask('New schedule', 'Create', content, async (data) => {
    const [cron, every] = [data.get('cron').trim(), data.get('every')];
    if (Boolean(cron) === Boolean(every)) throw new Error('Either seconds or cron, please.');
    await api('POST', 'schedules', {
      name: data.get('name').trim(), tool: tool.value, targets: data.get('targets').split('\n').map((line) => line.trim()).filter(Boolean),
      parameters: parametersOf(tool.value, data), enabled: true, ...nodes.value(), ...(cron ? { cron } : { every: Number(every) }),
    });
    await list.reload();
  });
}
