import type { ConsumedMessage, MessageReplayer } from '@sputnikjs/messaging';
import { cannotResume } from '@sputnikjs/messaging/connector';
import { checkKey } from './entry.js';
import type { RedisLink } from './link.js';
import { gone, readFrom, Replay } from './replay.js';

const MOST = 2n ** 64n;

/** Reads what streams keep, each time over a connection of its own. */
export class RedisReplayer implements MessageReplayer {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Streams keep everything until they are trimmed. */
  async keeps(source: string): Promise<boolean> {
    checkKey(source);
    return true;
  }

  async replay(source: string, after: string, signal: AbortSignal): Promise<AsyncIterable<ConsumedMessage>> {
    checkKey(source);
    if (!isId(after)) throw cannotResume(source, after, 'no entry of a stream has such an id');
    const [found] = await readFrom(this.#link, this.#link, source, after, 1);
    // guard: nobody resumes after an entry that is not there
    if (found?.[0] !== after) throw gone(source, after);
    return new Replay(this.#link, await this.#link.openReader(), source, after, signal);
  }
}

/** Two numbers as the server writes them, without zeros before them. */
function isId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,19})-(?:0|[1-9]\d{0,19})$/.test(text) && text.split('-').every((part) => BigInt(part) < MOST);
}
