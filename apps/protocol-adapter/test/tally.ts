import assert from 'node:assert/strict';
import { bodyOf, keyOf } from './load.js';
import type { Stored } from './stored.js';

/** Counts what a server has of the loads: it has to be exactly as it was sent, and of each TCP connection in order, without a gap. */
export class Tally {
  /** The keys of the bodies that came over HTTP. */
  readonly http = new Set<string>();
  /** Different lines that came over TCP. */
  tcp = 0;
  /** Messages that are there again. */
  httpTwice = 0;
  tcpTwice = 0;
  /** Of each connection, the line that came last, and the highest. */
  readonly #lines = new Map<string, { last: number; highest: number }>();

  static async of(stored: AsyncIterable<Stored>): Promise<Tally> {
    const tally = new Tally();
    for await (const { target, payload } of stored)
      if (target === 'syslog') tally.#line((JSON.parse(payload) as { readonly content: string }).content);
      else tally.#body(payload);
    return tally;
  }

  #body(body: string): void {
    const key = keyOf(body);
    const [client, n] = key.split('-').map(Number);
    assert.equal(body, bodyOf(client ?? 0, n ?? 0));
    if (this.http.has(key)) this.httpTwice++;
    this.http.add(key);
  }

  #line(line: string): void {
    const [connection = '', number] = line.split('-');
    const n = Number(number);
    const seen = this.#lines.get(connection) ?? { last: -1, highest: -1 };
    // What is sent again begins anew, somewhere before; nothing is left out from there on.
    assert.ok(n <= seen.last + 1, `connection ${connection}: line ${n} comes after ${seen.last}`);
    if (n <= seen.highest) this.tcpTwice++;
    else this.tcp++;
    this.#lines.set(connection, { last: n, highest: Math.max(n, seen.highest) });
  }
}
