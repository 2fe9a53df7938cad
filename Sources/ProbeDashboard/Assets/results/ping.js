// ping: round-trip times packet by packet, with what was lost.

import { axisEnd, dot, line, plot, yOf } from '../charts.js';
import { h, s } from '../dom.js';
import { ms, number, percent } from '../format.js';
import { facts, figures, table } from '../parts.js';

export function headline(r) {
  if (r.packets_sent == null) return null;
  return `${r.packets_received}/${r.packets_sent} replies${r.avg_ms == null ? '' : `, ${ms(r.avg_ms)}`}`;
}

export function draw(r) {
  const packets = r.packets ?? [];
  return [
    figures([
      ['Loss', percent(r.packet_loss)], ['Median', ms(r.median_ms)], ['Average', ms(r.avg_ms)],
      ['Fastest', ms(r.min_ms)], ['Slowest', ms(r.max_ms)], ['Jitter', ms(r.jitter_ms)],
    ]),
    packets.length > 0 && timesPlot(packets, r.avg_ms),
    facts([
      ['Replies', r.packets_sent == null ? null : `${r.packets_received} of ${r.packets_sent}`],
      ['Deviation', r.stddev_ms == null ? null : ms(r.stddev_ms)], ['By', r.protocol], ['Port', r.port],
      ['Payload', r.size == null ? null : `${r.size} bytes`], ['Engine', r.engine],
    ]),
    packets.length > 0 && h('details', h('summary', 'Packets'), table(
      [['Seq', 'num'], ['Time', 'num'], ['TTL', 'num'], ['From', 'mono'], ['Status']],
      packets.map((packet) => ({
        cells: [packet.seq, packet.rtt_ms == null ? '–' : ms(packet.rtt_ms), packet.ttl ?? '–', packet.from ?? '–',
          [packet.status, packet.reason && ` (${packet.reason})`]],
      })), { kind: 'dense' })),
  ];
}

function timesPlot(packets, average) {
  const end = axisEnd(Math.max(...packets.map((packet) => packet.rtt_ms ?? 0)));
  const x = (at) => (100 * (at + 0.5)) / packets.length;
  const marks = [];
  if (average != null) marks.push(line(0, yOf(average, end), 100, yOf(average, end), 'average'));
  packets.forEach((packet, at) => {
    const before = packets[at - 1];
    const isGood = packet.status === 'reply';
    const title = `packet ${packet.seq}: ${packet.rtt_ms == null ? packet.status : `${number(packet.rtt_ms)} ms`}`;
    if (isGood && before?.status === 'reply') {
      marks.push(line(x(at - 1), yOf(before.rtt_ms, end), x(at), yOf(packet.rtt_ms, end), 'trend'));
    }
    if (isGood) {
      marks.push(dot(x(at), yOf(packet.rtt_ms, end), 'good', title));
    } else {
      const width = Math.min(6, 70 / packets.length);
      marks.push(s('rect.lost', { x: `${x(at) - width / 2}%`, y: 0, width: `${width}%`, height: '100%' },
        s('title', title)));
    }
  });
  return h('figure', plot(end, marks, `Round-trip times of ${packets.length} packets`, { columns: packets.length / 3 }),
    h('figcaption', 'Milliseconds, packet by packet; the dashed line is the average. Red: no reply.'));
}
