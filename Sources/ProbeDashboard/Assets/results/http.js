// http and websocket: where the time went, hop by hop.

import { legend, waterfall } from '../charts.js';
import { h } from '../dom.js';
import { bytes, ms, number } from '../format.js';
import { facts, figures, table } from '../parts.js';
import { certificates } from './tls.js';

const PHASES = ['dns', 'connect', 'proxy', 'tls', 'verify', 'send', 'wait', 'transfer'];
const LABELS = { dns: 'name', connect: 'connect', proxy: 'proxy', tls: 'TLS', verify: 'verify', send: 'send', wait: 'wait', transfer: 'transfer' };

const of = (phases, name) => phases?.[`${name}_ms`] ?? null;
const parts = (time) => PHASES.map((name) => ({ name, label: LABELS[name], ms: time(name) }));

export const http = {
  headline: (r) => r.status_code && `${r.status_code}, ${ms(r.response_time_ms)}`,
  draw: (r) => [
    figures([['Status', r.status_code], ['Time', r.response_time_ms == null ? null : ms(r.response_time_ms)],
      ['Body', r.body_bytes == null ? null : bytes(r.body_bytes)], ['Version', r.http_version && `HTTP/${String(r.http_version).replace(/^HTTP\//, '')}`],
      ['Certificate', r.tls?.days_left == null ? null : `${number(r.tls.days_left)} days`]]),
    r.phases && times(r),
    r.expectations?.length > 0 && expectations(r.expectations),
    facts([['Final URL', r.final_url && h('code', r.final_url)], ['Proxy', r.proxy && h('code', r.proxy)],
      ['TCP', r.tcp && `${ms(r.tcp.rtt_ms)} round trip, ${r.tcp.retransmits ?? 0} retransmits`],
      ['Encoded', r.body_bytes_encoded == null ? null : bytes(r.body_bytes_encoded)], ['Cut', r.truncated ? 'the body was longer' : null]]),
    r.headers && headers(r.headers),
    r.body != null && h('details', h('summary', 'Body'), h('pre', { tabindex: '0' }, r.body)),
    r.tls && h('details', h('summary', 'TLS'), certificates(r.tls)),
  ],
};

/** `phases` counts all hops together: what the redirects took comes off for the last one. */
function times(r) {
  const hops = r.redirects ?? [];
  const earlier = (name) => hops.reduce((sum, hop) => sum + (of(hop.phases, name) ?? 0), 0);
  const rows = [];
  let start = 0;
  for (const hop of hops) {
    rows.push(row(hop.url, hop.status_code, hop.phases?.total_ms, start, (name) => of(hop.phases, name)));
    start += hop.phases?.total_ms ?? 0;
  }
  const last = (name) => (of(r.phases, name) == null ? null : Math.max(0, of(r.phases, name) - earlier(name)));
  const total = r.phases.total_ms ?? start;
  rows.push(row(r.final_url ?? r.url, r.status_code, Math.max(0, total - start), start, last));
  return h('figure', waterfall(rows, total), legend(parts((name) => of(r.phases, name))));
}

function row(url, status, total, start, time) {
  return {
    label: [h('span.mono', url ?? ''), status && h('span.tag', status)], note: total == null ? '' : ms(total), start, parts: parts(time),
  };
}

function expectations(list) {
  return table([['Expected'], ['Met'], ['Seen', 'wrap']], list.map((each) => ({
    cells: [h('code', each.name), h(`span.state.${each.ok ? 'good' : 'bad'}`, each.ok ? 'yes' : 'no'),
      [shown(each.seen), each.reason && h('span.sub', each.reason)]],
  })));
}

const shown = (value) => (value == null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value));

function headers(all) {
  return h('details', h('summary', 'Headers'), table([['Field', 'mono'], ['Value', 'mono wrap']],
    Object.entries(all).map(([name, value]) => ({ cells: [name, shown(value)] }))));
}

export const websocket = {
  headline: (r) => r.handshake_ms != null && `${r.status_code}, handshake ${ms(r.handshake_ms)}${r.echo_ms == null ? '' : `, echo ${ms(r.echo_ms)}`}`,
  draw: (r) => {
    // `verify_ms` lies within `tls_ms`.
    const steps = [
      { name: 'dns', label: 'name', ms: r.dns_ms }, { name: 'connect', label: 'connect', ms: r.connect_ms },
      { name: 'tls', label: 'TLS', ms: r.tls_ms }, { name: 'wait', label: 'handshake', ms: r.handshake_ms },
      { name: 'transfer', label: 'echo', ms: r.echo_ms }, { name: 'send', label: 'close', ms: r.close?.close_ms },
    ];
    const total = steps.reduce((sum, step) => sum + (step.ms ?? 0), 0);
    return [
      figures([['Status', r.status_code], ['Handshake', r.handshake_ms == null ? null : ms(r.handshake_ms)],
        ['Echo', r.echo_ms == null ? null : ms(r.echo_ms)], ['Echo is the same', r.echo ? (r.echo.matches ? 'yes' : 'no') : null]]),
      total > 0 && h('figure', waterfall([{ label: h('span.mono', r.url ?? ''), note: ms(total), start: 0, parts: steps }], total), legend(steps)),
      facts([['Subprotocol', r.subprotocol], ['Echo', r.echo && `${r.echo.type}, ${bytes(r.echo.bytes)}`],
        ['Closed', r.close && `${r.close.code ?? ''} ${r.close.reason ?? ''}`], ['Pings', r.pings || null]]),
      r.headers && headers(r.headers),
      r.tls && h('details', h('summary', 'TLS'), certificates(r.tls)),
    ];
  },
};
