// Modal questions. The browser's own <dialog> keeps the focus inside and closes on Escape.

import { h } from './dom.js';
import { button, copyButton, problemNote } from './parts.js';

/** Shows a dialog until it closes; resolves with what `close` was given, or undefined after Escape. */
export function modal(title, content, { mayClose = true } = {}) {
  return new Promise((resolve) => {
    let value;
    const close = (result) => {
      value = result;
      dialog.close();
    };
    const dialog = h('dialog', { 'aria-label': title }, h('h2', title), content(close));
    dialog.oncancel = (event) => {
      if (!mayClose) event.preventDefault();
    };
    dialog.onclose = () => {
      // Chromium closes on a second Escape whatever `cancel` says.
      if (!mayClose && value === undefined) return dialog.showModal();
      dialog.remove();
      resolve(value);
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A form whose `act` may fail: the dialog stays open then, and says why. Resolves with what `act` returned. */
export function ask(title, label, content, act, options = {}) {
  return modal(title, (close) => {
    const failure = h('div', { role: 'alert' });
    const submit = button(label, null, { type: 'submit', class: options.isDangerous ? 'danger' : 'primary' });
    const form = h('form.dialog-form', content, failure, h('div.actions', submit,
      options.mayClose !== false && button('Cancel', () => close())));
    form.onsubmit = async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        close((await act(new FormData(form), form)) ?? true);
      } catch (error) {
        failure.replaceChildren(problemNote(error));
      } finally {
        submit.disabled = false;
      }
    };
    return form;
  }, options);
}

export const confirm = (title, text, label, act) => ask(title, label, h('p', text), act, { isDangerous: true });

/** A secret that nobody can show again. `hint` says what to do with it. */
export function secret(title, text, hint) {
  return modal(title, (close) => h('div.dialog-form',
    h('p', 'This is shown once. Keep it in a safe place.'),
    h('div.secret', h('code', text), copyButton(text)),
    hint,
    h('div.actions', button('Done', () => close(true), { class: 'primary' }))));
}
