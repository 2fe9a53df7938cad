// Server-Sent Events. One stream a page; none while the tab is hidden, because a browser has few connections.

import { api, query } from './api.js';

const RETRY_MS = 3000;
let report = () => {};

/** Told 'live', 'lost' or 'off' as the stream of the page comes and goes. */
export const onConnection = (told) => (report = told);

/**
 * Follows `topics` until `signal` aborts. `on.load` is called first and whenever events may have been missed: it
 * fetches what the page shows. The other members of `on` are event names with what takes their data.
 */
export function follow(topics, on, signal) {
  let source = null;
  let retry = 0;
  let isLoaded = false;

  const load = () => {
    isLoaded = true;
    on.load();
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    source = new EventSource(`/api/v1/events${query(topics)}`);
    source.onopen = () => {
      report('live');
      load();
    };
    source.onerror = () => {
      report('lost');
      if (!isLoaded) load();
      if (source?.readyState !== EventSource.CLOSED) return;
      // Refused, and the browser does not say why. Perhaps the session is over: asking for it tells, and lets
      // the user sign in.
      close();
      retry = setTimeout(() => api('GET', 'session', undefined, signal).catch(() => {}).then(() => {
        if (!signal.aborted && !document.hidden) open();
      }), RETRY_MS);
    };
    source.addEventListener('reset', load);
    for (const name of Object.keys(on)) {
      if (name !== 'load') source.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
    }
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()), { signal });
  signal.addEventListener('abort', () => {
    close();
    report('off');
  });
  open();
}
