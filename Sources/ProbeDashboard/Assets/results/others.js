// port_check, whois, ntp and tcp.

import { legend, waterfall } from '../charts.js';
import { h, s } from '../dom.js';
import { bytes, ms, number, plural } from '../format.js';
import { facts, figures, table } from '../parts.js';

const STATES = ['open', 'closed', 'filtered', 'open_filtered', 'unreachable'];

export const ports = {
  headline: (r) => r.total != null && STATES.filter((state) => r[state]).map((state) => `${r[state]} ${state.replace('_', '|')}`).join(', '),
  draw: (r) => [
    figures([['Ports', r.total], ...STATES.map((state) => [state.replace('_', ' or '), r[state] || null])]),
    h('ul.ports', (r.ports ?? []).map((each) => h(`li.port.${each.state}`, {
      title: [each.state, each.reason, each.rtt_ms != null && ms(each.rtt_ms)].filter(Boolean).join(', '),
    }, h('b', each.port), h('span', each.service ?? ''), h('span.port-state', each.state.replace('_', ' or '))))),
    (r.ports_left_out ?? []).map((each) => h('p.note', `${each.state}, not listed: ${each.ports}`)),
    banners(r.ports ?? []),
    facts([['By', r.protocol], ['Done', r.done == null ? null : `${r.done} of ${r.total}`]]),
  ],
};

function banners(list) {
  const said = list.filter((each) => each.banner);
  return said.length > 0 && table([['Port', 'num'], ['Says', 'mono wrap']], said.map((each) => ({ cells: [each.port, each.banner] })));
}

export const whois = {
  headline: (r) => r.parsed && [r.parsed.registrar, r.parsed.expires && `until ${r.parsed.expires.slice(0, 10)}`].filter(Boolean).join(', '),
  draw: (r) => {
    const parsed = r.parsed ?? {};
    const lines = (list) => list?.length > 0 && list.map((each) => h('div', each));
    return [
      figures([['Days left', parsed.days_left == null ? null : number(Math.floor(parsed.days_left))], ['Source', r.source]]),
      facts([['Registrar', parsed.registrar], ['Created', parsed.created], ['Updated', parsed.updated], ['Expires', parsed.expires],
        ['Name servers', lines(parsed.nameservers)], ['Status', lines(parsed.status)], ['Abuse contact', parsed.abuse_contact],
        ['Refers to', r.referral && `${r.referral}${r.referral_stop ? ` (not followed: ${r.referral_stop})` : ''}`]]),
      r.servers?.length > 0 && table([['Server', 'mono'], ['Query', 'mono wrap'], ['Time', 'num'], ['Size', 'num']], r.servers.map((each) => ({
        cells: [each.server, each.query ?? '–', each.error_code ? h('code', each.error_code) : ms(each.response_ms), bytes(each.bytes)],
      }))),
      r.text != null && h('details', { open: true }, h('summary', 'Text', r.truncated && ' (cut)'), h('pre', { tabindex: '0' }, r.text)),
    ];
  },
};

export const ntp = {
  headline: (r) => r.offset_ms != null && `offset ${signed(r.offset_ms)}, stratum ${r.stratum}`,
  draw: (r) => [
    figures([['Offset', r.offset_ms == null ? null : signed(r.offset_ms)], ['Delay', r.delay_ms == null ? null : ms(r.delay_ms)],
      ['Stratum', r.stratum], ['Leap', r.leap]]),
    r.offset_ms != null && offsetScale(r),
    facts([['Its time is from', r.reference], ['Set at', r.reference_time], ['Root delay', r.root_delay_ms == null ? null : ms(r.root_delay_ms)],
      ['Root dispersion', r.root_dispersion_ms == null ? null : ms(r.root_dispersion_ms)], ['Refusal', r.kiss], ['Version', r.version], ['Port', r.port]]),
    r.samples?.length > 1 && table([['Sample', 'num'], ['Status'], ['Offset', 'num'], ['Delay', 'num']], r.samples.map((each, at) => ({
      cells: [at + 1, each.status, each.offset_ms == null ? '–' : signed(each.offset_ms), each.delay_ms == null ? '–' : ms(each.delay_ms)],
    }))),
  ],
};

const signed = (value) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${number(Math.abs(value))} ms`;

/** The offset on a line with zero in its middle. It is known up to half of the delay. */
function offsetScale(r) {
  const doubt = (r.delay_ms ?? 0) / 2;
  const end = 1.2 * (Math.abs(r.offset_ms) + doubt) || 1;
  const x = (value) => `${50 + (50 * value) / end}%`;
  return h('figure', s('svg.offset', { width: '100%', height: 44, role: 'img', 'aria-label': `Offset ${signed(r.offset_ms)}` },
    s('line.grid', { x1: '0%', x2: '100%', y1: 20, y2: 20 }), s('line.zero', { x1: '50%', x2: '50%', y1: 6, y2: 34 }),
    s('rect.doubt', { x: x(r.offset_ms - doubt), y: 13, width: `${(100 * doubt) / end}%`, height: 14, rx: 3 }),
    s('circle.dot.good', { cx: x(r.offset_ms), cy: 20, r: 5 })),
    h('figcaption', `The server's clock less the node's; the band of ± ${ms(doubt)} is half of the delay.`));
}

export const tcp = {
  headline: (r) => r.connect_ms != null && `connected in ${ms(r.connect_ms)}${r.banner ? `, “${r.banner.split('\\r')[0].slice(0, 40)}”` : ''}`,
  draw: (r) => {
    const parts = [{ name: 'dns', label: 'name', ms: r.resolve_ms }, { name: 'connect', label: 'connect', ms: r.connect_ms },
      { name: 'tls', label: 'TLS', ms: r.tls_ms }, ...(r.steps ?? []).map((step, at) => ({ name: 'wait', label: `step ${at + 1}`, ms: step.ms }))];
    const total = parts.reduce((sum, part) => sum + (part.ms ?? 0), 0);
    return [
      figures([['Connect', r.connect_ms == null ? null : ms(r.connect_ms)], ['TLS', r.tls_ms == null ? null : ms(r.tls_ms)],
        ['Steps', r.steps?.length ? plural(r.steps.length, 'step') : null], ['Received', r.bytes_received == null ? null : bytes(r.bytes_received)]]),
      total > 0 && h('figure', waterfall([{ label: `port ${r.port}`, note: ms(total), start: 0, parts }], total), legend(parts)),
      r.banner && h('div', h('h4', 'It says first'), h('pre', r.banner)),
      r.steps?.length > 0 && table([['Step', 'num'], ['Waits for', 'mono'], ['Met'], ['Heard', 'mono wrap'], ['Time', 'num']], r.steps.map((step, at) => ({
        cells: [at + 1, step.expect_regex ?? (step.starttls ? 'TLS' : '–'), step.matched == null ? '–' : step.matched ? 'yes' : 'no', step.seen ?? '–', ms(step.ms)],
      }))),
      r.tls && facts([['TLS', `${r.tls.protocol}, ${r.tls.cipher}`], ['Verified', r.tls.verified ? 'yes' : `no: ${r.tls.verify_error ?? ''}`]]),
    ];
  },
};
