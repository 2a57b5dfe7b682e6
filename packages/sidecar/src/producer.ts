import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import { producerOf, type MessageProducer, type MessagingConnection, type ProduceMessage } from './contract.js';

const Config = z.strictObject({
  /** Messages under way to the server at most. */
  concurrency: z.int().min(1).default(1024),
  /** Messages that wait for their turn at most; beyond that senders wait or are refused. */
  capacity: z.int().min(1).default(4096),
});

/** A message that was accepted and is not yet on the server. */
interface Job {
  readonly message: ProduceMessage;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** One connection; a new one for each connect, even if the connector gives the same value again. */
interface Link {
  readonly producer: MessageProducer;
}

/**
 * The block `producer`: puts messages on the server, at least once, in the order in which it accepted them. While the server is away
 * they wait for it, until the landing: then there is no connection to come, and those left fail, so that the report
 * counts them. A message that the server refuses fails alone.
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
        end(job);
      } catch (error) {
        if (!isLoss(error)) return end(job, error);
        // its turn comes again with the next connection, unless it has come already
        if (link === over) link = undefined;
        if (ctx.landing.aborted && link === undefined) end(job, undelivered(job.message, error));
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
          const job = { message, resolve, reject };
          open.add(job);
          if (link !== undefined) void attempt(job, link);
        });
      },
      onServerConnect(connection: MessagingConnection) {
        const next: Link = { producer: producerOf(connection) };
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
