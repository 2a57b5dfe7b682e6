import type { ConsumedMessage, MessageHandler } from '../contract.js';

/**
 * Has a handler handle messages, and keeps count of those under way. The server bounds how many it sends.
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

  /** How many messages are being handled. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Has a message handled; then `done` acknowledges it, or, given the error that the handler rejected with or threw, has the server
   * deliver it again. Never rejects: when `done` fails the message is not acknowledged, as when the connection ends meanwhile, and
   * the server delivers it again in time. A `done` with more to tell, or a connection to end for it, does so itself.
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

  /** Resolves when no message is under way: all are handled, and `done` has settled for each. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}
