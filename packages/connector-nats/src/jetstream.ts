import { jetstreamManager, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { TimeoutError } from '@nats-io/transport-node';
import type { Link } from './link.js';

/** The server's err_code while a cluster has no leader. */
const UNAVAILABLE = 10008;
export const STREAM_NOT_FOUND = 10059;
export const CONSUMER_NOT_FOUND = 10014;

/** Asks JetStream about streams and consumers, over one link. */
export class JetStream {
  readonly link: Link;
  readonly #manager: Promise<JetStreamManager>;

  constructor(link: Link) {
    this.link = link;
    this.#manager = jetstreamManager(link.nats, { checkAPI: false });
  }

  /** Rejects with what JetStream says. If it does not answer in time, the link ends: another may find it better. */
  async ask<T>(question: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const { link } = this;
    try {
      return await link.during(question(await this.#manager));
    } catch (error) {
      if (error instanceof TimeoutError || codeOf(error) === UNAVAILABLE)
        link.end(new Error('JetStream does not answer', { cause: error }));
      if (link.over !== undefined) throw link.over;
      if ((error as Error).name !== 'JetStreamNotEnabled') throw error;
      const advice = 'turn it on there (nats-server -js), or set "jetstream": false for core NATS';
      throw new Error(`the server has no JetStream; ${advice}`, { cause: error });
    }
  }

  /** The answer, or undefined if there is nothing of that kind. */
  async find<T>(question: (manager: JetStreamManager) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.ask(question);
    } catch (error) {
      const code = codeOf(error);
      if (code === STREAM_NOT_FOUND || code === CONSUMER_NOT_FOUND) return undefined;
      throw error;
    }
  }
}

/** The server's err_code, if it is that which refuses. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}
