// Drawings as inline SVG. Places along the width are percentages, so that a drawing fits any screen while its
// text keeps its size.

import { h, s } from './dom.js';
import { number } from './format.js';

/** Values from 0 to 1 as a small area, the newest at the right. */
export function sparkline(values, label) {
  if (values.length < 2) return h('span.quiet', '–');
  const step = 100 / (values.length - 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(29 - 27 * clamp(value)).toFixed(1)}`);
  return s('svg.spark', { viewBox: '0 0 100 30', preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    s('polygon', { points: `0,30 ${points.join(' ')} 100,30` }),
    s('polyline', { points: points.join(' ') }));
}

const clamp = (value) => Math.min(1, Math.max(0, value ?? 0));

/** The end of an axis from 0 that holds `largest`, and is a number that one can halve: 1, 1.6, 2, 3, ... */
export function axisEnd(largest) {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((end) => end >= largest * 1.05) ?? 20 * power;
}

const HEIGHT = 150;
const EDGE = 8;

/** Height on a plot of `end` at the top. */
export const yOf = (value, end) => HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * value) / end;

/** A plot with a scale of milliseconds; `marks` are SVG elements that use percentages and `yOf`. */
export function plot(end, marks, label, { columns = 0 } = {}) {
  const lines = [0, 0.5, 1].map((part) => {
    const y = yOf(part * end, end);
    return s('line.grid', { x1: '0%', x2: '100%', y1: y, y2: y });
  });
  const drawing = s('svg', { height: HEIGHT, width: '100%', role: 'img', 'aria-label': label }, lines, marks);
  // Many columns scroll rather than touch each other.
  drawing.style.setProperty('min-width', `${columns * 22}px`);
  return h('div.plot',
    h('div.scale', { 'aria-hidden': 'true' }, [end, end / 2, 0].map((tick) => h('span', number(tick)))),
    h('div.scroll', { tabindex: columns > 12 ? '0' : null }, drawing));
}

export const dot = (x, y, tone, title) =>
  s(`circle.dot.${tone}`, { cx: `${x}%`, cy: y, r: 4 }, title && s('title', title));

export const line = (x1, y1, x2, y2, tone) =>
  s(`line.${tone}`, { x1: `${x1}%`, y1, x2: `${x2}%`, y2 });

/**
 * Parts of a whole time, one row a stage, as a waterfall.
 * @param rows {label, note, start, parts: [{name, ms}]} of which `start` is ms from the beginning
 */
export function waterfall(rows, total) {
  const share = (value) => `${total > 0 ? (100 * value) / total : 0}%`;
  return h('div.waterfall', rows.map((row) => {
    let at = row.start;
    const bars = row.parts.filter((part) => part.ms > 0).map((part) => {
      const bar = h(`span.part.phase-${part.name}`, {
        title: `${part.name} ${number(part.ms)} ms`, style: { left: share(at), width: share(part.ms) },
      });
      at += part.ms;
      return bar;
    });
    return h('div.fall-row', h('div.fall-label', row.label), h('div.fall-note', row.note), h('div.fall-bars', bars));
  }));
}

/** What the colours of a waterfall mean, with the time of each. */
export function legend(parts) {
  return h('ul.legend', parts.filter((part) => part.ms != null).map((part) =>
    h('li', h(`span.swatch.phase-${part.name}`), part.label ?? part.name, ' ', h('b', `${number(part.ms)} ms`))));
}

/** Horizontal bars to compare by: rows of {label, value, text, tone?}. */
export function bars(rows, largest) {
  return h('div.bars', rows.map((row) => h('div.bar-row', { key: row.key },
    h('span.bar-label', row.label),
    h('span.bar-track', row.value != null && h(`span.bar.${row.tone ?? 'plain'}`, {
      style: { width: `${largest > 0 ? (100 * Math.abs(row.value)) / largest : 0}%` },
    })),
    h('span.bar-value', row.text))));
}
