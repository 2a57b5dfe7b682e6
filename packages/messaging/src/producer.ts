import { defineBlock, Line, SputnikError, type BlockDefinition, type LineNode } from '@sputnikjs/core';
import { z } from 'zod';
import {
  PRODUCER,
  producerOf,
  type MessageProducer,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
  type Production,
} from './contract.js';
import { checkMessage } from './check-message.js';
import { hasCode } from './has-code.js';
import { MessageSpans, type Sending } from './traces/index.js';
import { givenUp, lostUnderWay, undelivered } from './undelivered.js';
import { weightOf } from './weight.js';

const Config = z.strictObject({
  concurrency: z.int().min(1).default(512).describe('Most messages under way to the server.'),
  capacity: z.int().min(1).default(256).describe('Most messages that wait. Beyond that, senders wait or are rejected.'),
  maxHeldBytes: z
    .int()
    .min(1)
    .default(33_554_432)
    .describe(
      'Most bytes of all messages, waiting or under way. A larger message is accepted if there is no other. Messages go in small batches, and count until the last of their batch is on the server.',
    ),
});

/** A message is given up when so many connections ended after it was sent alone. */
const MOST_CUTS = 3;
/** Delay from one try at a full server to the next, in milliseconds: doubles each time, from the first value to the second. */
const ROOM_MS = [100, 2_000] as const;

/** `onMsgs` calls under way, so many if `concurrency` allows for it: few messages wait for others of their batch. */
const CALLS = 64;

/** What became of a message. */
type Outcome = ProduceResult | Error | void;

/** The end of an `onMsgs` call: when it has come for all messages of the batch. */
class Call {
  readonly ended: Promise<void>;
  #left: number;
  #end!: () => void;

  constructor(messages: number) {
    this.#left = messages;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  messageEnded(): void {
    if (--this.#left === 0) this.#end();
  }
}

/** A message that the block accepted and the server does not have yet. */
interface Job extends LineNode {
  readonly message: ProduceMessage;
  readonly mail: Sending;
  readonly call: Call;
  /** Number of connections that ended after only this message was sent. */
  cuts: number;
  /** The last connection over which it was sent. */
  sentOver: Connected | undefined;
  /** The connection over which it is under way as a suspect. */
  triedOver: Connected | undefined;
  /** True while it waits for room, or behind others that do. */
  waits: boolean;
}

/** One way of a message to the server. An object with a method, since a closure for each message costs three times the memory. */
class Attempt implements Production {
  readonly #job: Job;
  readonly #over: Connected;
  readonly #settled: (job: Job, over: Connected, outcome: Outcome) => void;

  constructor(job: Job, over: Connected, settled: (job: Job, over: Connected, outcome: Outcome) => void) {
    this.#job = job;
    this.#over = over;
    this.#settled = settled;
  }

  get message(): ProduceMessage {
    return this.#job.message;
  }

  settle(outcome?: Outcome): void {
    this.#settled(this.#job, this.#over, outcome);
  }
}

/** One connection; a new object for each connect, even if the connector returns the same value again. */
interface Connected {
  readonly submit: (production: Production) => void;
  sent: number;
  /** Number of suspects under way, and how many may be. */
  tried: number;
  window: number;
}

/**
 * The block `producer`: sends messages to the server, at least once, in the order in which it accepted them. While the server is away, messages
 * wait, or are refused at once (`whenAway`). In a landing without a connection they fail, and the report counts them. While the
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
    const open = new Line<Job>();
    /** A copy: those that are met may end meanwhile. */
    const held = (): readonly Job[] => [...open];
    let link: Connected | undefined;
    /** Messages that were under way when a connection ended: one may be the reason. They go first, few at a time. */
    const suspects = new Set<Job>();
    /** Targets that the server has no room for, each with the message that tries again, and the last refusal. */
    const full = new Map<string, { probe: Job | undefined; readonly refusal: unknown }>();
    let pauseMs: number = ROOM_MS[0];
    let cancelTry: (() => void) | undefined;
    const spans = new MessageSpans();

    const failAll = (): void => {
      cancelTry?.();
      for (const job of held()) end(job, undelivered(job.message, full.get(job.message.target)?.refusal));
    };
    /** The server has the message, or it fails. What comes after that is too late. */
    const end = (job: Job, outcome: Outcome): void => {
      suspects.delete(job);
      if (!open.leave(job)) return;
      if (outcome instanceof Error) job.mail.fail(outcome);
      else job.mail.reply(outcome);
      job.call.messageEnded();
    };
    const attempt = (job: Job, over: Connected): void => {
      // it may have ended while those before it were sent
      if (job.line === undefined) return;
      job.waits = false;
      job.sentOver = over;
      over.sent++;
      over.submit(new Attempt(job, over, settled));
    };
    const settled = (job: Job, over: Connected, outcome: Outcome): void => {
      const place = full.get(job.message.target);
      if (!(outcome instanceof Error)) {
        end(job, outcome);
        cleared(job, over);
        if (place?.probe === job) goOn(job.message.target, over);
        return;
      }
      // guard: what may not wait for room is refused at once
      if (hasCode(outcome, 'SERVER_FULL') && job.message.whenFull !== 'reject') {
        wait(job, over, outcome);
        return cleared(job, over);
      }
      // guard: what the server did not take is tried again
      if (!isLoss(outcome)) {
        cleared(job, over);
        end(job, outcome);
        // it says nothing about room: another has to try
        if (place?.probe === job) place.probe = undefined;
        return;
      }
      // its turn comes again with the next connection, unless it has come already
      if (link === over) link = undefined;
      if (over.sent === 1 && ++job.cuts === MOST_CUTS) end(job, givenUp(job.message, MOST_CUTS, outcome));
      else if (ctx.landing.aborted && link === undefined) failWith(job, outcome);
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
        attempt(job, over);
      }
      if (suspects.size > 0) return;
      for (const job of held())
        if (link === over && job.sentOver !== over && !full.has(job.message.target)) attempt(job, over);
    };
    /** There will be no more connection: this message fails, and so do those that wait for room. */
    const failWith = (job: Job, cause: unknown): void => {
      end(job, undelivered(job.message, cause));
      for (const other of held()) if (other.waits) end(other, undelivered(other.message, cause));
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
      for (const job of held()) {
        const place = full.get(job.message.target);
        if (!job.waits || place === undefined || place.probe !== undefined) continue;
        place.probe = job;
        attempt(job, link);
      }
      if (full.size > 0) cancelTry = ctx.clock.after(pauseMs, tryAgain);
    };
    const goOn = (target: string, over: Connected): void => {
      full.delete(target);
      pauseMs = ROOM_MS[0];
      ctx.log.info({ event: 'serverHasRoom', target }, `the server has room for "${target}" again`);
      for (const job of held()) {
        if (link !== over || full.has(target)) return;
        if (job.waits && job.message.target === target) attempt(job, over);
      }
    };
    const forgetFull = (): void => {
      full.clear();
      pauseMs = ROOM_MS[0];
      cancelTry?.();
      cancelTry = undefined;
    };

    const accept = (asked: Sending, call: Call): void => {
      let mail: Sending;
      try {
        checkMessage(asked.msg);
        if (link === undefined && ctx.landing.aborted) throw undelivered(asked.msg);
        // guard: what may not wait for the server is refused while it is away
        if (link === undefined && asked.msg.whenAway === 'reject') throw new SputnikError('SERVER_AWAY');
        mail = spans.sending(asked);
      } catch (error) {
        asked.fail(error);
        return call.messageEnded();
      }
      const message = mail.msg;
      // guard: messages wait behind those for the same full target
      const waits = full.has(message.target) && message.whenFull !== 'reject';
      const job: Job = {
        message,
        mail,
        call,
        cuts: 0,
        sentOver: undefined,
        triedOver: undefined,
        waits,
        before: undefined,
        after: undefined,
        line: undefined,
      };
      open.join(job);
      if (link !== undefined && !waits && suspects.size === 0) attempt(job, link);
    };

    const batch = Math.max(1, Math.floor(concurrency / CALLS));
    return {
      // guard: what the producer holds is bounded in bytes
      mailbox: {
        concurrency: Math.ceil(concurrency / batch),
        batch,
        capacity,
        weigh: weightOf,
        maxWeight: maxHeldBytes,
      },
      async init() {
        await spans.open(ctx.log);
        // guard: what cannot be delivered at landing fails
        ctx.landing.addEventListener('abort', () => link === undefined && failAll(), { once: true });
        ctx.signal.addEventListener('abort', failAll, { once: true });
      },
      onMsgs(mails) {
        const call = new Call(mails.length);
        for (const mail of mails) accept(mail, call);
        return call.ended;
      },
      onServerConnect(connection: MessagingConnection) {
        link = { submit: submitTo(producerOf(connection)), sent: 0, tried: 0, window: 1 };
        spans.connected(connection);
        forgetFull();
        suspects.clear();
        for (const job of held()) if (job.sentOver !== undefined) suspects.add(job);
        sendOn(link);
      },
      onServerDisconnect() {
        link = undefined;
        forgetFull();
        // guard: what may not wait for the server ends when that is lost
        for (const job of held()) if (job.message.whenAway === 'reject') end(job, lostUnderWay(job.message));
      },
      onError: (_error, where) => (where === 'onMsgs' ? 'continue' : 'shutdown'),
    };
  },
});

/** How to submit to a producer; one that only makes promises pays for them. */
function submitTo(producer: MessageProducer): Connected['submit'] {
  return producer.submit
    ? (production) => producer.submit?.(production)
    : (production) => void settleBy(producer, production);
}

async function settleBy(producer: MessageProducer, production: Production): Promise<void> {
  try {
    production.settle(await producer.produce(production.message));
  } catch (error) {
    production.settle(error instanceof Error ? error : new Error(String(error)));
  }
}

/** True if the connection ended or the connector gave up. Not left as AbortError: in a landing the core takes that for no failure (F3). */
function isLoss(error: unknown): boolean {
  return hasCode(error, 'CONNECTION_LOST') || (error instanceof Error && error.name === 'AbortError');
}
