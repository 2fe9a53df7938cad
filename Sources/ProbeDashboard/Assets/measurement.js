// One measurement: its jobs as they come in, compared across nodes.

import { api, get, may } from './api.js';
import { bars } from './charts.js';
import { h, onFrame, show } from './dom.js';
import { ago, ms, number, plural } from './format.js';
import { follow } from './live.js';
import { attempt, button, errorCode, facts, figures, outcome, problemNote, state, table } from './parts.js';
import { headline, resultView } from './results/result.js';
import { link } from './router.js';

const SUMMARY_MS = 400;
const SUMMARY_MS_A_JOB = 5;
const FINAL = new Set(['done', 'failed', 'expired', 'cancelled']);

export async function measurementPage({ main, id, signal, title }) {
  title('Measurement');
  const view = h('div');
  main.append(h('p.back', h('a', { href: link('measurements') }, 'Measurements')), view);
  await attempt(view, async () => {
    const measurement = await get(`measurements/${encodeURIComponent(id)}`, signal);
    title(`${measurement.tool} ${measurement.target}`);
    followMeasurement(view, measurement, signal);
  });
}

/** Draws the measurement into `view` and keeps it up to date. */
export function followMeasurement(view, first, signal) {
  let measurement = first;
  let problem = null;
  let metric = null;
  let waiting = 0;
  const jobs = new Map();
  const opened = new Set();
  const path = `measurements/${encodeURIComponent(first.measurement_id)}`;

  const draw = onFrame(() => {
    if (signal.aborted) return;
    show(view, problem && problemNote(problem), ...measurementView(measurement, [...jobs.values()], {
      metric, opened, cancel, chooseMetric: (name) => { metric = name; draw(); }, redraw: draw,
    }));
  });
  const take = (job) => {
    const known = jobs.get(job.request_id);
    // News may overtake the answer that was asked for before them.
    if (known && FINAL.has(known.state) && (!FINAL.has(job.state) || (known.result && !job.result))) return;
    jobs.set(job.request_id, { ...job, progress: job.progress ?? known?.progress });
  };
  const takeAll = (answer) => {
    measurement = answer;
    for (const job of answer.jobs ?? []) take(job);
  };
  const load = async () => {
    try {
      takeAll(await get(path, signal));
      problem = null;
    } catch (error) {
      if (error.name === 'AbortError') return;
      problem = error;
    }
    draw();
  };
  // The summary is the backend's: asked for again a moment after jobs have finished, a longer one where it is large.
  const loadSoon = () => {
    waiting ||= setTimeout(() => {
      waiting = 0;
      load();
    }, SUMMARY_MS + SUMMARY_MS_A_JOB * jobs.size);
  };
  const cancel = () => api('DELETE', path, undefined, signal).then(load, (error) => { problem = error; draw(); });

  takeAll(first);
  draw();
  signal.addEventListener('abort', () => clearTimeout(waiting));
  if (measurement.state === 'finished') return;
  follow({ topics: 'jobs,progress', measurement: first.measurement_id }, {
    load,
    job: (job) => {
      take(job);
      draw();
      if (FINAL.has(job.state)) loadSoon();
    },
    progress: (news) => {
      const job = jobs.get(news.request_id);
      if (!job || FINAL.has(job.state)) return;
      job.progress = { seq: news.seq, partial: news.partial };
      draw();
    },
  }, signal);
}

function measurementView(measurement, jobs, on) {
  const isOne = jobs.length === 1;
  return [
    h('header.head', { key: 'head' },
      h('h2', h('span.tool', measurement.tool), ' ', h('span.mono', measurement.target)),
      h('div.head-line', state(measurement.state), h('span.quiet', ago(measurement.created_at)),
        may('operator') && measurement.state === 'running' && button('Cancel', on.cancel, { class: 'small' }),
        may('operator') && h('a.button.small', { href: again(measurement) }, 'Run again'))),
    isOne ? h('div', { key: 'one' }, h('p.quiet', jobs[0].node_name ?? jobs[0].node_uuid ?? 'any node', ' · ', outcome(jobs[0]), ' · ',
      h('a', { href: link('jobs', jobs[0].request_id) }, 'job')), resultView(jobs[0]))
      : h('div', { key: 'many' }, comparison(measurement, jobs, on)),
  ];
}

function again(measurement) {
  const values = { tool: measurement.tool, target: measurement.target, parameters: JSON.stringify(measurement.parameters ?? {}) };
  return `#/run?${new URLSearchParams(values)}`;
}

const name = (job) => job.node_name ?? job.node_uuid ?? 'waiting for a node';

function comparison(measurement, jobs, on) {
  const summary = measurement.summary ?? {};
  const metrics = Object.entries(summary.metrics ?? {}).filter(([, each]) => each?.by_node);
  const [metric, values] = metrics.find(([each]) => each === on.metric) ?? metrics[0] ?? [];
  const sorted = [...jobs].sort((a, b) => name(a).localeCompare(name(b)));
  return [
    figures([
      ['Nodes', summary.nodes ?? jobs.length], ['Well', summary.succeeded], ['Not well', summary.failed || null],
      ['Open', (measurement.counts?.queued ?? 0) + (measurement.counts?.sent ?? 0) || null],
      ['Median time', summary.execution_time?.median == null ? null : ms(summary.execution_time.median * 1000)],
    ]),
    metric && h('figure.compare', { key: 'compare' },
      metrics.length > 1 && h('div.segments', { role: 'group', 'aria-label': 'Compare by' }, metrics.map(([each]) =>
        button(metricName(each), () => on.chooseMetric(each), { class: 'segment', 'aria-pressed': String(each === metric) }))),
      metricBars(values, sorted), h('figcaption', spread(metric, values))),
    answers(summary, sorted),
    table([['Node'], ['Result'], ...metrics.map(([each]) => [metricName(each), 'num']), ['Took', 'num']], sorted.map((job) => ({
      key: job.request_id,
      cells: [h('a', { href: link('jobs', job.request_id) }, name(job)), outcome(job),
        ...metrics.map(([, each]) => number(each.by_node[job.node_uuid])), job.execution_time == null ? '–' : ms(job.execution_time * 1000)],
    })), { kind: 'dense' }),
    h('h3', 'Node by node'),
    sorted.map((job) => {
      const isOpen = on.opened.has(job.request_id);
      return h('details.job', {
        key: job.request_id,
        ontoggle: (event) => {
          if (event.target !== event.currentTarget) return;
          const wasOpen = on.opened.has(job.request_id);
          if (event.target.open === wasOpen) return;
          if (event.target.open) on.opened.add(job.request_id);
          else on.opened.delete(job.request_id);
          on.redraw();
        },
      }, h('summary', h('b', name(job)), ' ', outcome(job), ' ', h('span.quiet', headline(job) ?? job.result?.error ?? '')),
      // Only what is looked at is drawn.
      isOpen && h('div.job-body', resultView(job)));
    }),
  ];
}

const metricName = (metric) => metric.replace(/^[^.]*\./, '').replace(/_ms$/, ' (ms)').replaceAll('_', ' ');

function metricBars(metric, jobs) {
  const rows = jobs.map((job) => {
    const value = metric.by_node[job.node_uuid];
    return { key: job.request_id, label: name(job), value, text: value == null ? errorCode(job) ?? job.state : number(value),
      tone: value != null && value === metric.max && metric.max > metric.min ? 'warn' : 'plain' };
  });
  rows.sort((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity));
  return bars(rows, Math.max(...rows.map((row) => Math.abs(row.value ?? 0))));
}

function spread(metric, values) {
  if (values.median == null) return metricName(metric);
  return `${metricName(metric)}: ${number(values.min)} to ${number(values.max)}, median ${number(values.median)}`;
}

/** dns: which nodes were told what. */
function answers(summary, jobs) {
  if (!summary.answers?.length) return null;
  const names = new Map(jobs.map((job) => [job.node_uuid, name(job)]));
  return h('div', { key: 'answers' }, h('h3', plural(summary.answers.length, 'distinct answer')), summary.answers.map((each) => facts([
    [plural(each.nodes.length, 'node'), [h('code', each.records.join(', ') || 'no record'), h('span.sub', each.nodes.map((uuid) => names.get(uuid) ?? uuid).join(', '))]],
  ])));
}
