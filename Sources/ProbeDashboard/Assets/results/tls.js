// tls: the verdict, and the chain as cards.

import { h } from '../dom.js';
import { date, ms, number, plural } from '../format.js';
import { facts, figures, table } from '../parts.js';

const SOON_DAYS = 21;

export const tls = {
  headline: (r) => r.protocol && `${r.protocol}, ${r.chain?.[0]?.days_left == null ? 'no certificate' : `${plural(Math.floor(r.chain[0].days_left), 'day')} left`}`,
  draw: (r) => [
    figures([['Version', r.protocol], ['Days left', r.chain?.[0]?.days_left == null ? null : number(Math.floor(r.chain[0].days_left))],
      ['Handshake', r.handshake_ms == null ? null : ms(r.handshake_ms)], ['Connect', r.connect_ms == null ? null : ms(r.connect_ms)]]),
    certificates(r),
    r.weaknesses?.length > 0 && h('ul.notes', r.weaknesses.map((each) => h('li.note.warn', h('code', each.id), ' ', each.detail))),
    r.versions && Object.keys(r.versions).length > 0 && versions(r.versions),
    facts([['Name asked for', r.sni], ['Port', r.port], ['STARTTLS', r.starttls && `${r.starttls.protocol}: ${r.starttls.greeting ?? ''}`],
      ['Client certificate', r.client_certificate_requested ? 'requested' : null]]),
  ],
};

/** What http, websocket and tls have in common. */
export function certificates(r) {
  return h('div',
    r.verify && verdict(r),
    h('div.chain', (r.chain ?? []).map((each, at) => card(each, at))),
    facts([['Cipher', r.cipher && h('code', r.cipher)], ['Group', r.group && h('code', r.group)], ['ALPN', r.alpn], ['Root', r.root],
      ['OCSP', ocsp(r)]]));
}

function ocsp(r) {
  if (!r.ocsp) return null;
  return r.ocsp.stapled ? `stapled: ${r.ocsp.status}${r.ocsp.message ? ` (${r.ocsp.message})` : ''}` : 'not stapled';
}

function verdict(r) {
  const good = r.verify.ok;
  return h(`p.note.${good ? 'good' : 'bad'}`, h('strong', good ? 'The certificate is good. ' : 'The certificate is not good. '),
    good ? '' : r.verify.message ?? '', ' ', r.verify.code && h('code', r.verify.code),
    r.verify.hostname_match === false && ' It is for another name.');
}

function card(certificate, at) {
  const days = certificate.days_left;
  const tone = days == null ? 'plain' : days < 0 ? 'bad' : days < SOON_DAYS ? 'warn' : 'good';
  const names = certificate.san ?? [];
  return h('article.certificate',
    h('header', h('span.quiet', at === 0 ? 'Server' : `Issuer ${at}`),
      days != null && h(`span.days.${tone}`, days < 0 ? `expired ${plural(Math.ceil(-days), 'day')} ago` : `${plural(Math.floor(days), 'day')} left`)),
    h('h4', commonName(certificate.subject)),
    lifetime(certificate, tone),
    facts([
      ['Issued by', commonName(certificate.issuer)],
      ['Names', names.length > 0 && [names.slice(0, 6).join(', '), names.length > 6 && ` and ${names.length - 6} more`]],
      ['From', date(certificate.not_before)], ['Until', date(certificate.not_after)],
      ['Key', certificate.key_type && `${certificate.key_type} ${certificate.key_bits ?? ''}`], ['Signed by', certificate.signature_algorithm],
      ['Serial', certificate.serial && h('code', certificate.serial)], ['SHA-256', certificate.sha256 && h('code', certificate.sha256)],
    ]));
}

/** "CN=example.com, O=Example" -> "example.com"; without a CN the whole name. */
function commonName(name) {
  return /(?:^|[,/+]\s*)CN\s*=\s*([^,/+]+)/.exec(name ?? '')?.[1]?.trim() ?? name ?? '–';
}

function lifetime(certificate, tone) {
  const [from, to] = [Date.parse(certificate.not_before), Date.parse(certificate.not_after)];
  if (!(to > from)) return null;
  const used = Math.min(1, Math.max(0, (Date.now() - from) / (to - from)));
  return h('div.bar-track', { title: `${Math.round(used * 100)} % of its time is over` },
    h(`span.bar.${tone}`, { style: { width: `${used * 100}%` } }));
}

function versions(all) {
  return table([['Version'], ['Accepted'], ['Cipher', 'mono']], Object.entries(all).map(([name, each]) => ({
    cells: [name, each.accepted == null ? 'unknown' : each.accepted ? 'yes' : 'no', each.cipher ?? each.error_code ?? '–'],
  })));
}
