import { ConfigFolder } from '../folder/config-folder.js';
import type { Reader } from '../folder/reader.js';
import type { DestinationOf } from '../satellite/level.js';
import { answerTo, OpenCalls } from './calls.js';
import { Inbox } from '../remote/inbox.js';
import { Link, receive } from '../remote/link.js';
import type { Outbox } from '../remote/outbox.js';
import { Thread, type ThreadOptions } from './thread.js';
import type { Calls, Item, Traffic } from '../remote/wire.js';

/** What a session is started with. */
export interface SessionOptions extends Omit<ThreadOptions, 'onFrame' | 'onDeath'> {
  readonly outbox: Outbox;
  readonly destinationOf: DestinationOf;
  /** How to read its folders, if the thread cannot read them itself. */
  readonly dialect: ((folder: Reader) => Reader) | undefined;
  /** Takes all other items: those that are not messages, calls, or their outcomes. */
  readonly take: (item: Item) => void;
  readonly died: (error: Error) => void;
}

/** A thread, and all traffic between it and this one. */
export class Session {
  readonly link: Link;
  readonly #inbox: Inbox;
  readonly #calls = new OpenCalls();
  readonly #thread: Thread;
  readonly #options: SessionOptions;
  /** The traffic when it was last idle. */
  #idle: Traffic | undefined;

  constructor(options: SessionOptions) {
    const { outbox, destinationOf, died } = options;
    this.#options = options;
    this.#thread = new Thread({
      ...options,
      onFrame: (frame) =>
        receive(frame, {
          way: (id, way) => this.#inbox.way(id, way),
          message: (message) => this.#inbox.take(message),
          answer: (number, value) => outbox.answer(number, value),
          take: (item) => this.#take(item),
          settled: (first, last) => outbox.settled(first, last),
        }),
      onDeath: (error) => {
        this.#calls.end(error);
        died(error);
      },
    });
    this.link = new Link(this.#thread, (number, error) => outbox.failed(number, error));
    this.#inbox = new Inbox(destinationOf, this.link);
  }

  /** Calls a function in the thread. Rejects when the thread ends. */
  call<K extends keyof Calls>(name: K, ...args: Calls[K]): Promise<unknown> {
    return this.#calls.call(
      (id) => ['call', id, name, args],
      (item) => this.link.post(item),
    );
  }

  /** True if no message has passed since it was last idle. */
  get isIdle(): boolean {
    return this.#idle?.received === this.link.messages && this.#idle.sent === this.#inbox.taken;
  }

  /** Resolves when it is idle again. */
  async idle(): Promise<void> {
    this.#idle = (await this.call('idle')) as Traffic;
  }

  /** The share of time in which its event loop was busy lately. */
  get utilization(): number {
    return this.#thread.utilization;
  }

  /** How many messages are lost if the thread ends now: those that only it holds, and those that have not arrived here. */
  get lost(): number {
    const { held, sent } = this.#thread.counts;
    return held + Math.max(0, sent - this.#inbox.taken);
  }

  async end(): Promise<void> {
    await this.#thread.end();
    this.#calls.end(new Error('the thread has ended'));
  }

  #take(item: Item): void {
    if (this.#options.outbox.take(item)) return;
    switch (item[0]) {
      case 'returned':
      case 'threw':
        return this.#calls.take(item);
      case 'read':
        return void this.#read(item);
      default:
        return this.#options.take(item);
    }
  }

  async #read([, id, folder, name]: Extract<Item, readonly ['read', ...unknown[]]>): Promise<void> {
    const { dialect } = this.#options;
    this.link.post(
      await answerTo(id, async () => {
        const own = await ConfigFolder.open(folder);
        return await (dialect?.(own) ?? own).read(name);
      }),
    );
  }
}
