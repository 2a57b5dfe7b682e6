import assert from 'node:assert/strict';
import type { ConsumedMessage, MessagingConnection } from '@sputnikjs/messaging';
import { gate } from './gate.js';
import { within } from './in-time.js';
import { memoryInUse } from './memory.js';
import { numbered, textOf } from './messages.js';
import { PATIENCE_MS, Stage } from './messaging-stage.js';
import type { MessagingFeatures, MessagingTrial, Destination } from './messaging-trial.js';
import type { Check, Tell } from './suite.js';

/** Has a test use the running server, and ends whatever it opened. */
export function onStage(run: (stage: Stage, tell: Tell) => Promise<void>): Check<MessagingTrial>['run'] {
  return async (trial, tell) => {
    await trial.server.start();
    const stage = new Stage(trial);
    try {
      await run(stage, tell);
    } catch (error) {
      // it may be frozen
      await trial.server.stop();
      throw error;
    } finally {
      await stage.end();
    }
  };
}

type Skip = (trial: MessagingTrial) => string | undefined;

/** Skips a test for the first of these reasons. */
export function all(...skips: readonly Skip[]): Skip {
  return (trial) => skips.reduce<string | undefined>((reason, skip) => reason ?? skip(trial), undefined);
}

/** Skips a test unless the trial has all these. */
export function has(...hooks: readonly (keyof MessagingTrial)[]): Skip {
  return (trial) => {
    const missing = hooks.filter((hook) => trial[hook] === undefined);
    return missing.length > 0 ? `the trial has no ${missing.map((hook) => `"${hook}"`).join(', ')}` : undefined;
  };
}

/** Skips a test unless all these features are declared. */
export function needs(...features: readonly (keyof MessagingFeatures)[]): Skip {
  return (trial) => {
    const missing = features.filter((feature) => !trial.features[feature]);
    return missing.length > 0 ? `it does not declare: ${missing.join(', ')}` : undefined;
  };
}

/** Produces all at once, and resolves when the server has them all. */
export async function produceAll(
  { producer }: MessagingConnection,
  { target }: Destination,
  payloads: readonly string[],
): Promise<void> {
  const all = Promise.all(payloads.map((payload) => producer.produce({ target, payload })));
  await within(PATIENCE_MS, `the acknowledgement of ${payloads.length} messages`, all);
}

/** The messages that a handler was given, in order. */
export class Inbox {
  readonly messages: ConsumedMessage[] = [];
  #watchers: (() => void)[] = [];

  readonly receive = async (message: ConsumedMessage): Promise<void> => {
    this.messages.push(message);
    for (const wake of this.#watchers.splice(0)) wake();
  };

  get payloads(): string[] {
    return this.messages.map(textOf);
  }

  /** Resolves when so many have come. */
  reaches(count: number): Promise<void> {
    const reached = (async () => {
      while (this.messages.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
    })();
    return within(PATIENCE_MS, `the arrival of ${count} messages`, reached);
  }
}

/** What a slow consumer lets be under way, what is produced meanwhile, and what of that may be in its memory, in bytes. */
const [ALLOWED, BACKLOG, BACKLOG_BYTES, MAX_HELD] = [16, 3_000, 7_000, 8 * 1024 * 1024];

type MessagingRule =
  | 'carriesBytes'
  | 'carriesProperties'
  | 'keepsOrder'
  | 'waitsForConsumers'
  | 'deliversAgain'
  | 'stopsConsuming'
  | 'boundsUnacknowledged'
  | 'deduplicates';

/** How messages go to the server and come from it, with nothing in their way. */
export const messagingChecks: Readonly<Record<MessagingRule, Check<MessagingTrial>>> = {
  carriesBytes: {
    rule: 'a message arrives once, byte for byte, with the target it was produced to',
    skip: needs('consumer'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, inbox.receive);
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const payloads = [bytes, Buffer.from('text: żółw'), new Uint8Array(0), Buffer.alloc(100_000, 'x')];
      for (const payload of payloads) await connection.producer.produce({ target: destination.target, payload });
      await connection.producer.produce({ target: destination.target, payload: 'text: żółw' });
      await inbox.reaches(payloads.length + 1);
      const text = Buffer.from('text: żółw');
      assert.deepEqual(
        inbox.messages.map(({ payload }) => Buffer.from(payload).toString('hex')),
        [...payloads, text].map((payload) => Buffer.from(payload).toString('hex')),
      );
      assert.deepEqual(new Set(inbox.messages.map(({ source }) => source)), new Set([destination.target]));
      assert.ok(
        inbox.messages.every(({ redelivered }) => !redelivered),
        'a first delivery says it is another',
      );
    }),
  },
  carriesProperties: {
    rule: 'headers and content type come with the message, as far as the server can carry them',
    skip: (trial) =>
      needs('consumer')(trial) ??
      (trial.features.headers || trial.features.contentType ? undefined : 'it does not declare: headers, contentType'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, inbox.receive);
      const { headers: hasHeaders, contentType: hasContentType } = stage.trial.features;
      const headers = { 'x-source': 'laika', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
      const contentType = 'application/json; charset=utf-8';
      await connection.producer.produce({ target: destination.target, payload: '{}', headers, contentType });
      await connection.producer.produce({ target: destination.target, payload: 'bare' });
      await inbox.reaches(2);
      const [full, bare] = inbox.messages;
      if (hasHeaders) assert.deepEqual({ ...full?.headers }, headers);
      if (hasContentType) assert.equal(full?.contentType, contentType);
      assert.deepEqual({ ...bare?.headers }, {}, 'a message without headers comes with some');
      assert.equal(bare?.contentType, undefined, 'a message without content type comes with one');
    }),
  },
  keepsOrder: {
    rule: 'messages arrive in the order of the calls, although nobody waits for one before the next',
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const witness = await stage.witness(destination);
      const payloads = numbered(5_000);
      await produceAll(connection, destination, payloads);
      const seen = await witness.seen((payload) => produceAll(connection, destination, [payload]));
      assert.deepEqual(seen, payloads);
    }),
  },
  waitsForConsumers: {
    rule: 'what was produced waits for a consumer that comes later',
    skip: needs('consumer', 'keeps'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      await produceAll(connection, destination, numbered(100));
      const inbox = new Inbox();
      const later = await stage.connect();
      await later.connection.consumer.consume(destination.source, inbox.receive);
      await inbox.reaches(100);
      assert.deepEqual(inbox.payloads, numbered(100));
    }),
  },
  deliversAgain: {
    rule: 'a message whose handler rejects is delivered again, says so, and holds up no other',
    skip: needs('consumer', 'redelivers'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, async (message) => {
        await inbox.receive(message);
        if (textOf(message) === 'bad' && !message.redelivered) throw new Error('not now');
      });
      await produceAll(connection, destination, ['bad', ...numbered(10)]);
      await inbox.reaches(12);
      assert.deepEqual(inbox.payloads.slice(0, 11), ['bad', ...numbered(10)], 'others wait for the one that failed');
      const { payload, redelivered } = inbox.messages[11] ?? {};
      assert.deepEqual([Buffer.from(payload ?? []).toString(), redelivered], ['bad', true]);
    }),
  },
  stopsConsuming: {
    rule: 'stop waits for the handlers under way, begins no other, and leaves the rest to the server',
    skip: needs('consumer'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const [inbox, release] = [new Inbox(), gate()];
      const subscription = await connection.consumer.consume(
        destination.source,
        async (message) => {
          await inbox.receive(message);
          await release.passed;
        },
        { maxUnacknowledged: 10 },
      );
      await produceAll(connection, destination, numbered(50));
      await inbox.reaches(10);
      const stopping = subscription.stop().then(() => 'stopped');
      const turn = new Promise((resolve) => setImmediate(resolve, 'not yet'));
      assert.equal(await Promise.race([stopping, turn]), 'not yet', 'stop does not wait for the handlers');
      release.open();
      await within(PATIENCE_MS, 'stop', stopping);
      assert.deepEqual(inbox.payloads, numbered(10), 'a handler was called after stop');
      if (!stage.trial.features.keeps) return;
      const rest = new Inbox();
      await connection.consumer.consume(destination.source, rest.receive);
      await rest.reaches(40);
      const left = numbered(50).slice(10);
      assert.deepEqual(
        rest.payloads.toSorted((a, b) => Number(a) - Number(b)),
        left,
        'the next consumer gets the others, each once',
      );
    }),
  },
  boundsUnacknowledged: {
    rule: 'a slow consumer has no more messages under way than it allows, leaves the others on the server, and gets all of them',
    skip: needs('consumer'),
    run: onStage(async (stage) => {
      const [destination, producing, consuming] = [
        await stage.destination(),
        await stage.connect(),
        await stage.connect(),
      ];
      const [full, release] = [gate(), gate()];
      const inbox = new Inbox();
      let [underWay, most] = [0, 0];
      const slowly = async (message: ConsumedMessage): Promise<void> => {
        most = Math.max(most, ++underWay);
        if (underWay === ALLOWED) full.open();
        await release.passed;
        await new Promise((resolve) => setImmediate(resolve));
        underWay--;
        await inbox.receive(message);
      };
      await consuming.connection.consumer.consume(destination.source, slowly, { maxUnacknowledged: ALLOWED });
      const before = memoryInUse();
      for (let from = 0; from < BACKLOG; from += 500) {
        const payloads = Array.from({ length: 500 }, (_, n) => `${from + n}`.padEnd(BACKLOG_BYTES));
        await produceAll(producing.connection, destination, payloads);
      }
      await within(PATIENCE_MS, 'as many messages as the consumer allows', full.passed);
      const memory = memoryInUse() - before;
      assert.ok(memory < MAX_HELD, `${memory} bytes wait in the satellite, not on the server`);
      const alive = Promise.resolve(consuming.connector.isConnected());
      assert.ok(await within(PATIENCE_MS, 'a heartbeat', alive), 'a slow consumer is taken for a lost connection');
      release.open();
      await inbox.reaches(BACKLOG);
      assert.equal(most, ALLOWED, 'messages under way at once');
      assert.deepEqual(
        inbox.payloads.map((payload) => payload.trimEnd()),
        numbered(BACKLOG),
      );
    }),
  },
  deduplicates: {
    rule: 'two messages of the same id become one, and the producer of the second hears that it is a duplicate',
    skip: needs('deduplicates'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const witness = await stage.witness(destination);
      const { target } = destination;
      for (const [payload, id, isDuplicate] of [
        ['a', '1', false],
        ['a again', '1', true],
        ['b', '2', false],
        ['a once more', '1', true],
      ] as const) {
        const result = await connection.producer.produce({ target, payload, id });
        assert.equal(result?.duplicate ?? false, isDuplicate, `"${payload}", as the producer hears of it`);
      }
      const seen = await witness.seen((payload) => connection.producer.produce({ target, payload, id: 'last' }));
      assert.deepEqual(seen, ['a', 'b']);
    }),
  },
};
