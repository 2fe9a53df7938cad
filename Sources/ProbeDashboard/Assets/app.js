// Begins here: who is signed in, the frame around the pages, and the pages.

import { accessPage } from './access.js';
import { may, resume, session, signIn, signOut, whenSignedOut } from './api.js';
import { ask } from './dialogs.js';
import { h } from './dom.js';
import { jobPage, jobsPage } from './jobs.js';
import { onConnection } from './live.js';
import { measurementPage } from './measurement.js';
import { measurementsPage } from './measurements.js';
import { nodePage } from './node.js';
import { nodesPage } from './nodes.js';
import { field, input, problemNote } from './parts.js';
import { go, start } from './router.js';
import { runPage } from './run.js';
import { schedulesPage } from './schedules.js';
import { setUpTheme } from './theme.js';

const main = document.getElementById('main');
const CONNECTION = { live: 'Live', lost: 'Reconnecting', off: '' };

let asking = null;

/** One question for however many requests find the session over; the page behind it stays as it is. */
function askToSignIn() {
  const wasSignedIn = session.role !== null;
  asking ??= ask('Sign in', 'Sign in', [
    h('p.quiet', wasSignedIn ? 'The session is over. Sign in to go on where you were.' : 'With an API key of this backend.'),
    field('API key', input('key', { type: 'password', required: true, autocomplete: 'current-password' })),
  ], (data) => signIn(data.get('key').trim()), { mayClose: false }).finally(() => {
    asking = null;
    showWho();
  });
  return asking;
}

function showWho() {
  document.getElementById('who').textContent = session.role ? `${session.name || 'administrator'} · ${session.role}` : '';
  for (const element of document.querySelectorAll('[data-role]')) element.hidden = !may(element.dataset.role);
}

function onKey(event) {
  const isTyping = event.target.closest('input, textarea, select, dialog');
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector('[data-search]');
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
}

async function begin() {
  setUpTheme(document.getElementById('theme'));
  whenSignedOut(askToSignIn);
  onConnection((told) => {
    const element = document.getElementById('connection');
    element.textContent = CONNECTION[told];
    element.className = told;
  });
  document.addEventListener('keydown', onKey);
  // The address's hash names the page: it cannot also name a place on it.
  document.getElementById('skip').onclick = (event) => {
    event.preventDefault();
    main.focus();
  };
  document.getElementById('sign-out').onclick = async () => {
    await signOut();
    main.replaceChildren();
    await askToSignIn();
    go();
  };
  try {
    if (!(await resume())) await askToSignIn();
  } catch (error) {
    main.append(h('h1', 'No answer'), problemNote(error), h('p', 'Load the page again once the backend is back.'));
    return;
  }
  showWho();
  start({
    nodes: { list: nodesPage, detail: nodePage },
    run: { list: runPage },
    jobs: { list: jobsPage, detail: jobPage },
    measurements: { list: measurementsPage, detail: measurementPage },
    schedules: { list: schedulesPage },
    access: { list: accessPage },
  }, main);
}

begin();
