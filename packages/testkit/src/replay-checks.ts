import assert from 'node:assert/strict';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { within } from './in-time.js';
import { memoryInUse } from './memory.js';
import { numbered, textOf } from './messages.js';
import { has, Inbox, needs, onStage, produceAll } from './messaging-checks.js';
import { PATIENCE_MS } from './messaging-stage.js';
import type { MessagingTrial } from './messaging-trial.js';
import { rejection } from './rejection.js';
import { handled, isRefused, replayerOf, replaying, sequenceOf, shown } from './replay-stage.js';
import type { Check } from './suite.js';

/** What is kept for a replay that nobody reads on, and what of that may be in its memory, in bytes. */
const [BACKLOG, BACKLOG_BYTES, MAX_HELD] = [3_000, 7_000, 8 * 1024 * 1024];

/** What no message has as its sequence. */
const NO_SEQUENCES = [
  '',
  '0',
  '0-0',
  '0-1',
  '-',
  'x',
  '1-x',
  '-1-1',
  '1e3-1',
  '٣-٣',
  '$',
  '+',
  '1-1 STREAMS',
  `${'9'.repeat(30)}-1`,
  '9'.repeat(10_000),
];

type ReplayRule =
  | 'declaresReplays'
  | 'replays'
  | 'replaysBeside'
  | 'replaysAcrossKill'
  | 'tellsGaps'
  | 'tellsGapsMidway'
  | 'tellsNewSources'
  | 'refusesOthers'
  | 'boundsReplays'
  | 'endsReplays';

/** How messages that were handled are read again. */
export const replayChecks: Readonly<Record<ReplayRule, Check<MessagingTrial>>> = {
  declaresReplays: {
    rule: 'a connection has a replayer if the trial declares replays, and none if not',
    run: onStage(async (stage) => {
      const { connection } = await stage.connect();
      assert.equal(connection.replayer !== undefined, stage.trial.features.replays === true);
    }),
  },
  replays: {
    rule: 'messages that were handled are replayed after any of them, as they were, in order, and then those to come',
    ...replaying(async (parts) => {
      const { stage, destination, connection, replayer } = parts;
      assert.equal(await replayer.keeps(destination.source), true);
      const { target } = destination;
      const headers = stage.trial.features.headers ? { 'x-source': 'laika' } : undefined;
      await connection.producer.produce({ target, payload: '{"żółw":1}', id: 'a', contentType: 'a/b', headers });
      const messages = await handled(parts, 300, 1);
      for (const from of [0, 150, messages.length - 1]) {
        const kept = messages.slice(from + 1);
        const reading = await parts.begin(messages[from]);
        assert.deepEqual((await reading.take(kept.length)).map(shown), kept.map(shown));
        const coming = reading.take(50);
        await produceAll(connection, destination, numbered(50));
        const came = await coming;
        assert.deepEqual(came.map(textOf), numbered(50));
        messages.push(...came);
      }
    }),
  },
  replaysBeside: {
    rule: 'replays take nothing from those who consume, and acknowledge nothing: each gets everything',
    ...replaying(async (parts) => {
      const { destination, connection } = parts;
      const [first] = await handled(parts, 1);
      const readings = [];
      for (let nth = 0; nth < 3; nth++) readings.push(await parts.begin(first));
      const before = await destination.unhandled?.();
      const payloads = numbered(500);
      const taking = readings.map((reading) => reading.take(payloads.length));
      await produceAll(connection, destination, payloads);
      for (const taken of taking) assert.deepEqual((await taken).map(textOf), payloads);
      const after = await destination.unhandled?.();
      if (before !== undefined) assert.equal(after, before + payloads.length, 'messages that nobody has handled');
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, inbox.receive);
      await inbox.reaches(payloads.length);
      assert.deepEqual(inbox.payloads, payloads);
      assert.ok(
        inbox.messages.every(({ redelivered }) => !redelivered),
        'a replay counts as a delivery',
      );
    }),
  },
  replaysAcrossKill: {
    rule: 'a replay ends as CONNECTION_LOST when the server is killed, and goes on after its last message over the next connection',
    ...replaying(async (parts) => {
      const { stage, destination } = parts;
      const messages = await handled(parts, 400);
      const reading = await parts.begin(messages[0]);
      const before = await reading.take(399);
      const ending = rejection(reading.next());
      await stage.trial.server.stop();
      const error = await within(PATIENCE_MS, 'the end', ending);
      assert.equal(error.code, 'CONNECTION_LOST', String(error));
      await stage.trial.server.start();
      const { connection } = await stage.connect();
      const next = await parts.begin(before.at(-200), replayerOf(connection));
      const payloads = [...numbered(400).slice(-199), 'new'];
      const coming = next.take(200);
      await produceAll(connection, destination, ['new']);
      assert.deepEqual((await coming).map(textOf), payloads);
    }, needs('durable')),
  },
  tellsGaps: {
    rule: 'a replay after a message is refused as CANNOT_RESUME if others after that were removed, and not if none was',
    ...replaying(async (parts) => {
      const { stage, destination } = parts;
      const messages = await handled(parts, 100);
      await stage.trial.trim?.(destination, 10);
      for (const at of [0, 50, 88]) await isRefused(parts, sequenceOf(messages[at]));
      const reading = await parts.begin(messages[90]);
      assert.deepEqual((await reading.take(9)).map(textOf), numbered(100).slice(91));
    }, has('trim')),
  },
  tellsGapsMidway: {
    rule: 'a replay whose next messages were removed before it came to them ends as CANNOT_RESUME, after those before them',
    ...replaying(async (parts) => {
      const { stage, destination } = parts;
      const messages = await handled(parts, 2_000);
      const reading = await parts.begin(messages[0]);
      assert.equal(textOf((await reading.next()) as ConsumedMessage), '1');
      await stage.trial.trim?.(destination, 10);
      const got = ['1'];
      const error = await rejection(
        (async () => {
          for (let message; (message = await reading.next());) got.push(textOf(message));
        })(),
      );
      assert.equal((error as { code?: unknown }).code, 'CANNOT_RESUME', `${String(error)} after ${got.at(-1)}`);
      assert.deepEqual(got, numbered(got.length + 1).slice(1), 'messages were skipped');
    }, has('trim')),
  },
  tellsNewSources: {
    rule: 'a source that was destroyed and made again is another: replays after its former messages are refused, and none goes on in it',
    ...replaying(async (parts) => {
      const { stage, destination, connection } = parts;
      const messages = await handled(parts, 20);
      const sequences = [0, 10, 19].map((at) => sequenceOf(messages[at]));
      const waiting = await parts.begin(messages[19]);
      const ending = rejection(waiting.next());
      await stage.trial.destroy?.(destination);
      await stage.trial.restore?.(destination);
      for (const produced of [0, 30]) {
        await produceAll(connection, destination, numbered(produced));
        for (const former of sequences) await isRefused(parts, former);
      }
      await within(PATIENCE_MS, 'the end of a replay', ending);
    }, has('destroy')),
  },
  refusesOthers: {
    rule: 'a replay after what is no message of the source is refused as CANNOT_RESUME, and harms nobody',
    ...replaying(async (parts) => {
      const { stage, connection } = parts;
      const other = await stage.destination();
      const [[message], [foreign]] = [await handled(parts, 5), await handled({ ...parts, destination: other }, 1)];
      const [number = '', rest = ''] = sequenceOf(message).split(/-(.*)/);
      const far = 1_000_000n;
      const changed = [`${BigInt(number) + far}-${rest}`, `${number}-${BigInt(rest) + far}`, `99999-${rest}`];
      for (const after of [...NO_SEQUENCES, ...changed, sequenceOf(foreign)]) await isRefused(parts, after);
      const reading = await parts.begin(message);
      assert.deepEqual((await reading.take(4)).map(textOf), numbered(5).slice(1));
      assert.equal((await handled({ ...parts, connection }, 0)).length, 0);
    }),
  },
  boundsReplays: {
    rule: 'a replay that nobody reads on leaves messages on the server, and gets all of them when somebody does',
    ...replaying(async (parts) => {
      const { destination, connection } = parts;
      const [first] = await handled(parts, 1);
      for (let from = 0; from < BACKLOG; from += 500) {
        const payloads = Array.from({ length: 500 }, (_, n) => `${from + n}`.padEnd(BACKLOG_BYTES));
        await produceAll(connection, destination, payloads);
      }
      const before = memoryInUse();
      const readings = [];
      for (let nth = 0; nth < 5; nth++) {
        const reading = await parts.begin(first);
        assert.equal((await reading.take(100)).length, 100);
        readings.push(reading);
      }
      const memory = memoryInUse() - before;
      assert.ok(memory < MAX_HELD, `${memory} bytes wait in the satellite, not on the server`);
      const rest = await readings[0]?.take(BACKLOG - 100);
      assert.deepEqual(
        rest?.map((message) => textOf(message).trimEnd()),
        numbered(BACKLOG).slice(100),
      );
      for (const size of [1, 300_000, 900_000, 1]) {
        await connection.producer.produce({ target: destination.target, payload: Buffer.alloc(size) });
        assert.equal((await readings[0]?.next())?.payload.length, size);
      }
    }),
  },
  endsReplays: {
    rule: 'a replay ends at once when its signal aborts, before it has begun, in the middle, or while it waits',
    ...replaying(async (parts) => {
      const [first] = await handled(parts, 10);
      const [before, middle, waiting] = [await parts.begin(first), await parts.begin(first), await parts.begin(first)];
      before.abort();
      assert.equal(await before.next(), undefined);
      await middle.take(3);
      middle.abort();
      assert.equal(await middle.next(), undefined);
      await waiting.take(9);
      const next = waiting.next();
      waiting.abort();
      assert.equal(await next, undefined);
    }),
  },
};
