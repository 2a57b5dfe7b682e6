import type { ConsumedMessage, MessageHandler } from '../contract.js';

/**
 * Calls a handler for messages, and counts those under way. It sets no limit: the server bounds how many it sends.
 *
 * @example
 * import { Handlers } from '@sputnikjs/messaging/connector';
 * const handlers = new Handlers(async ({ payload }) => {
 *   if (payload.length === 0) throw new Error('there is nothing in it');
 * });
 * const message = { source: 'news', payload: Buffer.from(''), redelivered: false };
 * void handlers.handle(message, (error) => console.log(String(error))); // Error: there is nothing in it
 * await handlers.idle();
 */
export class Handlers {
  readonly #handler: MessageHandler;
  #underWay = 0;
  #idle: (() => void)[] = [];

  constructor(handler: MessageHandler) {
    this.#handler = handler;
  }

  /** Number of messages that are being handled. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Handles a message, then calls `done`, which acknowledges it. If the handler rejected or threw, `done` gets the error, and has the server
   * deliver the message again. Never rejects: if `done` fails, for example since the connection ended, the message is not acknowledged, and the
   * server delivers it again. If a failure needs more than that, such as a log line or the end of the connection, `done` does it.
   */
  async handle(message: ConsumedMessage, done: (error?: unknown) => void | Promise<void>): Promise<void> {
    this.#underWay++;
    let failure: unknown;
    try {
      await this.#handler(message);
    } catch (error) {
      failure = error ?? new Error('the handler rejected');
    }
    try {
      await done(failure);
    } catch {
      // see above
    }
    this.#underWay--;
    if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when no message is under way: each is handled, and its `done` has settled. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}
