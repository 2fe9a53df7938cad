// dns and reverse_dns: the answer by its sections.

import { h } from '../dom.js';
import { bytes, ms, plural } from '../format.js';
import { facts, figures, table, tags } from '../parts.js';

const SECTIONS = ['answer', 'authority', 'additional'];

export const dns = {
  headline: (r) => r.rcode && `${r.rcode}, ${plural(records(r, 'answer').length, 'answer')}, ${ms(r.query_ms)}`,
  draw: (r) => [
    figures([['Answer', r.rcode], ['Time', r.query_ms == null ? null : ms(r.query_ms)],
      ['Records', r.records && String(records(r, 'answer').length)], ['Size', r.response_size == null ? null : bytes(r.response_size)]]),
    r.dnssec && validation(r.dnssec),
    SECTIONS.map((section) => recordTable(section, records(r, section))),
    (r.ede ?? []).map((error) => h('p.note', `Extended error ${error.code} (${error.name}) `, error.text)),
    facts([
      ['Question', r.question && question(r.question)], ['Resolver', r.resolver && h('code', r.resolver)], ['By', r.transport],
      ['Flags', r.flags && tags(Object.keys(r.flags).filter((flag) => r.flags[flag]))],
      ['Attempts', r.attempts], ['Asked again by TCP', r.truncated_retry ? 'yes' : null],
      ['Connect', r.connect_ms == null ? null : ms(r.connect_ms)], ['TLS', r.tls_ms == null ? null : ms(r.tls_ms)],
      ['Server', r.nsid], ['Client subnet', r.client_subnet],
    ]),
    r.hops?.length > 0 && walk(r.hops),
  ],
};

const records = (r, section) => (r.records ?? []).filter((record) => record.section === section);
const question = (q) => (typeof q === 'string' ? q : [q.name, q.class, q.type].filter(Boolean).join(' '));

function recordTable(section, list) {
  if (!list.length) return null;
  return table([['Name', 'mono third'], ['TTL', 'num'], ['Type', 'tight'], ['Value', 'mono wrap']], list.map((record) => ({
    cells: [record.name, record.ttl, h('b', record.type), record.value],
  })), { caption: `${section[0].toUpperCase()}${section.slice(1)}` });
}

function validation(dnssec) {
  const tone = { secure: 'good', insecure: 'plain', bogus: 'bad', indeterminate: 'warn' }[dnssec.status] ?? 'plain';
  return h(`div.note.${tone}`, h('strong', `DNSSEC: ${dnssec.status}. `), dnssec.reason ?? '',
    dnssec.chain?.length > 0 && h('div.chain-line', dnssec.chain.map((link) =>
      h('span', h('b', link.zone), ` key ${link.key_tag}, ${link.algorithm}`))));
}

function walk(hops) {
  return h('div', table(
    [['Zone', 'mono'], ['Asked'], ['Server', 'mono'], ['Time', 'num'], ['Outcome']],
    hops.map((hop) => ({
      className: hop.aside ? 'aside' : null,
      cells: [hop.zone, `${hop.name} ${hop.type}`, [hop.server ?? '', h('span.sub', hop.address ?? '')],
        hop.rtt_ms == null ? '–' : ms(hop.rtt_ms), [hop.outcome, hop.referral && ` to ${hop.referral}`, hop.error_code && h('span.sub', hop.error_code)]],
    })), { caption: 'Walk from the root' }));
}

export const reverse = {
  headline: (r) => r.hostname && `${r.hostname}${r.forward_confirmed ? ', confirmed' : ''}`,
  draw: (r) => [
    figures([['Name', r.hostname], ['Leads back', r.forward_confirmed == null ? null : r.forward_confirmed ? 'yes' : 'no'],
      ['Time', r.query_ms == null ? null : ms(r.query_ms)]]),
    r.names?.length > 0 && table([['Name', 'mono'], ['Leads back'], ['Addresses', 'mono wrap']], r.names.map((name) => ({
      cells: [name.hostname, name.forward_confirmed == null ? '–' : name.forward_confirmed ? 'yes' : 'no',
        [(name.addresses ?? []).join(', '), name.error_code && h('span.sub', name.error_code)]],
    }))),
    SECTIONS.map((section) => recordTable(section, records(r, section))),
    facts([['Asked for', r.reverse_name && h('code', r.reverse_name)], ['Answer', r.rcode], ['Resolver', r.resolver && h('code', r.resolver)]]),
  ],
};
