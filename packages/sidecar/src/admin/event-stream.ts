import type { ServerResponse } from 'node:http';
import type { SputnikEvent } from '@sputnikjs/core';
import { record } from '../log/record.js';

/** So many events are kept for those who come back, and so many may listen. */
const [MOST_KEPT, MOST_LISTENERS] = [200, 16];
/** A listener that has so much to read is cut. */
const MOST_UNREAD_BYTES = 256 * 1024;

interface Entry {
  readonly id: number;
  readonly type: string;
  readonly data: string;
}

/** The events of the flight as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  #last = 0;
  readonly #kept: Entry[] = [];
  readonly #listeners = new Set<ServerResponse>();

  take(event: SputnikEvent): void {
    const { level, fields, text } = record(event);
    const data = JSON.stringify({ at: new Date().toISOString(), level, ...fields, text });
    const entry = { id: ++this.#last, type: event.type, data };
    this.#kept.push(entry);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    for (const listener of this.#listeners) send(listener, entry);
  }

  /** Answers with the events from now on, and those since `lastId` that are still known. False if too many listen. */
  serve(response: ServerResponse, lastId: number): boolean {
    if (this.#listeners.size >= MOST_LISTENERS) return false;
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    response.write('retry: 1000\n\n');
    for (const entry of this.#kept.filter(({ id }) => id > lastId)) send(response, entry);
    this.#listeners.add(response);
    response.once('close', () => this.#listeners.delete(response));
    return true;
  }

  close(): void {
    for (const listener of this.#listeners) listener.end();
  }
}

function send(listener: ServerResponse, { id, type, data }: Entry): void {
  // guard: a listener that reads nothing is cut
  if (listener.writableLength > MOST_UNREAD_BYTES) return void listener.destroy();
  listener.write(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`);
}
