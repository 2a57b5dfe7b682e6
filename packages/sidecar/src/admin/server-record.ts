import type { SputnikEvent } from '@sputnikjs/core';
import { chain } from '../text.js';
import type { ServerTurn } from './status.js';

/** How many changes of the connection are kept. */
const MOST_TURNS = 50;

/** The history of the connection to the server, from the events of the flight. */
export class ServerRecord {
  attempts = 0;
  connects = 0;
  losses = 0;
  /** When the next attempt is due, in milliseconds of the wall clock. */
  retryAt: number | undefined;
  /** True if there should be a connection and is none. During the first attempt it is false. */
  away = false;
  /** When the current state began. */
  since: number = Date.now();
  /** Newest first. */
  readonly history: ServerTurn[] = [];
  #connectedBefore = 0;
  #connected = false;

  take(event: SputnikEvent): void {
    switch (event.type) {
      case 'connecting':
        this.attempts++;
        this.retryAt = undefined;
        break;
      case 'connected':
        this.connects++;
        this.#turn(true, 'connected', event.attempt === 1 ? 'connected' : `connected at attempt ${event.attempt}`);
        break;
      case 'connectFailed':
        this.retryAt = event.retryInMs === undefined ? undefined : Date.now() + event.retryInMs;
        this.away = true;
        this.#note('failed', chain(event.error));
        break;
      case 'disconnected':
        this.losses++;
        this.#turn(false, 'lost', chain(event.reason));
        break;
      default:
    }
  }

  /** How long it was connected in all, in milliseconds. */
  get connectedMs(): number {
    return this.#connectedBefore + (this.#connected ? Date.now() - this.since : 0);
  }

  #turn(connected: boolean, what: ServerTurn['what'], text: string): void {
    this.#connectedBefore = this.connectedMs;
    this.#connected = connected;
    this.away = !connected;
    this.since = Date.now();
    this.#note(what, text);
  }

  /** Attempts that fail for the same reason are one line. */
  #note(what: ServerTurn['what'], text: string): void {
    const [last] = this.history;
    if (what === 'failed' && last?.what === 'failed' && last.text === text) return;
    this.history.unshift({ at: new Date().toISOString(), what, text });
    if (this.history.length > MOST_TURNS) this.history.pop();
  }
}
