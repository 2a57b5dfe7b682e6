import type { ServerResponse } from 'node:http';
import type { SputnikEvent } from '@sputnikjs/core';
import { record } from '../log/record.js';

/** So many events are kept for those who come back, and so many may listen. */
const [MOST_KEPT, MOST_LISTENERS] = [200, 16];
/** A listener that has so much to read is cut. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** An event, as it was told. It is put into words once, for those who listen: of a flood that takes longer than all else. */
class Entry {
  readonly id: number;
  readonly #at = new Date().toISOString();
  readonly #event: SputnikEvent;
  #message: string | undefined;

  constructor(id: number, event: SputnikEvent) {
    this.id = id;
    this.#event = event;
  }

  get message(): string {
    return (this.#message ??= this.#written());
  }

  #written(): string {
    const { level, fields, text } = record(this.#event);
    const data = JSON.stringify({ at: this.#at, level, ...fields, text });
    return `id: ${this.id}\nevent: ${this.#event.type}\ndata: ${data}\n\n`;
  }
}

/** The events of the flight as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export class EventStream {
  #last = 0;
  readonly #kept: Entry[] = [];
  readonly #listeners = new Set<ServerResponse>();

  take(event: SputnikEvent): void {
    const entry = new Entry(++this.#last, event);
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

function send(listener: ServerResponse, { message }: Entry): void {
  // guard: a listener that reads nothing is cut
  if (listener.writableLength > MOST_UNREAD_BYTES) return void listener.destroy();
  listener.write(message);
}
