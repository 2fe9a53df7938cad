// A job's result: how it went, the tool's drawing, and all of it as JSON.

import { h } from '../dom.js';
import { duration, ms } from '../format.js';
import { facts, rawJSON } from '../parts.js';
import { dns, reverse } from './dns.js';
import { http, websocket } from './http.js';
import { ntp, ports, tcp, whois } from './others.js';
import { mtr, pathMTU, traceroute } from './path.js';
import * as ping from './ping.js';
import { tls } from './tls.js';

const TOOLS = {
  ping, traceroute, mtr, path_mtu: pathMTU, dns, reverse_dns: reverse, http, tls, port_check: ports, tcp, whois, ntp, websocket,
};

/** The result in a few words, or null. */
export function headline(job) {
  const result = job.result ?? job.progress?.partial;
  if (!result) return null;
  if (result.ipv4 || result.ipv6) return ['ipv4', 'ipv6'].map((family) => oneHeadline(job.tool, result[family])).filter(Boolean).join(' · ');
  return oneHeadline(job.tool, result);
}

const oneHeadline = (tool, result) => (result && guarded(() => TOOLS[tool]?.headline(result) || null)) ?? null;

/** Elements for a job that is finished, or that reports how far it is. */
export function resultView(job) {
  const result = job.result ?? job.progress?.partial;
  if (!result) return [h('p.waiting', { role: 'status' }, WAITING[job.state] ?? 'There is no result.')];
  const isPartial = job.result == null;
  return [
    isPartial && h('p.waiting', { role: 'status' }, 'Running; this is what is known so far.'),
    !isPartial && verdict(result),
    h('div.result', families(job.tool, result)),
    facts([
      ['Measured', result.resolved_address && h('code', result.resolved_address)],
      ['Ran for', result.timing?.run_ms == null ? null : ms(result.timing.run_ms)],
      ['Waited for a slot', result.timing?.queued_ms >= 1 ? ms(result.timing.queued_ms) : null],
      ['Not known to the tool', result.ignored_parameters?.join(', ')], ['Left out, too long', result.truncated_fields?.join(', ')],
    ]),
    doubts(result.quality),
    rawJSON(result, isPartial ? job.progress.seq : 'final'),
  ];
}

const WAITING = {
  queued: 'Waiting for a node that is connected and has room.', sent: 'Running on the node.',
  expired: 'No answer came before the job expired.', cancelled: 'Cancelled before there was an answer.',
};

function verdict(result) {
  if (result.success) return null;
  return h('p.note.bad', { role: 'alert' }, h('strong', result.error ?? 'It failed without a reason.'), ' ',
    result.error_code && h('code', result.error_code), result.stage && h('span.quiet', ` at stage ${result.stage}`));
}

function families(tool, result) {
  if (!result.ipv4 && !result.ipv6) return drawn(tool, result);
  return h('div.side-by-side', [['IPv4', result.ipv4], ['IPv6', result.ipv6]].map(([name, each]) =>
    each && h('section', h('h3', name), verdict(each), drawn(tool, each), doubts(each.quality))));
}

const drawn = (tool, result) => guarded(() => TOOLS[tool]?.draw(result)) ?? h('p.quiet', 'The JSON below is all there is to see.');

/** A result that is not as its tool's page says still has its JSON. */
function guarded(work) {
  try {
    return work();
  } catch (error) {
    console.warn('a result could not be drawn', error);
    return null;
  }
}

function doubts(quality) {
  const said = [];
  if (quality?.clock_stepped) said.push('the node\'s clock was set meanwhile');
  if (quality?.rx_overflow) said.push(`the node had no room for ${quality.rx_overflow} packets`);
  if (quality?.sched_delay_ms > 20) said.push(`the node was up to ${ms(quality.sched_delay_ms)} late itself`);
  if (quality?.late_replies) said.push(`${quality.late_replies} replies came too late`);
  if (quality?.duplicates) said.push(`${quality.duplicates} replies came twice`);
  return said.length > 0 && h('p.note.warn', h('strong', 'The node doubts its numbers: '), `${said.join('; ')}.`);
}

export const jobFacts = (job) => [
  ['Node', job.node_name ?? job.node_uuid ?? 'any'], ['Took', job.execution_time == null ? null : ms(job.execution_time * 1000)],
  ['Time allowed', job.timeout == null ? null : duration(job.timeout)], ['Priority', job.priority === 1 ? null : job.priority],
  ['Deliveries', job.sends > 1 ? job.sends : null],
];
