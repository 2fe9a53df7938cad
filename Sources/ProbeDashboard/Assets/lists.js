// What the pages with long lists have in common: filters in the address, one page after the other by cursor.

import { get, query } from './api.js';
import { h, onFrame, show } from './dom.js';
import { button, empty, problemNote } from './parts.js';
import { remember } from './router.js';

const TYPING_MS = 250;
const [PAGE, MOST] = [50, 500];

/**
 * A list of `path` whose members are in the answer's `member`.
 * @param filters a form: what it says is the query
 * @returns {element, reload, items, isPartial, set}
 */
export function pagedList({ path, member, filters, signal, rows, key, nothing, convert = (values) => values }) {
  let items = [];
  let cursor = null;
  let problem = null;
  let isLoaded = false;
  let round = 0;
  const element = h('div');
  const said = () => (filters ? Object.fromEntries([...new FormData(filters)].filter(([, value]) => value)) : {});

  const draw = onFrame(() => {
    if (signal.aborted) return;
    show(element, problem && problemNote(problem),
      items.length ? rows(items) : isLoaded && !problem && empty(Object.keys(said()).length ? 'Nothing matches.' : nothing),
      cursor && h('div.actions', button('Show more', () => load(cursor))));
  });
  const load = async (from) => {
    const mine = ++round;
    try {
      // A list that was read on stays as long when it is loaded anew.
      const limit = from ? PAGE : Math.min(MOST, Math.max(PAGE, items.length));
      const answer = await get(path + query({ ...convert(said()), limit, cursor: from }), signal);
      // Another filter was set meanwhile.
      if (mine !== round) return;
      const more = answer[member] ?? [];
      const known = new Set(from ? items.map(key) : []);
      items = from ? [...items, ...more.filter((item) => !known.has(key(item)))] : more;
      cursor = answer.next_cursor;
      problem = null;
    } catch (error) {
      if (error.name === 'AbortError' || mine !== round) return;
      problem = error;
    }
    isLoaded = true;
    draw();
  };
  const reload = () => load(null);

  if (filters) {
    let typing = 0;
    const changed = () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        remember(said());
        reload();
      }, TYPING_MS);
    };
    filters.oninput = changed;
    filters.onsubmit = (event) => {
      event.preventDefault();
      changed();
    };
    signal.addEventListener('abort', () => clearTimeout(typing));
  }
  return { element, reload, items: () => items, isPartial: () => cursor != null, set: (changedItems) => { items = changedItems; draw(); } };
}
