import { checkMessage } from '@sputnikjs/messaging';
import { revived } from './deliver/dead-letters.js';
import { messageIn } from './line.js';
import type { Content, Kept } from './store/record.js';
import type { Store } from './store/store.js';

/** Messages that are moved at a time, and characters of their lines. */
const [SOME, SOME_LENGTH] = [1_024, 8_388_608] as const;

/** What is changed. */
export interface ChangesParts {
  readonly dead: Store;
  /** Resolves when the message is on the disk, behind those that are kept. */
  readonly accept: (content: Content) => Promise<void>;
}

/**
 * What somebody may change of a spool by hand. Each change resolves with how many messages it was. Those of dead letters follow one another.
 */
export class Changes {
  readonly #parts: ChangesParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: ChangesParts) {
    this.#parts = parts;
  }

  /** Puts the dead letters back, behind the messages that are kept: they are sent again, to their own targets. */
  retry(): Promise<number> {
    return this.#inTurn(() => this.#eachDead(({ content }) => this.#parts.accept(revived(content))));
  }

  /** Forgets the dead letters. */
  drop(): Promise<number> {
    return this.#inTurn(() => this.#eachDead(async () => {}));
  }

  /** Takes messages from lines of JSON, as `export` writes them. Rejects at the first that cannot be taken, and says how many were. */
  import(lines: AsyncIterable<string>): Promise<number> {
    // guard: whoever imports slowly keeps nobody from the dead letters
    return this.#import(lines);
  }

  #inTurn(change: () => Promise<number>): Promise<number> {
    const changed = this.#last.then(change);
    this.#last = changed.catch(() => {});
    return changed;
  }

  /** Those that are there now: what is refused again meanwhile is left. Each is gone when the work on it is done. */
  async #eachDead(work: (kept: Kept) => Promise<void>): Promise<number> {
    const { dead } = this.#parts;
    let left = dead.kept;
    let count = 0;
    dead.rewind();
    try {
      while (left > 0) {
        const some = (await dead.take(Math.min(SOME, left))).filter(({ sequence }) => !dead.isAcknowledged(sequence));
        if (some.length === 0) break;
        left -= some.length;
        const settled = await Promise.allSettled(some.map(work));
        for (const [index, { status }] of settled.entries()) {
          if (status === 'rejected') continue;
          dead.acknowledge(some[index]?.sequence ?? 0);
          count++;
        }
        const failed = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
        if (failed !== undefined) throw stopped(`dead letters stay, because ${textOf(failed.reason)}`, count);
      }
    } finally {
      await dead.save();
    }
    return count;
  }

  async #import(lines: AsyncIterable<string>): Promise<number> {
    let number = 0;
    let count = 0;
    let problem: string | undefined;
    let underWay: Promise<void>[] = [];
    let length = 0;
    try {
      for await (const line of lines) {
        const at = ++number;
        const taking = this.#take(line).then(
          () => void count++,
          (error: unknown) => void (problem ??= `line ${at}: ${textOf(error)}`),
        );
        underWay.push(taking);
        length += line.length;
        // guard: what is imported does not fill the memory
        if (underWay.length < SOME && length < SOME_LENGTH) continue;
        await Promise.all(underWay.splice(0));
        length = 0;
        if (problem !== undefined) break;
      }
    } catch (error) {
      problem ??= textOf(error);
    }
    await Promise.all(underWay);
    if (problem !== undefined) throw stopped(problem, count);
    return count;
  }

  async #take(line: string): Promise<void> {
    const message = messageIn(line);
    checkMessage(message);
    await this.#parts.accept(message);
  }
}

function stopped(problem: string, count: number): Error {
  return new Error(`${problem}; ${count} messages were taken`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
