// History: jobs by filters, and one job by its address.

import { api, get, may, query as queryOf } from './api.js';
import { h, onFrame, show } from './dom.js';
import { ago, date } from './format.js';
import { pagedList } from './lists.js';
import { follow } from './live.js';
import { attempt, button, facts, field, input, outcome, problemNote, rawJSON, select, table } from './parts.js';
import { jobFacts, resultView } from './results/result.js';
import { link } from './router.js';
import { TOOLS } from './tools.js';

const STATES = ['queued', 'sent', 'done', 'failed', 'expired', 'cancelled'];
const FINAL = new Set(STATES.slice(2));

export function jobsPage({ main, query, signal, title }) {
  title('History');
  const filters = h('form.filters', { role: 'search' },
    field('Target', input('target', { type: 'search', value: query.get('target'), 'data-search': true })),
    field('Tool', select('tool', [['', 'every'], ...Object.keys(TOOLS)], query.get('tool'))),
    field('State', select('state', [['', 'every'], ...STATES], query.get('state'))),
    field('Ended', select('success', [['', 'either way'], ['true', 'well'], ['false', 'not well']], query.get('success'))),
    field('Node', input('node', { value: query.get('node'), placeholder: 'UUID' })),
    field('From', input('since', { type: 'datetime-local', value: query.get('since') })),
    field('To', input('until', { type: 'datetime-local', value: query.get('until') })));
  for (const name of ['measurement', 'schedule', 'check']) {
    if (query.get(name)) filters.append(field(name[0].toUpperCase() + name.slice(1), input(name, { value: query.get(name) })));
  }
  const list = pagedList({
    path: 'jobs', member: 'jobs', filters, signal, key: (job) => job.request_id, rows: (jobs) => jobTable(jobs), nothing: 'No job has been sent yet.',
    convert,
  });
  const exports = ['csv', 'ndjson'].map((format) => h('a', { download: `results.${format}` }, format.toUpperCase()));
  const point = () => exports.forEach((anchor, at) => {
    anchor.href = `/api/v1/results${queryOf({ ...convert(Object.fromEntries(new FormData(filters))), format: ['csv', 'ndjson'][at] })}`;
  });
  filters.addEventListener('input', point);
  point();
  main.append(h('header.head', h('h1', 'History'), h('span.quiet', 'All results of these jobs as ', exports[0], ' or ', exports[1])), filters, list.element);
  list.reload();
}

/** The form's times are the user's, the backend's are UTC. */
function convert(values) {
  const given = ['since', 'until'].filter((name) => values[name]);
  return { ...values, ...Object.fromEntries(given.map((name) => [name, new Date(values[name]).toISOString()])) };
}

export function jobTable(jobs, { withNode = true } = {}) {
  const columns = [['Tool'], ['Target', 'mono wrap'], withNode && ['Node'], ['Result'], ['Created', 'num']].filter(Boolean);
  return table(columns, jobs.map((job) => ({
    key: job.request_id,
    cells: [
      h('a.name', { href: link('jobs', job.request_id) }, job.tool), job.target,
      withNode && (job.node_uuid ? h('a.plain', { href: link('nodes', job.node_uuid) }, job.node_name ?? job.node_uuid) : 'any'),
      outcome(job), ago(job.created_at),
    ].filter((cell) => cell !== false),
  })));
}

export function jobPage({ main, id, signal, title }) {
  const path = `jobs/${encodeURIComponent(id)}`;
  const view = h('div');
  const failure = h('div', { role: 'alert' });
  let job = null;
  let problem = null;
  const draw = onFrame(() => {
    if (signal.aborted) return;
    show(view, problem && problemNote(problem), job && jobView(job, cancel));
  });
  const take = (news) => {
    if (job && FINAL.has(job.state) && !FINAL.has(news.state)) return;
    job = { ...news, progress: news.progress ?? job?.progress };
    title(`${job.tool} ${job.target}`);
    draw();
  };
  const load = async () => {
    try {
      take(await get(path, signal));
    } catch (error) {
      if (error.name === 'AbortError') return;
      problem = error;
      draw();
    }
  };
  const cancel = () => attempt(failure, async () => take(await api('DELETE', path)));
  main.append(h('p.back', h('a', { href: link('jobs') }, 'History')), failure, view);
  follow({ topics: 'jobs,progress', job: id }, {
    load,
    job: (news) => (news.request_id === id ? take(news) : null),
    progress: (news) => {
      if (!job || news.request_id !== id || FINAL.has(job.state)) return;
      job.progress = { seq: news.seq, partial: news.partial };
      draw();
    },
  }, signal);
}

function jobView(job, cancel) {
  const values = { tool: job.tool, target: job.target, parameters: JSON.stringify(job.parameters ?? {}) };
  return h('article',
    h('header.head', h('h1', h('span.tool', job.tool), ' ', h('span.mono', job.target)),
      h('div.head-line', outcome(job), h('span.quiet', ago(job.created_at)),
        may('operator') && !FINAL.has(job.state) && button('Cancel', cancel, { class: 'small' }),
        may('operator') && h('a.button.small', { href: `#/run?${new URLSearchParams(values)}` }, 'Run again'))),
    resultView(job),
    h('h2', 'Job'),
    facts([
      ...jobFacts(job), ['Created', date(job.created_at)], ['Sent', job.sent_at && date(job.sent_at)], ['Finished', job.finished_at && date(job.finished_at)],
      ['Expires', FINAL.has(job.state) ? null : date(job.expires_at)], ['Id', h('code', job.request_id)],
      ['Measurement', job.measurement_id && h('a', { href: link('measurements', job.measurement_id) }, job.measurement_id)],
      ['Schedule', job.schedule_id && h('a', { href: `#/jobs?schedule=${encodeURIComponent(job.schedule_id)}` }, job.schedule_id)],
      ['Check', job.check && h('a', { href: `#/jobs?check=${encodeURIComponent(job.check)}` }, job.check)],
    ]),
    rawJSON(job.parameters ?? {}, '', 'Parameters'));
}
