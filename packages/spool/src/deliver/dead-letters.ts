import type { BlockCommunicator } from '@sputnikjs/core';
import { isPassing, type ProduceMessage, type ProduceResult } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { Content, Kept } from '../store/record.js';
import type { Store } from '../store/store.js';

/** The headers of a dead letter. */
const [REASON, TARGET, TIME] = ['Spool-Reason', 'Spool-Target', 'Spool-Time'] as const;

export interface DeadLettersParts {
  /** Where they are kept. */
  readonly store: Store;
  readonly uplink: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  /** Where they go; undefined if they are only kept. */
  readonly target: string | undefined;
  readonly problemLog: ProblemLog;
  /** Milliseconds of Unix time. */
  readonly now: () => number;
}

/**
 * What the server refuses for good: sent to another target, with the reason, the time and its own target as headers, or kept in a store of its
 * own, whose oldest messages make room for newer ones.
 */
export class DeadLetters {
  count = 0;
  dropped = 0;
  readonly #parts: DeadLettersParts;

  constructor(parts: DeadLettersParts) {
    this.#parts = parts;
  }

  /** Resolves when the message is where dead letters go. Rejects if it cannot be brought there for now. */
  async bury({ content }: Kept, reason: string): Promise<void> {
    const { target, problemLog } = this.#parts;
    const text = `the server refused a message for good: ${reason}`;
    problemLog.note('spoolRefused', text, { target: content.target });
    const letter = this.#letterOf(content, reason);
    const isSent = target !== undefined && target !== content.target && (await this.#send({ ...letter, target }));
    if (!isSent) await this.#keep(letter);
    this.count++;
  }

  #letterOf(content: Content, reason: string): Content {
    const time = new Date(this.#parts.now()).toISOString();
    const about = { [REASON]: lineOf(reason).slice(0, 1_000), [TARGET]: lineOf(content.target), [TIME]: time };
    return { ...content, headers: { ...content.headers, ...about } };
  }

  /** False if the server refuses that, too. */
  async #send(letter: Content): Promise<boolean> {
    try {
      await this.#parts.uplink.ask(letter, { timeoutMs: Infinity });
      return true;
    } catch (error) {
      if (isPassing(error)) throw error;
      return false;
    }
  }

  async #keep(letter: Content): Promise<void> {
    const { store } = this.#parts;
    const bytes = store.measure(letter);
    while (!store.hasRoomFor(bytes)) {
      const dropped = await store.dropOldest();
      this.dropped += dropped;
      if (dropped === 0) break;
    }
    store.resume();
    await new Promise<void>((resolve, reject) => {
      store.append({ content: letter, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  }
}

/** The message that a dead letter was. */
export function revived({ headers, ...content }: Content): Content {
  const { [REASON]: _reason, [TARGET]: _target, [TIME]: _time, ...own } = headers ?? {};
  return Object.keys(own).length === 0 ? content : { ...content, headers: own };
}

/** As every server takes it in a header: bytes that it may not take are written as in a URL. */
function lineOf(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (other) => Buffer.from(other).toString('hex').replaceAll(/../g, '%$&'));
}
