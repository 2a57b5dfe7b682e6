import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { within } from './in-time.js';
import { all, has, Inbox, needs, onStage, produceAll } from './messaging-checks.js';
import { untilHandled } from './messaging-copy.js';
import { PATIENCE_MS } from './messaging-stage.js';
import type { MessagingTrial } from './messaging-trial.js';
import { numbered, textOf } from './messages.js';
import type { Check } from './suite.js';

/** Messages for each consumer whose handler takes long. */
const FOR_EACH = 2;

/** What a consumer can tell of a message, and how long it may take for it. */
export const deliveryChecks: Readonly<
  Record<'carriesIds' | 'tellsSequences' | 'countsDeliveries' | 'handlesForLong', Check<MessagingTrial>>
> = {
  carriesIds: {
    rule: 'a message has the id that it was produced with, at each delivery',
    skip: needs('consumer', 'ids'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const { target, source } = destination;
      const inbox = new Inbox();
      await connection.consumer.consume(source, async (message) => {
        await inbox.receive(message);
        if (textOf(message) === 'again' && !message.redelivered) throw new Error('not now');
      });
      const id = 'token-b/orders/124 żółw';
      await connection.producer.produce({ target, payload: 'again', id });
      await connection.producer.produce({ target, payload: 'without' });
      const again = stage.trial.features.redelivers ? [['again', id]] : [];
      await inbox.reaches(2 + again.length);
      const ids = inbox.messages.map((message) => [textOf(message), message.id]);
      assert.deepEqual(ids, [['again', id], ['without', undefined], ...again]);
    }),
  },
  tellsSequences: {
    rule: 'a message has a sequence in its source, the same at each delivery, and no other message has it',
    skip: needs('consumer', 'redelivers', 'sequences'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, async (message) => {
        await inbox.receive(message);
        if (textOf(message) === 'again' && !message.redelivered) throw new Error('not now');
      });
      await produceAll(connection, destination, ['again', 'same', 'same']);
      await inbox.reaches(4);
      const sequencesOf = (wanted: string): readonly (string | undefined)[] =>
        inbox.messages.filter((message) => textOf(message) === wanted).map(({ sequence }) => sequence);
      const [first, again] = sequencesOf('again');
      assert.ok(first !== undefined && first !== '');
      assert.equal(again, first);
      assert.equal(new Set([first, ...sequencesOf('same')]).size, 3);
    }),
  },
  countsDeliveries: {
    rule: 'each delivery of a message has a number, counted from 1',
    skip: needs('consumer', 'redelivers', 'deliveries'),
    run: onStage(async (stage) => {
      const [destination, { connection }] = [await stage.destination(), await stage.connect()];
      const inbox = new Inbox();
      await connection.consumer.consume(destination.source, async (message) => {
        await inbox.receive(message);
        if (textOf(message) === 'bad' && (message.deliveries ?? 3) < 3) throw new Error('not now');
      });
      await produceAll(connection, destination, ['bad', 'good']);
      await inbox.reaches(4);
      const counts = inbox.messages.map((message) => [textOf(message), message.deliveries, message.redelivered]);
      assert.deepEqual(
        counts.filter(([text]) => text === 'bad'),
        [
          ['bad', 1, false],
          ['bad', 2, true],
          ['bad', 3, true],
        ],
      );
      assert.deepEqual(
        counts.filter(([text]) => text === 'good'),
        [['good', 1, false]],
      );
    }),
  },
  handlesForLong: {
    rule: 'a handler that takes longer than every time-out of server and connector is called once, and acknowledged',
    skip: all(needs('consumer'), has('longHandling')),
    run: onStage(async (stage) => {
      const long = await stage.trial.longHandling?.();
      if (long === undefined) return;
      const { destination, handlerMs, consumers } = long;
      const begun: string[] = [];
      const inbox = new Inbox();
      for (let nth = 0; nth < consumers; nth++) {
        const { connection, lost } = await stage.connectTo(long);
        void lost.then((why) => begun.push(`lost: ${String(why)}`));
        await connection.consumer.consume(destination.source, async (message) => {
          begun.push(textOf(message));
          await realTime(handlerMs);
          await inbox.receive(message);
        });
      }
      const payloads = numbered(consumers * FOR_EACH);
      await produceAll((await stage.connectTo(long)).connection, destination, payloads);
      await within(handlerMs + PATIENCE_MS, 'the handling', inbox.reaches(payloads.length));
      await within(PATIENCE_MS, 'the acknowledgement', untilHandled(destination));
      assert.deepEqual(begun.toSorted(), payloads, 'what the handlers were called with');
    }),
  },
};
