// The HTTP API, and who is signed in.

/** An answer that is an error: RFC 9457's `code`, and one sentence. */
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** `role` is null until somebody is signed in. */
export const session = { role: null, name: '', csrf: '' };

const RANKS = ['reader', 'operator', 'admin'];
export const may = (role) => RANKS.indexOf(session.role) >= RANKS.indexOf(role);

/** Resolves once somebody has signed in; set by the page, which asks without losing what it shows. */
let askToSignIn = null;
export const whenSignedOut = (ask) => (askToSignIn = ask);

/**
 * Asks for `/api/v1/PATH`. An expired session is renewed by the user, and the request sent again.
 * @throws {Problem}
 */
export async function api(method, path, body, signal) {
  for (let isRepeat = false; ; ) {
    const answer = await send(method, path, body, signal);
    if (answer.ok) return answer.body;
    if (answer.body.status === 401) {
      await askToSignIn();
    } else if (answer.body.code === 'csrf_failed' && !isRepeat) {
      // Another tab has signed in anew: its cookie is ours too, its token is not known here yet.
      isRepeat = true;
      await resume();
    } else {
      throw answer.body;
    }
  }
}

export const get = (path, signal) => api('GET', path, undefined, signal);

async function send(method, path, body, signal) {
  const headers = {};
  if (method !== 'GET') headers['X-CSRF-Token'] = session.csrf;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response, text;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, 'backend_unreachable', 'The backend does not answer.');
  }
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Problem(response.status, 'invalid_answer', 'The backend\'s answer is no JSON.');
  }
  if (response.ok) return { ok: true, body: value };
  const detail = value?.detail ?? `The backend answered ${response.status}.`;
  return { ok: false, body: new Problem(response.status, value?.code ?? 'unknown', detail) };
}

function become(view) {
  Object.assign(session, { role: view?.role ?? null, name: view?.name ?? '', csrf: view?.csrf_token ?? '' });
}

/** Takes up the session of the cookie. @returns whether there is one */
export async function resume() {
  const answer = await send('GET', 'session');
  if (!answer.ok && answer.body.status !== 401) throw answer.body;
  become(answer.ok ? answer.body : null);
  return answer.ok;
}

/** @throws {Problem} */
export async function signIn(key) {
  const answer = await send('POST', 'session', { api_key: key });
  if (!answer.ok) throw answer.body;
  become(answer.body);
}

export async function signOut() {
  await send('DELETE', 'session');
  become(null);
}

/** A query string of what is not empty, with its question mark. */
export function query(values) {
  const entries = Object.entries(values).filter(([, value]) => value != null && value !== '');
  return entries.length ? `?${new URLSearchParams(entries)}` : '';
}
