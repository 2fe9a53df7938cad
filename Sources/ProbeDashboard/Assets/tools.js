// The thirteen tools: what to ask for. What a field leaves empty is the tool's own default.

import { h } from './dom.js';
import { checkbox, field, input, select } from './parts.js';

const number = (name, label, fallback, min, max) => ({ name, label, kind: 'number', fallback, min, max });
const text = (name, label, fallback = '') => ({ name, label, kind: 'text', fallback });
const choice = (name, label, ...options) => ({ name, label, kind: 'choice', options });
const flag = (name, label, fallback = false) => ({ name, label, kind: 'flag', fallback });
const list = (name, label, fallback = '') => ({ name, label, kind: 'list', fallback });
const steps = (name, label, fallback) => ({ name, label, kind: 'lines', fallback });

const HOST = ['Host or address', 'example.com'];
const trace = [choice('protocol', 'Protocol', 'udp', 'icmp', 'tcp'), number('port', 'Port', '33434, tcp 80', 1, 65535), number('max_hops', 'Farthest hop', 30, 1, 64)];

export const TOOLS = {
  ping: { target: HOST, fields: [number('count', 'Packets', 4, 1, 100), number('interval_ms', 'Interval, ms', 1000, 10, 60000),
    number('size', 'Payload, bytes', 56, 0, 65500), choice('protocol', 'Protocol', 'icmp', 'tcp'), number('port', 'Port (tcp)', 80, 1, 65535)] },
  traceroute: { target: HOST, fields: [...trace, number('queries', 'Probes a hop', 3, 1, 10), flag('resolve_names', 'Names of hops', true), flag('asn', 'Networks of hops')] },
  mtr: { target: HOST, fields: [...trace, number('cycles', 'Cycles', 10, 1, 100), number('interval_ms', 'Interval, ms', 1000, 100, 60000), number('flows', 'Flows', 1, 1, 8)] },
  path_mtu: { target: HOST, fields: [number('max', 'Largest packet, bytes', 1500, 68, 65535), number('tries', 'Tries a size', 3, 1, 10)] },
  dns: { target: ['Name', 'example.com'], fields: [
    { ...text('record_type', 'Type', 'A'), suggestions: ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SOA', 'CAA', 'SRV', 'PTR', 'DS', 'DNSKEY', 'HTTPS', 'ANY'] },
    text('resolver', 'Resolver', 'the system\'s'), choice('transport', 'Transport', 'udp', 'tcp', 'tls', 'https'), flag('dnssec', 'Signatures (DO)'),
    flag('validate', 'Validate DNSSEC'), flag('trace', 'Walk from the root')] },
  reverse_dns: { target: ['Address', '192.0.2.1'], fields: [text('resolver', 'Resolver', 'the system\'s'), flag('confirm', 'Do the names lead back?', true)] },
  http: { target: ['URL', 'https://example.com/'], fields: [choice('method', 'Method', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    choice('http_version', 'Version', ['', 'negotiated'], '1.1', '2'), number('max_redirects', 'Most redirects', 10, 0, 50), flag('follow_redirects', 'Follow redirects', true),
    flag('verify_tls', 'Verify certificates', true), flag('include_body', 'Keep the body')] },
  tls: { target: HOST, fields: [number('port', 'Port', 443, 1, 65535), text('sni', 'Name to ask for', 'the target'),
    choice('starttls', 'STARTTLS', ['', 'none'], 'smtp', 'imap', 'pop3', 'ftp', 'postgres', 'mysql', 'ldap', 'xmpp'), list('alpn', 'ALPN', 'h2, http/1.1'), flag('versions', 'Try every version')] },
  tcp: { target: HOST, fields: [{ ...number('port', 'Port', '25', 1, 65535), required: true }, flag('tls', 'Begin with TLS'),
    steps('steps', 'Conversation, a step a line', 'expect:^220\nsend:EHLO probe\\r\\n\nexpect:^250 ')] },
  port_check: { target: HOST, fields: [text('ports', 'Ports', 'the twenty most common'), choice('protocol', 'Protocol', 'tcp', 'udp'),
    number('timeout_ms', 'Wait for each, ms', 2000, 10, 60000), flag('banner', 'Read banners')] },
  whois: { target: ['Domain, address or AS number', 'example.com'], fields: [text('server', 'Begin at', 'whois.iana.org'),
    choice('rdap', 'By', ['', 'whois'], ['true', 'RDAP'], ['auto', 'RDAP, else whois']), flag('follow', 'Follow referrals', true)] },
  ntp: { target: ['Time server', 'pool.ntp.org'], fields: [number('port', 'Port', 123, 1, 65535), number('count', 'Queries', 1, 1, 16)] },
  websocket: { target: ['URL', 'wss://example.com/socket'], fields: [text('message', 'Message to send'), flag('verify_tls', 'Verify certificates', true)] },
};

// The tools that go over the network by a family of their own choice.
const FAMILY = choice('ip_version', 'IP version', ['', 'what there is'], '4', '6', ['both', 'both, side by side']);
const fieldsOf = (tool) => [...TOOLS[tool].fields, FAMILY];

const id = (name) => `parameter-${name}`;

/** The controls of a tool's parameters; `given` fills them in, and what has no control goes into the JSON. */
export function parameterFields(tool, given = {}) {
  const rest = { ...given };
  const made = (isOfKind) => fieldsOf(tool).filter(isOfKind).map((each) => {
    const value = rest[each.name];
    // What is no text or number, as a list of objects, stays in the JSON.
    if (Array.isArray(value) && value.some((item) => typeof item === 'object')) return control(each);
    delete rest[each.name];
    return control(each, value);
  });
  const [wide, flags] = [(each) => each.kind === 'lines', (each) => each.kind === 'flag'];
  const controls = [h('div.fields', made((each) => !wide(each) && !flags(each))), made(wide), h('div.checks', made(flags))];
  const json = h('textarea', { name: 'json', rows: 3, spellcheck: 'false', placeholder: '{"tos": 16}' },
    Object.keys(rest).length ? JSON.stringify(rest, null, 1) : '');
  return [
    ...controls,
    h('details', { open: Object.keys(rest).length > 0 }, h('summary', 'More parameters'),
      field('As a JSON object', json, 'These win over the fields above.')),
  ];
}

function control(each, value) {
  const name = id(each.name);
  if (each.kind === 'flag') return checkbox(name, each.label, { checked: value ?? each.fallback });
  if (each.kind === 'choice') return field(each.label, select(name, each.options, value ?? ''));
  if (each.kind === 'lines') {
    return field(each.label, h('textarea', { name, rows: 3, spellcheck: 'false', placeholder: each.fallback }, (value ?? []).join('\n')));
  }
  const shown = Array.isArray(value) ? value.join(', ') : value;
  const options = { placeholder: each.fallback, value: shown, required: each.required };
  if (each.kind === 'number') return field(each.label, input(name, { ...options, type: 'number', min: each.min, max: each.max, step: 'any' }));
  if (!each.suggestions) return field(each.label, input(name, options));
  return field(each.label, [input(name, { ...options, list: `${name}-list` }),
    h('datalist', { id: `${name}-list` }, each.suggestions.map((suggestion) => h('option', suggestion)))]);
}

/** What the controls say, without what is the default. @throws Error with a sentence */
export function parametersOf(tool, data) {
  const parameters = {};
  for (const each of fieldsOf(tool)) {
    const value = read(each, data);
    if (value !== undefined) parameters[each.name] = value;
  }
  const text = data.get('json')?.trim();
  if (!text) return parameters;
  let more;
  try {
    more = JSON.parse(text);
  } catch (error) {
    throw new Error(`"More parameters" is no JSON: ${error.message}.`);
  }
  if (more?.constructor !== Object) throw new Error('"More parameters" must be a JSON object, such as {"tos": 16}.');
  return { ...parameters, ...more };
}

function read(each, data) {
  const value = data.get(id(each.name));
  if (each.kind === 'flag') return (value !== null) === each.fallback ? undefined : value !== null;
  // Lines are taken as they are: a space at the end of what is expected matters.
  if (each.kind === 'lines') return value?.trim() ? value.split(/\r?\n/).filter((line) => line.trim()) : undefined;
  const text = value?.trim();
  if (!text || (each.kind === 'choice' && text === each.options[0])) return undefined;
  if (each.kind === 'number') return Number(text);
  if (each.kind === 'list') return text.split(',').map((item) => item.trim()).filter(Boolean);
  return text === 'true' ? true : text;
}
