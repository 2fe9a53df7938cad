// Numbers, times and words as people read them.

import { h } from './dom.js';

const UNITS = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];

/** 90 -> "1 min", 200000 -> "2 d 7 h". */
export function duration(seconds) {
  if (seconds == null) return '–';
  const whole = Math.max(0, Math.floor(seconds));
  const at = UNITS.findIndex(([size]) => whole >= size);
  if (at < 0) return '0 s';
  const [size, unit] = UNITS[at];
  const next = UNITS[at + 1];
  const rest = next && size > 60 ? Math.floor((whole % size) / next[0]) : 0;
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ''}`;
}

/** Three figures that matter: 0.123, 4.56, 78.9, 1234. */
export function number(value) {
  if (typeof value !== 'number') return value == null ? '–' : String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export const ms = (value) => (value == null ? '–' : `${number(value)} ms`);
export const percent = (value) => (value == null ? '–' : `${number(value)} %`);
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

export function bytes(value) {
  if (value == null) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${number(value)} ${units[at]}`;
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** An instant as the user's own date and time. */
export function date(iso) {
  const time = new Date(iso);
  return iso == null || Number.isNaN(time.getTime()) ? '–' : local.format(time);
}

function relative(iso) {
  const seconds = (Date.now() - new Date(iso)) / 1000;
  if (Number.isNaN(seconds)) return '–';
  if (Math.abs(seconds) < 2) return 'now';
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
}

/** "12 s ago", which goes on counting. */
export function ago(iso) {
  if (!iso) return h('span.quiet', 'never');
  return h('time', { datetime: iso, title: date(iso), 'data-ago': true }, relative(iso));
}

setInterval(() => {
  for (const element of document.querySelectorAll('time[data-ago]')) {
    const text = relative(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}, 1000);
