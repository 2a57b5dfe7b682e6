import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import {
  PRODUCER,
  producerOf,
  type MessageProducer,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
} from './contract.js';
import { hasCode } from './has-code.js';
import { weightOf } from './weight.js';

const Config = z.strictObject({
  concurrency: z.int().min(1).default(512).describe('Most messages under way to the server.'),
  capacity: z.int().min(1).default(256).describe('Most messages that wait; beyond that, senders wait, or are refused.'),
  maxHeldBytes: z
    .int()
    .min(1)
    .default(33_554_432)
    .describe('Most bytes of all messages, waiting or under way. A larger one is accepted when there is no other.'),
});

/** A message is given up when so many connections ended after it was sent alone. */
const MOST_CUTS = 3;
/** Delay from one try at a full server to the next, in milliseconds: doubles each time, from the first value to the second. */
const ROOM_MS = [100, 2_000] as const;

/** A message that the block accepted and the server does not have yet. */
interface Job {
  readonly message: ProduceMessage;
  readonly resolve: (result: ProduceResult | void) => void;
  readonly reject: (error: unknown) => void;
  /** Number of connections that ended after only this message was sent. */
  cuts: number;
  /** The last connection over which it was sent. */
  sentOver: Connected | undefined;
  /** The connection over which it is under way as a suspect. */
  triedOver: Connected | undefined;
  /** True while it waits for room, or behind others that do. */
  waits: boolean;
}

/** One connection; a new object for each connect, even if the connector returns the same value again. */
interface Connected {
  readonly producer: MessageProducer;
  sent: number;
  /** Number of suspects under way, and how many may be. */
  tried: number;
  window: number;
}

/**
 * The block `producer`: sends messages to the server, at least once, in the order in which it accepted them. While the server is away, messages
 * wait, except those that nobody wants any more (`isWanted`). In a landing without a connection they fail, and the report counts them. While the
 * server has no room for a target, its messages wait or are refused at once (`whenFull`). A message that the server refuses for good fails
 * alone. So that a message at which the server cuts the connection fails alone, too, messages under way at a cut are sent again one at a
 * time at first, then more at once.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { PRODUCER, producerBlock, type MessagingConnection } from '@sputnikjs/messaging';
 * import { testFlight } from '@sputnikjs/testkit';
 * test('what is asked for is on the server', async () => {
 *   const sent: unknown[] = [];
 *   const producer: MessagingConnection['producer'] = { produce: async (message) => void sent.push(message) };
 *   const consumer: MessagingConnection['consumer'] = { consume: async () => ({ stop: async () => {} }) };
 *   const flight = await testFlight({ blocks: { producer: producerBlock }, connection: { producer, consumer } });
 *   await flight.to(PRODUCER).ask({ target: 'news', payload: 'hello' });
 *   assert.deepEqual(sent, [{ target: 'news', payload: 'hello' }]);
 * });
 */
export const producerBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'producer',
  address: PRODUCER,
  config: Config,
  make: ({ concurrency, capacity, maxHeldBytes }, _to, ctx) => {
    /** Messages not on the server, in the order of acceptance. */
    const open = new Set<Job>();
    let link: Connected | undefined;
    /** Messages that were under way when a connection ended: one may be the reason. They go first, few at a time. */
    const suspects = new Set<Job>();
    /** Targets that the server has no room for, each with the message that tries again, and the last refusal. */
    const full = new Map<string, { probe: Job | undefined; readonly refusal: unknown }>();
    let pauseMs: number = ROOM_MS[0];
    let cancelTry: (() => void) | undefined;

    const failAll = (): void => {
      cancelTry?.();
      for (const job of open) end(job, undelivered(job.message, full.get(job.message.target)?.refusal));
    };
    const end = (job: Job, error: unknown): void => {
      open.delete(job);
      suspects.delete(job);
      job.reject(error);
    };
    const attempt = async (job: Job, over: Connected): Promise<void> => {
      const { target } = job.message;
      job.waits = false;
      job.sentOver = over;
      over.sent++;
      try {
        const result = await over.producer.produce(job.message);
        open.delete(job);
        job.resolve(result);
        cleared(job, over);
        if (full.get(target)?.probe === job) goOn(target, over);
      } catch (error) {
        // guard: what may not wait for room is refused at once
        if (hasCode(error, 'SERVER_FULL') && job.message.whenFull !== 'reject') {
          wait(job, over, error);
          return cleared(job, over);
        }
        const place = full.get(target);
        // guard: what the server did not take is tried again
        if (!isLoss(error)) {
          cleared(job, over);
          end(job, error);
          // it says nothing about room: another has to try
          if (place?.probe === job) place.probe = undefined;
          return;
        }
        // its turn comes again with the next connection, unless it has come already
        if (link === over) link = undefined;
        if (over.sent === 1 && ++job.cuts === MOST_CUTS) end(job, givenUp(job.message, error));
        else if (ctx.landing.aborted && link === undefined) failWith(job, error);
      }
    };
    /** The connection survived this suspect: twice as many may go next. */
    const cleared = (job: Job, over: Connected): void => {
      suspects.delete(job);
      if (job.triedOver !== over) return;
      job.triedOver = undefined;
      over.tried--;
      over.window *= 2;
      if (link === over) sendOn(over);
    };
    /** Sends suspects first; when there are none left, the messages that were not sent yet. */
    const sendOn = (over: Connected): void => {
      // guard: messages are sent in order
      for (const job of suspects) {
        if (over.tried >= over.window) return;
        if (job.sentOver === over) continue;
        over.tried++;
        job.triedOver = over;
        void attempt(job, over);
      }
      if (suspects.size > 0) return;
      for (const job of open)
        if (link === over && job.sentOver !== over && !full.has(job.message.target)) void attempt(job, over);
    };
    /** Ends the messages that nobody wants any more. */
    const forget = (): void => {
      for (const job of open) if (job.message.isWanted?.() === false) end(job, forgotten(job.message));
    };
    /** There will be no more connection: this message fails, and so do those that wait for room. */
    const failWith = (job: Job, cause: unknown): void => {
      end(job, undelivered(job.message, cause));
      for (const other of open) if (other.waits) end(other, undelivered(other.message, cause));
    };

    /** The server has no room for a message: it keeps its place, and later ones for the same target wait behind it. */
    const wait = (job: Job, over: Connected, refusal: unknown): void => {
      if (link !== over) return void (ctx.landing.aborted && link === undefined && failWith(job, refusal));
      job.waits = true;
      const { target } = job.message;
      const place = full.get(target);
      if (place === undefined) {
        full.set(target, { probe: undefined, refusal });
        const text = `the server has no room for "${target}"; messages wait, and senders are slowed down`;
        ctx.log.warn({ event: 'serverFull', target, error: refusal }, text);
      } else if (place.probe === job) place.probe = undefined;
      // guard: what a full server refuses is tried again
      cancelTry ??= ctx.clock.after(pauseMs, tryAgain);
    };
    /** For each full target, the message that has waited longest tries again. */
    const tryAgain = (): void => {
      cancelTry = undefined;
      pauseMs = Math.min(2 * pauseMs, ROOM_MS[1]);
      if (link === undefined) return;
      for (const job of open) {
        const place = full.get(job.message.target);
        if (!job.waits || place === undefined || place.probe !== undefined) continue;
        place.probe = job;
        void attempt(job, link);
      }
      if (full.size > 0) cancelTry = ctx.clock.after(pauseMs, tryAgain);
    };
    const goOn = (target: string, over: Connected): void => {
      full.delete(target);
      pauseMs = ROOM_MS[0];
      ctx.log.info({ event: 'serverHasRoom', target }, `the server has room for "${target}" again`);
      for (const job of open) {
        if (link !== over || full.has(target)) return;
        if (job.waits && job.message.target === target) void attempt(job, over);
      }
    };
    const forgetFull = (): void => {
      full.clear();
      pauseMs = ROOM_MS[0];
      cancelTry?.();
      cancelTry = undefined;
    };

    return {
      // guard: what the producer holds is bounded in bytes
      mailbox: { concurrency, capacity, weigh: weightOf, maxWeight: maxHeldBytes },
      init() {
        // guard: what cannot be delivered at landing fails
        ctx.landing.addEventListener('abort', () => link === undefined && failAll(), { once: true });
        ctx.signal.addEventListener('abort', failAll, { once: true });
      },
      onMsg(message) {
        checkMessage(message);
        if (link === undefined && ctx.landing.aborted) throw undelivered(message);
        return new Promise((resolve, reject) => {
          // guard: messages wait behind those for the same full target
          const waits = full.has(message.target) && message.whenFull !== 'reject';
          const job: Job = { message, resolve, reject, cuts: 0, sentOver: undefined, triedOver: undefined, waits };
          open.add(job);
          if (link !== undefined && !waits && suspects.size === 0) void attempt(job, link);
        });
      },
      onServerConnect(connection: MessagingConnection) {
        link = { producer: producerOf(connection), sent: 0, tried: 0, window: 1 };
        forgetFull();
        forget();
        suspects.clear();
        for (const job of open) if (job.sentOver !== undefined) suspects.add(job);
        sendOn(link);
      },
      onServerDisconnect() {
        link = undefined;
        forgetFull();
      },
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
    };
  },
});

/** True if the connection ended or the connector gave up. Not left as AbortError: in a landing the core takes that for no failure (F3). */
function isLoss(error: unknown): boolean {
  return hasCode(error, 'CONNECTION_LOST') || (error instanceof Error && error.name === 'AbortError');
}

/** `cause` is a lost connection, or a server without room. */
function undelivered({ target }: ProduceMessage, cause?: unknown): SputnikError {
  const isFull = hasCode(cause, 'SERVER_FULL');
  const state = isFull ? 'has no room' : 'is away';
  const text = `the satellite landed while the server ${state}: the message for "${target}" was not delivered`;
  return new SputnikError(isFull ? 'SERVER_FULL' : 'CONNECTION_LOST', text, { cause });
}

function forgotten({ target }: ProduceMessage): SputnikError {
  const text = `the connection ended, and nobody waits for the message for "${target}" any more: it is not sent again`;
  return new SputnikError('CONNECTION_LOST', text);
}

/** Some servers cut the connection at a message, as MQTT servers do if it is too large; they would do so again and again. */
function givenUp({ target, payload }: ProduceMessage, cause: unknown): SputnikError {
  const size = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const text = `gave up on the message for "${target}" (${size} bytes): ${MOST_CUTS} connections ended when nothing else had been sent; check the server's log, and its limit for message size`;
  return new SputnikError('CONNECTION_LOST', text, { cause });
}

/** Senders that know the block by a plain string may send anything. */
function checkMessage({ target, payload }: Partial<Record<keyof ProduceMessage, unknown>>): void {
  if (typeof target !== 'string' || target === '') {
    throw new SputnikError('UNKNOWN_MESSAGE', 'a message to produce needs a target: non-empty text');
  }
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new SputnikError(
      'UNKNOWN_MESSAGE',
      `the message for "${target}" needs a payload: text or bytes (Uint8Array)`,
    );
  }
}
