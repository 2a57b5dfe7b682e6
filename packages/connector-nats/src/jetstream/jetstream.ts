import { jetstreamManager, JetStreamApiError, type ApiError, type JetStreamManager } from '@nats-io/jetstream';
import { RequestError, TimeoutError } from '@nats-io/transport-node';
import type { NatsLink } from '../link/link.js';

const OWN_PREFIX = '$JS.API';
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
/** How long JetStream may take to answer, in milliseconds: as long as the library gives it. */
const ANSWER_MS = 5_000;

/** What JetStream answers who asks for the names of streams. */
interface Names {
  readonly error?: ApiError;
  readonly streams?: unknown;
}

/** Asks JetStream about streams and consumers, over one link. */
export class JetStream {
  readonly link: NatsLink;
  /** What the subjects begin with that its questions go to. */
  readonly prefix: string;
  readonly #manager: Promise<JetStreamManager>;

  /** That of another domain than the server's own is asked through the server, as leaf nodes do. */
  constructor(link: NatsLink, domain?: string) {
    this.link = link;
    this.prefix = domain === undefined ? OWN_PREFIX : `$JS.${domain}.API`;
    this.#manager = jetstreamManager(link.nats, { checkAPI: false, apiPrefix: this.prefix });
  }

  /** True if it is that of another domain. */
  get isElsewhere(): boolean {
    return this.prefix !== OWN_PREFIX;
  }

  /** Rejects with what JetStream says, or, if it does not answer in time, with that. */
  async ask<T>(question: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const { link } = this;
    try {
      return await link.during(question(await this.#manager));
    } catch (error) {
      if (link.over !== undefined) throw link.over;
      if (error instanceof TimeoutError) throw new Error('JetStream does not answer', { cause: error });
      if (!isNotEnabled(error)) throw error;
      const where = this.isElsewhere ? `JetStream at ${this.prefix}; is "domain" right?` : 'JetStream';
      const advice = 'turn it on (nats-server -js), or set "jetstream": false for core NATS';
      throw new Error(`the server has no ${where}; ${advice}`, { cause: error });
    }
  }

  /**
   * The names of streams on the server that have a subject, or some of those that it stands for; of more than a thousand the first ones. The
   * library prints answers that it does not know, and asks for the next page as long as the server says that there is one.
   */
  namesFor(subject: string): Promise<readonly string[]> {
    return this.ask(async () => {
      const question = JSON.stringify({ subject });
      const { nats } = this.link;
      const reply = await nats.request(`${this.prefix}.STREAM.NAMES`, question, { timeout: ANSWER_MS });
      const { error, streams } = reply.json<Names>();
      if (error) throw new JetStreamApiError(error);
      return Array.isArray(streams) ? streams.map(String) : [];
    });
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

/** True if nobody has answered, who may be there again later. */
export function hasNoAnswer({ cause }: Error): boolean {
  return cause instanceof TimeoutError || isNotEnabled(cause);
}

function isNotEnabled(error: unknown): boolean {
  const { name } = Object(error) as Partial<Error>;
  return name === 'JetStreamNotEnabled' || (error instanceof RequestError && error.isNoResponders());
}

/** The server's err_code, if it is that which refuses. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined;
}
