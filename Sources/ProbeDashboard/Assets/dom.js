// Builds and updates the page. Data gets in as text nodes and plain attributes only, never as markup:
// what a node, a peer or a user says stays text.

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element: h('p.note', {id: 'x', onclick: f}, 'text', child, [children]). */
export const h = (spec, ...rest) => make(spec, rest, (tag) => document.createElement(tag));

/** The same for SVG. */
export const s = (spec, ...rest) => make(spec, rest, (tag) => document.createElementNS(SVG, tag));

function make(spec, rest, create) {
  const [tag, ...classes] = spec.split('.');
  const element = create(tag);
  if (classes.length) element.setAttribute('class', classes.join(' '));
  if (rest[0]?.constructor === Object) {
    for (const [name, value] of Object.entries(rest.shift())) set(element, name, value);
  }
  element.append(...rest.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

function set(element, name, value) {
  if (value == null || value === false) return;
  if (typeof value === 'function') {
    element[name] = value;
    (element.handlers ??= []).push(name);
  } else if (name === 'style') {
    // By the object model: a style attribute would be against the page's security policy.
    for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
  } else {
    element.setAttribute(name, value === true ? '' : value);
  }
}

/**
 * Makes the children of `parent` equal to `children` while keeping the elements that are there, and with them
 * focus, open details, scroll positions and what the user has typed. Elements with a `key` attribute keep their
 * identity when the order changes.
 */
export function show(parent, ...children) {
  const wanted = document.createDocumentFragment();
  wanted.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  update(parent, wanted);
}

const keyOf = (node) => node.getAttribute?.('key') ?? null;

function update(parent, wanted) {
  const keyed = new Map();
  for (const child of parent.children) if (keyOf(child) !== null) keyed.set(keyOf(child), child);
  let place = parent.firstChild;
  for (const next of [...wanted.childNodes]) {
    const key = keyOf(next);
    let old = key !== null ? keyed.get(key) : place;
    if (!old || old.nodeName !== next.nodeName || (key === null && keyOf(old) !== null)) {
      parent.insertBefore(next, place);
      continue;
    }
    if (old !== place) parent.insertBefore(old, place);
    else place = place.nextSibling;
    become(old, next);
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

function become(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  // An element that looks after its own children says so.
  if (old.hasAttribute('own') && next.hasAttribute('own')) return;
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && name !== 'open' && name !== 'style') old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== 'open' && name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
  for (const name of old.handlers ?? []) old[name] = null;
  for (const name of next.handlers ?? []) old[name] = next[name];
  old.handlers = next.handlers;
  update(old, next);
}

/** Calls `draw` at the next frame, once for however many calls until then. */
export function onFrame(draw) {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      draw();
    });
  };
}
