// Pages by the address's hash: #/jobs?state=done, #/jobs/ID.

import { h } from './dom.js';
import { problemNote } from './parts.js';

let pages = {};
let main = null;
let leaving = new AbortController();
let isFirst = true;

/** @param table section -> {list, detail}: functions of ({main, id, query, signal, title}). */
export function start(table, element) {
  pages = table;
  main = element;
  addEventListener('hashchange', go);
  go();
}

export const link = (...segments) => `#/${segments.map(encodeURIComponent).join('/')}`;

/** Shows the page of the address anew. */
export function go() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [section, id] = path.split('/').map(decoded);
  leaving.abort();
  leaving = new AbortController();
  const page = pages[section || 'nodes']?.[id ? 'detail' : 'list'];
  for (const anchor of document.querySelectorAll('nav a')) {
    if (anchor.dataset.section === (section || 'nodes')) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  main.replaceChildren();
  scrollTo(0, 0);
  const title = (text) => (document.title = `${text} · ProbeOps`);
  if (page) {
    title(section || 'nodes');
    page({ main, id, query: new URLSearchParams(search), signal: leaving.signal, title });
  } else {
    title('Not found');
    main.append(h('h1', 'Not found'), problemNote({ code: 'not_found', message: 'There is no such page.' }));
  }
  // Who listens to the page is taken to its beginning, as by a page load.
  if (!isFirst) main.focus({ preventScroll: true });
  isFirst = false;
}

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Keeps a page's filters in the address without showing the page anew. */
export function remember(values) {
  const [path] = location.hash.split('?');
  const entries = Object.entries(values).filter(([, value]) => value);
  const search = entries.length ? `?${new URLSearchParams(entries)}` : '';
  history.replaceState(null, '', (path || '#/nodes') + search);
}
