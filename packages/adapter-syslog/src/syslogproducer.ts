import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER } from '@sputnikjs/messaging';
import { ProblemLog } from '@sputnikjs/messaging/net';
import { openTraces, type Traces } from '@sputnikjs/messaging/traces';
import { z } from 'zod';
import { readRoutes } from './checks.js';
import { DeliveryQueue } from './deliver/delivery-queue.js';
import { toJson } from './deliver/json.js';
import { DatagramBuffer } from './deliver/datagram-buffer.js';
import { SYSLOG_PRODUCER } from './parse/message.js';
import { Routing, targetOf } from './route/routing.js';
import type { Target } from './route/target.js';
import { weightOf } from './parse/weight.js';
import { receiving } from './parse/receiving.js';
import { SYSLOG_WRITER } from './deliver/unsent.js';

/** Parsed messages in the mailbox, and those whose senders wait, in bytes at most. */
const HELD_BYTES = 8_388_608;

const Config = z.strictObject({
  target: z
    .string()
    .default('syslog')
    .transform((text, ctx): Target | typeof z.NEVER => {
      try {
        return targetOf(text);
      } catch (error) {
        ctx.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    })
    .describe("Target of messages that match no route: a topic, subject, stream or queue, in the server's spelling."),
  routing: z
    .string()
    .min(1)
    .meta({ default: 'syslogconf' })
    .optional()
    .describe('Name of the configuration with the routes. Only the default one may be missing.'),
  keepMessages: z.int().min(1).default(16_384).describe('Most datagrams to keep while the server takes none.'),
  keepBytes: z.int().min(1).default(8_388_608).describe('Most bytes of the JSON of these datagrams.'),
});

/**
 * The block `syslogproducer`: passes parsed syslog messages to the producer, as JSON, each to the targets that its routes name.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { parseSyslog, SYSLOG_PRODUCER, syslogproducer } from '@sputnikjs/adapter-syslog';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * const source = { address: '192.0.2.1', port: 40_000, transport: 'udp', listener: '0.0.0.0:514' } as const;
 * test('a message goes to the target, as JSON', async () => {
 *   const producer = echoBlock(() => undefined);
 *   const flight = await testFlight({ blocks: { producer, syslogproducer }, config: { syslogproducer: { target: 'logs' } } });
 *   flight.to(SYSLOG_PRODUCER).send(parseSyslog(Buffer.from('<13>hello'), { at: new Date(), source }));
 *   assert.equal((await producer.next())['target'], 'logs');
 * });
 */
export const syslogproducer: BlockDefinition = defineBlock({
  name: 'syslogproducer',
  address: SYSLOG_PRODUCER,
  config: Config,
  needs: { producer: PRODUCER },
  async check({ routing }, read) {
    await readRoutes(read, routing);
    return {};
  },
  make: ({ target, routing: confName, keepMessages, keepBytes }, { producer }, ctx) => {
    const problemLog = new ProblemLog(ctx);
    const buffer = new DatagramBuffer(keepMessages, keepBytes);
    const deliveries = new DeliveryQueue({ producer, buffer, ctx, problemLog });
    let routing = new Routing([], target);
    let traces: Traces | undefined;
    return {
      // The mailbox is for what comes at once: all is taken out of it at once, so that a datagram always finds room. Whose message
      // has its answer held back takes one of the `concurrency`: the receivers' last ones of 256, and of others all they send.
      mailbox: { capacity: 1024, concurrency: 1024, weigh: weightOf, maxWeight: HELD_BYTES },
      async init(config) {
        routing = new Routing(await readRoutes(config, confName), target);
        traces = await openTraces(ctx.log);
      },
      run(self) {
        deliveries.writer = self.communicator(SYSLOG_WRITER);
      },
      // No promise while there is room: the core handles that several times faster.
      onMsg(message): void | Promise<void> {
        // Bytes: the server needs them anyway, and in a queue they do not burden the garbage collector.
        const payload = Buffer.from(toJson(message));
        const mayDrop = message.source.transport === 'udp';
        const traced = traces?.begin({}, receiving(message));
        let room: void | Promise<void> = undefined;
        for (const name of routing.targetsOf(message)) {
          const plain = { target: name, payload, contentType: 'application/json' };
          const item = traced === undefined ? plain : { ...plain, ...traced.carrier };
          room = deliveries.enqueue({ message: item, bytes: payload.length, mayDrop }) ?? room;
        }
        traced?.end();
        return room;
      },
      metrics: () => [
        {
          name: 'kept_messages',
          type: 'held',
          help: 'Messages kept until the producer takes them.',
          value: buffer.size,
        },
        {
          name: 'messages_lost_total',
          type: 'loss',
          help: 'Messages that could not be delivered in time.',
          value: deliveries.lost,
        },
        {
          name: 'datagrams_evicted_total',
          type: 'loss',
          help: 'Datagrams dropped in favour of newer ones, because there was no room to keep them.',
          value: deliveries.dropped,
        },
      ],
      onLanding: () => deliveries.drained(),
      async finish() {
        await deliveries.drained();
        problemLog.close();
        const { lost, dropped } = deliveries;
        if (lost + dropped === 0) return;
        const parts = [
          ...(lost > 0 ? [`${lost} messages could not be delivered in time`] : []),
          ...(dropped > 0 ? [`${dropped} datagrams were dropped: there was no room to keep them`] : []),
        ];
        throw new Error(parts.join('; '));
      },
    };
  },
});
