// @ts-check
// A table of rows that come and go. The first column names the row.
import { el, keepChildren, setAttribute, setText } from './dom.js';

/**
 * @template T
 * @typedef {readonly [head: string, text: (row: T) => string, tone?: (row: T) => string | false]} Column
 */

/** @template T */
export class Table {
  #columns;
  #keyOf;
  #body = el('tbody');
  #scroll;
  #none;

  /**
   * @param {Element} place
   * @param {[kind: 'log' | 'numbers' | 'keys', caption: string, none: string]} texts `none` is said in place of a table without rows.
   * @param {(row: T) => string} keyOf Also the id of the row.
   * @param {readonly Column<T>[]} columns
   */
  constructor(place, [kind, caption, none], keyOf, columns) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    const head = el('thead', '', el('tr', '', ...columns.map(([text]) => headOf('col', text))));
    this.#scroll = el('div', 'scroll', el('table', kind, el('caption', 'hidden', caption), head, this.#body));
    this.#scroll.tabIndex = 0;
    setAttribute(this.#scroll, 'role', 'region');
    setAttribute(this.#scroll, 'aria-label', caption);
    this.#none = el('p', 'quiet', none);
    place.append(this.#none, this.#scroll);
  }

  /** @param {readonly T[]} rows */
  show(rows) {
    this.#none.hidden = rows.length > 0;
    this.#scroll.hidden = rows.length === 0;
    const make = (/** @type {T} */ row) => {
      const made = el('tr', '', headOf('row', ''), ...this.#columns.slice(1).map(() => el('td')));
      made.id = this.#keyOf(row);
      return made;
    };
    keepChildren(this.#body, rows, this.#keyOf, make, (tr, row) => {
      for (const [at, [, text, tone]] of this.#columns.entries()) {
        const cell = /** @type {Element} */ (tr.children[at]);
        setText(cell, text(row));
        if (tone) setAttribute(cell, 'data-tone', tone(row) || undefined);
      }
    });
  }
}

/** @type {(scope: 'row' | 'col', text: string) => Element} */
function headOf(scope, text) {
  const head = el('th', '', text);
  head.scope = scope;
  return head;
}
