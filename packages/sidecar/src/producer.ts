import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import { producerOf, type MessageProducer, type MessagingConnection, type ProduceMessage } from './contract.js';

const Config = z.strictObject({
  /** Messages under way to the server at most. */
  concurrency: z.int().min(1).default(512),
  /** Messages that wait for their turn at most; beyond that senders wait or are refused. */
  capacity: z.int().min(1).default(256),
});

/** So many connections in a row may end at the same message before it is given up. */
const MOST_CUTS = 6;

/** A message that was accepted and is not yet on the server. */
interface Job {
  readonly message: ProduceMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Connections that ended while it was first in line and had nothing acknowledged. */
  cuts: number;
}

/** One connection; a new one for each connect, even if the connector gives the same value again. */
interface Link {
  readonly producer: MessageProducer;
  acknowledged: boolean;
}

/**
 * The block `producer`: puts messages on the server, at least once, in the order in which it accepted them. While the server is away
 * they wait for it, until the landing: then there is no connection to come, and those left fail, so that the report
 * counts them. A message that the server refuses fails alone; so does one at which it cuts the connection, time and again.
 */
export const producerBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'producer',
  config: Config,
  make: ({ concurrency, capacity }, _to, ctx) => {
    /** In the order of acceptance: a set keeps it. */
    const open = new Set<Job>();
    let link: Link | undefined;

    const failAll = (): void => {
      for (const job of open) end(job, undelivered(job.message));
    };
    const end = (job: Job, error?: unknown): void => {
      open.delete(job);
      if (error === undefined) job.resolve();
      else job.reject(error);
    };
    const attempt = async (job: Job, over: Link): Promise<void> => {
      try {
        await over.producer.produce(job.message);
        over.acknowledged = true;
        end(job);
      } catch (error) {
        if (!isLoss(error)) return end(job, error);
        // its turn comes again with the next connection, unless it has come already
        if (link === over) link = undefined;
        const [first] = open;
        if (job === first && !over.acknowledged && ++job.cuts === MOST_CUTS) end(job, givenUp(job.message, error));
        else if (ctx.landing.aborted && link === undefined) end(job, undelivered(job.message, error));
      }
    };

    return {
      mailbox: { concurrency, capacity },
      init() {
        ctx.landing.addEventListener('abort', () => link === undefined && failAll(), { once: true });
        ctx.signal.addEventListener('abort', failAll, { once: true });
      },
      onMsg(message: ProduceMessage): Promise<void> {
        checkMessage(message);
        if (link === undefined && ctx.landing.aborted) throw undelivered(message);
        return new Promise((resolve, reject) => {
          const job = { message, resolve, reject, cuts: 0 };
          open.add(job);
          if (link !== undefined) void attempt(job, link);
        });
      },
      onServerConnect(connection: MessagingConnection) {
        const next: Link = { producer: producerOf(connection), acknowledged: false };
        link = next;
        for (const job of open) if (link === next) void attempt(job, next);
      },
      onServerDisconnect() {
        link = undefined;
      },
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
    };
  },
});

/** The connection ended, or the connector gave up: to the core an AbortError at landing would be no failure (F3). */
function isLoss(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || (error instanceof SputnikError && error.code === 'CONNECTION_LOST'))
  );
}

function undelivered({ target }: ProduceMessage, cause?: unknown): SputnikError {
  const text = `the satellite lands and the server is away: the message for "${target}" was not delivered`;
  return new SputnikError('CONNECTION_LOST', text, { cause });
}

/** A server that cuts the connection at a message, as MQTT servers do at one that is too large, would do so for ever. */
function givenUp({ target, payload }: ProduceMessage, cause: unknown): SputnikError {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const text = `given up: ${MOST_CUTS} connections in a row ended at the message for "${target}" (${size} bytes); look into the server's log, and at its limit for the size of messages`;
  return new SputnikError('CONNECTION_LOST', text, { cause });
}

/** Senders that know the block by a plain string may send anything. */
function checkMessage({ target, payload }: Partial<Record<keyof ProduceMessage, unknown>>): void {
  if (typeof target !== 'string' || target === '') {
    throw new SputnikError('UNKNOWN_MESSAGE', 'a message to produce needs a target: text that is not empty');
  }
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new SputnikError(
      'UNKNOWN_MESSAGE',
      `the message for "${target}" needs a payload: text or bytes (Uint8Array)`,
    );
  }
}
