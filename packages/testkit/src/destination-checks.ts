import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { SputnikError } from '@sputnikjs/core';
import type { MessagingConnection } from '@sputnikjs/messaging';
import { gate } from './gate.js';
import { within } from './in-time.js';
import { all, has, Inbox, needs, onStage, produceAll } from './messaging-checks.js';
import { PATIENCE_MS } from './messaging-stage.js';
import type { MessagingTrial, Destination } from './messaging-trial.js';
import { numbered, textOf } from './messages.js';
import type { Check } from './suite.js';

/** So long a destination is away, in milliseconds. */
const AWAY_MS = 500;
const RETRY_MS = 50;

type DestinationRule = 'goesOnWithDestination' | 'stopsWithoutDestination' | 'makesDestinationsAgain';

/** What becomes of messages to each of these targets: most are no destination on the server, and some cannot be one. */
export function targetCheck(targets: readonly string[]): Check<MessagingTrial> {
  return {
    rule: `of ${targets.length} targets of all kinds of characters each is taken as it is, or refused by itself, and harms no other message`,
    skip: has('targets'),
    run: onStage(async (stage, tell) => {
      const trial = await stage.trial.targets?.(targets);
      if (trial === undefined) return;
      const { good } = trial;
      const { connection, connector, lost } = await stage.connectTo(trial);
      let end: unknown;
      void lost.then((why) => (end = why ?? 'no reason given'));
      const expected = new Map<string, string>();
      for (const [nth, target] of targets.entries()) {
        const shown = JSON.stringify(target.length > 100 ? `${target.slice(0, 100)}…` : target);
        const produce = (to: string, payload: string): Promise<unknown> =>
          connection.producer.produce({ target: to, payload });
        const settled = Promise.allSettled([
          produce(good, `${nth} before`),
          produce(target, `${nth}`),
          produce(good, `${nth} after`),
        ]);
        const [before, own, after] = await within(PATIENCE_MS, `the message to ${shown}`, settled);
        assert.ok(await connector.isConnected(), `the target ${shown} ends the connection: ${String(end)}`);
        assert.deepEqual([before.status, after.status], ['fulfilled', 'fulfilled'], `the target ${shown} harms others`);
        expected.set(`${nth} before`, good).set(`${nth} after`, good);
        if (own.status === 'fulfilled') expected.set(`${nth}`, target);
        else assert.ok(own.reason instanceof Error && !isLoss(own.reason), `${shown}: ${String(own.reason)}`);
      }
      assert.equal(end, undefined, 'the connection was lost');
      const arrivals = await within(PATIENCE_MS, 'what has arrived', trial.arrivals());
      assert.equal(arrivals.length, new Set(arrivals.map(({ payload }) => payload)).size, 'some came twice');
      const arrived = new Map(arrivals.map(({ target, payload }) => [payload, target]));
      for (const [payload, target] of expected)
        assert.equal(arrived.get(payload), target, `where the message ${payload} arrives`);
      for (const [payload, target] of arrived)
        assert.ok(expected.has(payload), `the message ${payload} was refused, and has arrived at ${target}`);
      const taken = expected.size - 2 * targets.length;
      tell(`${taken} targets taken, ${targets.length - taken} refused`);
    }),
  };
}

/** What becomes of messages whose destination is destroyed. */
export const destinationChecks: Readonly<Record<DestinationRule, Check<MessagingTrial>>> = {
  goesOnWithDestination: {
    rule: 'a consumer whose stream or queue was destroyed goes on when it exists again, on the same connection, without harm to others',
    skip: all(needs('consumer'), has('destroy')),
    run: onStage(async (stage) => {
      const { trial } = stage;
      const [destination, other] = [await stage.destination(), await stage.destination()];
      const { connection, connector, lost } = await stage.connect();
      let end: unknown;
      void lost.then((why) => (end = why ?? 'no reason given'));
      const [inbox, others, release] = [new Inbox(), new Inbox(), gate()];
      await connection.consumer.consume(destination.source, async (message) => {
        await inbox.receive(message);
        if (textOf(message) === 'under way') await release.passed;
      });
      await connection.consumer.consume(other.source, others.receive);
      await produceAll(connection, destination, ['before', 'under way']);
      await inbox.reaches(2);
      for (let time = 1; time <= 2; time++) {
        await trial.destroy?.(destination);
        await produceAll(connection, other, ['meanwhile']);
        await realTime(AWAY_MS);
        await trial.restore?.(destination);
        release.open();
        await produceWhenThere(connection, destination, `after ${time}`);
        await within(PATIENCE_MS, `the message after ${time}`, contains(inbox, `after ${time}`));
        await others.reaches(time);
      }
      assert.equal(end, undefined, 'the connection was lost');
      assert.ok(await connector.isConnected(), 'the connection is gone');
    }),
  },
  stopsWithoutDestination: {
    rule: 'stop resolves while the stream or queue is destroyed',
    skip: all(needs('consumer'), has('destroy')),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      const subscription = await connection.consumer.consume(destination.source, inbox.receive);
      await produceAll(connection, destination, ['before']);
      await inbox.reaches(1);
      await stage.trial.destroy?.(destination);
      await realTime(AWAY_MS);
      await within(PATIENCE_MS, 'stop', subscription.stop());
      await stage.trial.restore?.(destination);
      await produceWhenThere(connection, destination, 'after');
      await realTime(AWAY_MS);
      assert.deepEqual(inbox.payloads, ['before'], 'a handler was called after stop');
    }),
  },
  makesDestinationsAgain: {
    rule: 'a configured stream or queue that was destroyed is created again with the next messages, none of them refused',
    skip: has('configured'),
    run: onStage(async (stage) => {
      const configured = await stage.trial.configured?.();
      if (configured === undefined) return;
      const { destination } = configured;
      const { connection, lost } = await stage.connectTo(configured);
      let end: unknown;
      void lost.then((why) => (end = why ?? 'no reason given'));
      const inbox = new Inbox();
      const { consumer } = stage.trial.features;
      if (consumer) await connection.consumer.consume(destination.source, inbox.receive);
      const payloads = numbered(300);
      for (const [time, from] of [0, 100, 200].entries()) {
        if (time > 0) await configured.destroy();
        const some = payloads.slice(from, from + 100);
        await produceAll(connection, destination, some);
        if (consumer) await inbox.reaches(from + 100);
        // once it was handled some servers hold it no more
        const stored = (await destination.stored?.()) ?? [];
        assert.ok(
          stored.every((payload) => some.includes(payload)),
          'it was not destroyed',
        );
      }
      if (consumer) assert.deepEqual(new Set(inbox.payloads), new Set(payloads));
      assert.equal(end, undefined, 'the connection was lost');
    }),
  },
};

function isLoss(error: unknown): boolean {
  return error instanceof SputnikError && error.code === 'CONNECTION_LOST';
}

/** Produces one message; tries again while it is refused. */
async function produceWhenThere(
  { producer }: MessagingConnection,
  { target }: Destination,
  payload: string,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await producer.produce({ target, payload });
      return;
    } catch (error) {
      if (isLoss(error) || performance.now() > end) throw error;
      await realTime(RETRY_MS);
    }
  }
}

async function contains(inbox: Inbox, payload: string): Promise<void> {
  for (let count = 1; !inbox.payloads.includes(payload); count++) await inbox.reaches(count);
}
