// Who may come in: nodes by registration tokens, people and programs by API keys.

import { api, may } from './api.js';
import { ask, confirm, secret } from './dialogs.js';
import { h } from './dom.js';
import { ago } from './format.js';
import { pagedList } from './lists.js';
import { button, field, input, select, table } from './parts.js';

const DAY = 86400;
const LIFETIMES = [[DAY, 'a day'], [7 * DAY, 'a week'], [30 * DAY, 'a month'], [365 * DAY, 'a year'], ['', 'for ever']];

export function accessPage({ main, signal, title }) {
  title('Access');
  if (!may('admin')) {
    main.append(h('h1', 'Access'), h('p.note', 'This takes the role admin.'));
    return;
  }
  const tokens = pagedList({
    path: 'registration-tokens', member: 'registration_tokens', signal, key: (each) => each.token_id, nothing: 'There is no token.',
    rows: (all) => table([['Name'], ['Uses left', 'num'], ['Created', 'num'], ['Expires', 'num'], ['State'], ['']], all.map((each) => ({
      key: each.token_id,
      cells: [each.name ?? '–', `${each.uses_left ?? '–'} of ${each.uses}`, ago(each.created_at), each.expires_at ? ago(each.expires_at) : 'never', standing(each),
        !each.revoked && revoke(`registration-tokens/${encodeURIComponent(each.token_id)}`, each.name ?? 'this token', 'No node can register with it any more. Nodes that did stay.', tokens)],
    }))),
  });
  const keys = pagedList({
    path: 'keys', member: 'keys', signal, key: (each) => each.key_id, nothing: 'There is no key but the administrator\'s token.',
    rows: (all) => table([['Name'], ['Role'], ['Created', 'num'], ['Expires', 'num'], ['State'], ['']], all.map((each) => ({
      key: each.key_id,
      cells: [each.name, each.role, ago(each.created_at), each.expires_at ? ago(each.expires_at) : 'never', standing(each),
        !each.revoked && revoke(`keys/${encodeURIComponent(each.key_id)}`, each.name, 'Whoever uses it, also in a session, is out at once.', keys)],
    }))),
  });
  main.append(h('h1', 'Access'),
    h('section', h('header.head', h('h2', 'Registration tokens'), button('New token', () => newToken(tokens), { class: 'primary' })),
      h('p.quiet', 'A node registers with one and gets a key of its own.'), tokens.element),
    h('section', h('header.head', h('h2', 'API keys'), button('New key', () => newKey(keys), { class: 'primary' })),
      h('p.quiet', 'A reader looks, an operator also measures, an admin does everything.'), keys.element));
  tokens.reload();
  keys.reload();
}

function standing(each) {
  if (each.revoked) return h('span.state.quiet', 'revoked');
  if (each.expires_at && new Date(each.expires_at) < new Date()) return h('span.state.warn', 'expired');
  return each.uses_left === 0 ? h('span.state.quiet', 'used up') : h('span.state.good', 'good');
}

const revoke = (path, name, text, list) => button('Revoke', () => confirm(`Revoke ${name}?`, text, 'Revoke', async () => {
  await api('DELETE', path);
  await list.reload();
}), { class: 'small danger', 'aria-label': `Revoke ${name}` });

const lifetime = (data) => (data.get('expires_in') ? Number(data.get('expires_in')) : null);

async function newToken(list) {
  let made;
  await ask('New registration token', 'Create', [
    field('Name', input('name', { maxlength: 255 })), field('Uses', input('uses', { type: 'number', min: 1, max: 100000, value: 1, required: true })),
    field('Good for', select('expires_in', LIFETIMES, DAY)),
  ], async (data) => {
    made = await api('POST', 'registration-tokens', { name: data.get('name').trim() || null, uses: Number(data.get('uses')), expires_in: lifetime(data) });
  });
  if (!made) return;
  list.reload();
  const order = JSON.stringify({ registration_token: made.registration_token, name: 'node01' });
  await secret('Registration token', made.registration_token, h('div', h('p', 'This makes a node of it, and tells its UUID and key:'),
    h('pre', `curl -X POST ${location.origin}/probe-nodes/register -H 'Content-Type: application/json' -d '${order}'`)));
}

async function newKey(list) {
  let made;
  await ask('New API key', 'Create', [
    field('Name', input('name', { required: true, maxlength: 255 })),
    field('Role', select('role', ['reader', 'operator', 'admin'])), field('Good for', select('expires_in', LIFETIMES, 30 * DAY)),
  ], async (data) => {
    made = await api('POST', 'keys', { name: data.get('name').trim(), role: data.get('role'), expires_in: lifetime(data) });
  });
  if (!made) return;
  list.reload();
  await secret('API key', made.api_key, h('p.quiet', `For ${made.name}, role ${made.role}. It signs in here, and goes into the header "Authorization: Bearer".`));
}
