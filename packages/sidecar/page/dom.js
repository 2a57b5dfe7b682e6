// @ts-check
// Elements, made and kept up to date. What comes from outside goes in as text, never as markup.

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 */
export function el(tag, className = '', ...children) {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 */
export function svg(tag, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, `${value}`);
  made.append(...children);
  return made;
}

/** Only where it has changed: selections and screen readers are left in peace. @type {(node: Node, text: string) => void} */
export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/** Undefined removes it. @type {(element: Element, name: string, value: string | undefined) => void} */
export const setAttribute = (element, name, value) => {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

/**
 * Has a parent hold one child for each item, in their order. Children whose key stays are kept.
 * @template T
 * @template {Element} E
 * @param {Element} parent
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => E} make
 * @param {(child: E, item: T) => void} update
 */
export function keepChildren(parent, items, keyOf, make, update) {
  const children = /** @type {(E & { readonly key?: string })[]} */ (/** @type {unknown} */ ([...parent.children]));
  const before = new Map(children.map((child) => [child.key ?? '', child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const child = before.get(key) ?? Object.assign(make(item), { key });
    before.delete(key);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const gone of before.values()) gone.remove();
}
