// @ts-check
// Asks the satellite how it is, again and again, and at once when something happens.
/** @import { Status } from '../src/admin/status.js' */

const POLL_MS = 500;
const HIDDEN_POLL_MS = 10_000;
/** What takes longer is no answer. */
const ANSWER_MS = 3_000;
/** What happens together is looked at once. */
const TOGETHER_MS = 150;
const TOKEN = 'sputnik-token';

/** What cannot be had without another token, or not at all. */
class Refusal extends Error {}

/**
 * @typedef {object} Listener
 * @property {(status: Status) => void} answered
 * @property {(since: number) => void} silent Called again and again while it does not answer.
 * @property {(why: string) => void} refused
 * @property {(report: { readonly text: string, readonly clean?: boolean }) => void} landed Its last words.
 */

export class Source {
  #listener;
  /** When it answered last, or the page was opened. */
  #answeredAt = Date.now();
  #timer = 0;
  #asks = false;
  #isSoon = false;
  #listens = false;
  /** Of an event that has not come to its end. */
  #begun = '';

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    document.addEventListener('visibilitychange', () => this.#askIn(0));
  }

  /** Takes a token, for as long as the tab is open. @param {string} token */
  unlock(token) {
    sessionStorage.setItem(TOKEN, token);
    void this.ask();
  }

  /** Asks now, and then regularly, until it is refused. */
  async ask() {
    if (this.#asks) return;
    this.#asks = true;
    this.#isSoon = false;
    try {
      const status = /** @type {Status} */ (await this.get('status'));
      this.#answeredAt = Date.now();
      this.#listener.answered(status);
      void this.#listen();
    } catch (error) {
      if (error instanceof Refusal) return this.#listener.refused(error.message);
      this.#listener.silent(this.#answeredAt);
    } finally {
      this.#asks = false;
    }
    this.#askIn(document.hidden ? HIDDEN_POLL_MS : POLL_MS);
  }

  /** What a path answers, as JSON. Rejects if it does not in time, or refuses. @param {string} path */
  async get(path) {
    const response = await fetch(path, { headers: headers(), signal: AbortSignal.timeout(ANSWER_MS) });
    if ([401, 403, 421].includes(response.status)) {
      const isFirst = response.status === 401 && sessionStorage.getItem(TOKEN) === null;
      sessionStorage.removeItem(TOKEN);
      throw new Refusal(isFirst ? '' : (await response.text()).trim());
    }
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return /** @type {unknown} */ (await response.json());
  }

  /** @param {number} ms */
  #askIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), ms);
  }

  /** Hears what happens, until the stream ends. Without it the page is half a second late, no more. */
  async #listen() {
    if (this.#listens) return;
    this.#listens = true;
    this.#begun = '';
    try {
      const { ok, body } = await fetch('events', { headers: headers() });
      const reader = ok ? body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
      for (let told = await reader?.read(); told?.done === false; told = await reader?.read()) this.#hear(told.value);
    } catch {
      // it has gone: the next question shows it
    }
    this.#listens = false;
  }

  /** @param {string} text */
  #hear(text) {
    const events = (this.#begun + text).split('\n\n');
    this.#begun = events.pop() ?? '';
    const landed = /^event: landed\ndata: (.*)$/m.exec(events.join('\n'))?.[1];
    if (landed !== undefined) this.#listener.landed(JSON.parse(landed));
    if (!this.#isSoon) this.#askIn(TOGETHER_MS);
    this.#isSoon = true;
  }
}

/** @returns {Record<string, string>} */
function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}
