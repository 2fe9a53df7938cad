// Small pieces that every page is made of.

import { h } from './dom.js';

export const button = (label, onclick, props = {}) => h('button', { type: 'button', onclick, ...props }, label);

/** A labelled control; `hint` stands below it. */
export function field(label, control, hint) {
  return h('label.field', h('span.label', label), control, hint && h('span.hint', hint));
}

export const input = (name, props = {}) => h('input', { name, autocomplete: 'off', spellcheck: 'false', ...props });

/** @param options [value, label] pairs or values */
export function select(name, options, chosen = '', props = {}) {
  return h('select', { name, ...props }, options.map((option) => {
    const [value, label] = Array.isArray(option) ? option : [option, option];
    return h('option', { value, selected: String(value) === String(chosen) }, label);
  }));
}

export function checkbox(name, label, props = {}) {
  return h('label.check', h('input', { type: 'checkbox', name, ...props }), h('span', label));
}

/** What went wrong: the sentence, and the code to search for. */
export function problemNote(error) {
  return h('p.note.bad', h('strong', 'Not done. '), error.message ?? String(error), ' ',
    error.code && h('code', error.code));
}

export const empty = (...text) => h('p.empty', text);
export const tags = (list) => (list?.length ? h('span.tags', list.map((tag) => h('span.tag', tag))) : h('span.quiet', '–'));

/** Term and description, side by side; pairs without a value are left out. */
export function facts(pairs, className = 'facts') {
  const known = pairs.filter(([, value]) => value != null && value !== '' && value !== false);
  return h(`dl.${className}`, known.map(([term, value]) => h('div', h('dt', term), h('dd', value))));
}

/** Big numbers in a row. */
export const figures = (pairs) => facts(pairs, 'figures');

/**
 * A table that becomes a list of cards on narrow screens, or with the kind `dense` scrolls there.
 * @param columns [heading, className?]
 * @param rows {key, cells, className?}
 */
export function table(columns, rows, { caption, kind = 'stack' } = {}) {
  return h('div.scroll', { tabindex: kind === 'dense' ? '0' : null }, h(`table.${kind}`,
    caption && h('caption', caption),
    h('thead', h('tr', columns.map(([heading, name]) => h('th', { scope: 'col', class: name }, heading)))),
    h('tbody', rows.map((row) => h('tr', { key: row.key, class: row.className },
      row.cells.map((cell, at) => h('td', { class: columns[at][1], 'data-label': columns[at][0] }, h('div', cell))))))));
}

const STATE_TONES = {
  online: 'good', offline: 'quiet', disabled: 'warn',
  queued: 'quiet', sent: 'busy', running: 'busy', done: 'good', finished: 'good', failed: 'bad', expired: 'warn', cancelled: 'quiet',
};

export const state = (name) => h(`span.state.${STATE_TONES[name] ?? 'quiet'}`, name);

export const errorCode = (job) => job.error_code ?? job.result?.error_code ?? null;

/** How a job stands, in one word: a target that is down was measured well, and is no success all the same. */
export function outcome(job) {
  const code = job.state === 'done' || job.state === 'failed' ? errorCode(job) : null;
  return code ? h('span.state.bad', code) : state(job.state);
}

export function copyButton(text, label = 'Copy') {
  const copy = button(label, async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'function' ? text() : text);
      copy.textContent = 'Copied';
    } catch {
      // Without TLS the clipboard is there on loopback only.
      copy.textContent = 'Not allowed';
    }
    setTimeout(() => (copy.textContent = label), 1500);
  }, { class: 'small' });
  return copy;
}

/** Pretty JSON, folded away. Another `version` is another element. */
export function rawJSON(value, version = '', label = 'Raw JSON') {
  const text = () => JSON.stringify(value, null, 2);
  const body = h('pre', { tabindex: '0', 'aria-label': label });
  return h('details.raw', { own: true, key: `raw ${version}`, ontoggle: () => (body.textContent ||= text()) },
    h('summary', label), h('div.raw-body', copyButton(text), body));
}

/** Runs something a button asked for; its failure is shown beside it. */
export async function attempt(place, work) {
  place.replaceChildren();
  try {
    return await work();
  } catch (error) {
    if (error.name !== 'AbortError') place.replaceChildren(problemNote(error));
  }
}
