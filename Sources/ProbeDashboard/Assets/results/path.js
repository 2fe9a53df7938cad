// traceroute, mtr and path_mtu: the way to a host.

import { axisEnd, bars, dot, line, plot, yOf } from '../charts.js';
import { h, s } from '../dom.js';
import { ms, number, percent, plural } from '../format.js';
import { facts, figures, table } from '../parts.js';

export const traceroute = {
  headline: (r) => r.hops && `${r.reached ? 'reached' : 'not reached'}, ${plural(r.hop_count ?? r.hops.length, 'hop')}`,
  draw: (r) => [summary(r), drawing((r.hops ?? []).map(traced)), traceTable(r.hops ?? []), ends(r)],
};

export const mtr = {
  headline: (r) => {
    const last = r.hops?.at(-1);
    return last && `${plural(r.hops.length, 'hop')}, ${percent(last.loss)} loss, ${ms(last.avg_ms)}`;
  },
  draw: (r) => [summary(r), drawing((r.hops ?? []).map(cycled)), cycleTable(r.hops ?? []), changes(r), ends(r)],
};

function summary(r) {
  const last = r.hops?.at(-1);
  return figures([
    ['Target', r.reached == null ? null : r.reached ? 'reached' : 'not reached'], ['Hops', r.hop_count],
    ['Last hop', last && ms(last.ms ?? last.avg_ms)], ['Loss', last?.loss == null ? null : percent(last.loss)],
    ['Cycles', r.cycles],
  ]);
}

const ends = (r) => facts([
  ['By', r.protocol], ['Port', r.port], ['Path', r.path_hash && h('code', r.path_hash)], ['Flows', r.flows],
]);

// One shape for both drawings: what answered at a hop, and how fast at best, in the middle and at worst.
function traced(hop) {
  const times = (hop.probes ?? []).map((probe) => probe.rtt_ms).filter((time) => time != null);
  const from = [...new Set((hop.probes ?? []).map((probe) => probe.from).filter(Boolean))];
  return {
    hop: hop.hop, addresses: from, best: Math.min(...times), worst: Math.max(...times), middle: hop.ms,
    loss: hop.probes?.length ? 1 - times.length / hop.probes.length : null,
  };
}

function cycled(hop) {
  return {
    hop: hop.hop, addresses: (hop.addresses ?? []).map((each) => each.host ?? each.from).filter(Boolean),
    best: hop.best_ms, worst: hop.worst_ms, middle: hop.avg_ms, loss: hop.loss == null ? null : hop.loss / 100,
    isLimited: hop.rate_limited_suspect,
  };
}

/** The stations of the way along the top, each one's times below it. */
function drawing(hops) {
  if (!hops.length) return null;
  const end = axisEnd(Math.max(0, ...hops.map((hop) => (Number.isFinite(hop.worst) ? hop.worst : 0))));
  const x = (at) => (100 * (at + 0.5)) / hops.length;
  const tone = (hop) => (hop.middle == null ? 'silent' : hop.loss > 0.02 && !hop.isLimited ? 'lossy' : 'good');
  const rows = Math.max(1, ...hops.map((hop) => Math.min(3, hop.addresses.length)));
  const stationY = (hop, at) => 8 + 14 * at + (7 * (rows - Math.max(1, Math.min(3, hop.addresses.length))));
  const stations = hops.flatMap((hop, at) => {
    const next = hops[at + 1];
    const places = hop.addresses.length ? hop.addresses.slice(0, 3) : ['no answer'];
    const ahead = next ? (next.addresses.length ? next.addresses.slice(0, 3) : ['']) : [];
    return [
      ...places.flatMap((_, a) => ahead.map((_, b) => line(x(at), stationY(hop, a), x(at + 1), stationY(next, b), 'way'))),
      ...places.map((address, a) => dot(x(at), stationY(hop, a), tone(hop), `hop ${hop.hop}: ${address}`)),
    ];
  });
  // Lines first: a station stands on them.
  stations.sort((a, b) => (a.nodeName === 'line' ? 0 : 1) - (b.nodeName === 'line' ? 0 : 1));
  const times = hops.flatMap((hop, at) => {
    if (hop.middle == null) return [];
    const title = `hop ${hop.hop}: ${number(hop.middle)} ms (${number(hop.best)} to ${number(hop.worst)})`;
    return [
      line(x(at), yOf(hop.best, end), x(at), yOf(hop.worst, end), 'range'),
      dot(x(at), yOf(hop.middle, end), tone(hop), title),
    ];
  });
  const strip = s('svg', { width: '100%', height: 14 * rows + 4, role: 'img', 'aria-label': `Path of ${plural(hops.length, 'hop')}` }, stations);
  strip.style.setProperty('min-width', `${hops.length * 22}px`);
  return h('figure.path',
    h('div.plot', h('div.scale.top', h('span', 'path')), h('div.scroll', strip)),
    plot(end, times, 'Times of each hop in milliseconds', { columns: hops.length }),
    h('div.plot', h('div.scale.top', h('span', 'hop')), h('div.hop-numbers', hops.map((hop) => h('span', hop.hop)))),
    h('figcaption', 'Hops from left to right; below, the fastest to the slowest time of each in milliseconds.'));
}

const hostCell = (hop) => [
  h('span.mono', hop.host ?? '*'), hop.hostname && h('span.sub', hop.hostname), hop.asn && h('span.sub', `AS ${hop.asn}`)];

function traceTable(hops) {
  return table([['Hop', 'num'], ['Host'], ['Best', 'num'], ['Probes', 'num']], hops.map((hop) => ({
    key: hop.hop,
    cells: [hop.hop, [hostCell(hop), labels(hop.probes?.find((probe) => probe.mpls?.length)?.mpls)], hop.ms == null ? '–' : ms(hop.ms),
      (hop.probes ?? []).map((probe) => h('span.probe', { title: probe.from ?? 'no answer' },
        probe.rtt_ms == null ? '*' : number(probe.rtt_ms), probe.status === 'unreachable' && ' !'))],
  })), { kind: 'dense' });
}

const labels = (stack) => stack?.length > 0 && h('span.sub', `MPLS ${stack.map((each) => each.label).join(' / ')}`);

function cycleTable(hops) {
  const columns = [['Hop', 'num'], ['Host'], ['Loss', 'num'], ['Sent', 'num'], ['Last', 'num'], ['Average', 'num'],
    ['Best', 'num'], ['Worst', 'num'], ['Jitter', 'num']];
  return table(columns, hops.map((hop) => ({
    key: hop.hop,
    cells: [hop.hop,
      [hostCell(hop), labels(hop.mpls), hop.rate_limited_suspect && h('span.sub', 'limits its answers; forwards all the same')],
      h(hop.loss > 0 && !hop.rate_limited_suspect ? 'b.lossy' : 'span', percent(hop.loss)), hop.sent,
      number(hop.last_ms), number(hop.avg_ms), number(hop.best_ms), number(hop.worst_ms), number(hop.jitter_ms)],
  })), { kind: 'dense' });
}

function changes(r) {
  if (!r.path_changes?.length) return null;
  return h('details', h('summary', plural(r.path_changes.length, 'change'), ' of the path'), table(
    [['Cycle', 'num'], ['Hop', 'num'], ['From', 'mono'], ['To', 'mono']],
    r.path_changes.map((each) => ({ cells: [each.cycle, each.hop, each.from ?? '–', each.to ?? '–'] }))));
}

export const pathMTU = {
  headline: (r) => r.mtu && `${r.mtu} bytes`,
  draw: (r) => [
    figures([['MTU', r.mtu ?? '–'], ['Sizes tried', r.steps?.length]]),
    r.steps?.length > 0 && bars(r.steps.map((step, at) => ({
      key: at, label: `${step.size} bytes`, value: step.size, tone: step.outcome === 'fits' ? 'good' : 'bad',
      text: [step.outcome.replace('_', ' '), step.rtt_ms == null ? '' : ` · ${ms(step.rtt_ms)}`,
        step.mtu ? ` · takes ${step.mtu}` : ''],
    })), Math.max(...r.steps.map((step) => step.size))),
    facts([['Limited by', r.limited_by && h('code', r.limited_by)],
      ['Black hole', r.black_hole ? 'yes: packets vanish without a word' : null], ['By', r.protocol]]),
  ],
};
