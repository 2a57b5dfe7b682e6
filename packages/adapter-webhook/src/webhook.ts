import { randomUUID } from 'node:crypto';
import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { PRODUCER, RECEIVER, type ConsumedMessage } from '@sputnikjs/messaging';
import { isLoopback, readTls, tlsProblems } from '@sputnikjs/messaging/net';
import { WEBHOOK_CONFIG } from './config.js';
import { bury, deadLetterOf } from './deliver/dead-letters.js';
import { Delivery } from './deliver/delivery.js';
import { Lanes } from './deliver/lanes.js';
import { Tally } from './deliver/tally.js';
import { eventOf } from './event/event.js';
import { secretProblems, Secrets } from './event/secrets.js';
import { Client, hostOf } from './send/client.js';
import { addressFilter } from './send/networks.js';

/** As many as consumers hand over: which of them are sent at once is a matter of their keys. */
const AT_ONCE = 65_536;

/**
 * The block `webhook`: POSTs each message that a `consumer` hands it to a URL, as a CloudEvent in binary mode, signed as Standard Webhooks has it.
 * A message is handled, and so acknowledged to the server, when the URL has answered 2xx, or when the server has its dead letter.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { once } from 'node:events';
 * import { createServer, type IncomingMessage } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { test } from 'node:test';
 * import { webhook } from '@sputnikjs/adapter-webhook';
 * import { PRODUCER, RECEIVER } from '@sputnikjs/messaging';
 * import { echoBlock, testFlight } from '@sputnikjs/testkit';
 * test('what comes from the server is posted', async (t) => {
 *   const receiver = createServer((_request, response) => void response.end()).listen(0, '127.0.0.1');
 *   t.after(() => receiver.close());
 *   const came = once(receiver, 'request') as Promise<[IncomingMessage]>;
 *   await once(receiver, 'listening');
 *   const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
 *   const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`;
 *   const config = { webhook: { url, secret, allowedNetworks: ['127.0.0.1'] } };
 *   const blocks = { [PRODUCER]: echoBlock(), [RECEIVER]: webhook };
 *   const flight = await testFlight({ blocks, config });
 *   await flight.to(RECEIVER).ask({ source: 'orders', payload: Buffer.from('{}'), redelivered: false, id: '42' });
 *   assert.equal((await came)[0].headers['ce-id'], '42');
 * });
 */
export const webhook: BlockDefinition = defineBlock({
  name: 'webhook',
  address: RECEIVER,
  config: WEBHOOK_CONFIG,
  needs: { producer: PRODUCER },
  check: async (config) => ({ problems: [...(await secretProblems(config)), ...(await tlsProblems(config))] }),
  make: (config, { producer }, ctx) => {
    const { order, concurrency, deadLetter, maxAttempts = Infinity, timeoutMs, type } = config;
    const url = new URL(config.url);
    const lanes = new Lanes(concurrency);
    const tally = new Tally();
    const client = new Client({
      isAllowed: addressFilter(config.allowedNetworks),
      timeoutMs,
      connections: concurrency,
      tls: () => readTls(config),
      clock: ctx.clock,
      signal: ctx.signal,
    });
    let delivery: Delivery | undefined;

    async function handle(message: ConsumedMessage): Promise<void> {
      const event = eventOf(message, { type, newId: randomUUID });
      const outcome = await delivery?.deliver(message, event);
      if (outcome?.kind === 'accepted') return void tally.accepted++;
      const reason = outcome?.reason ?? 'the block is not initialised';
      if (outcome?.kind !== 'givenUp') throw new Error(`not delivered to ${url.origin}: ${reason}`);
      tally.givenUp++;
      const { source, id } = message;
      const what = `a message of "${source}" was given up: ${reason}`;
      if (deadLetter === undefined) {
        const text = `${what}; the server delivers it again, unless you set "deadLetter"`;
        ctx.log.warn({ event: 'webhookGivenUp', source, id }, text);
        throw new Error(`given up, ${url.origin}: ${reason}`);
      }
      ctx.log.warn({ event: 'webhookGivenUp', source, id, target: deadLetter }, what);
      const { webhookId } = event;
      await bury(producer, deadLetterOf(message, { target: deadLetter, webhookId, reason, time: new Date() }));
      tally.deadLetters++;
    }

    return {
      mailbox: { concurrency: AT_ONCE },
      async init() {
        const secrets = await Secrets.read(config, ctx);
        delivery = new Delivery({ url, client, secrets, tally, maxAttempts, context: ctx, unixMs: Date.now });
        if (url.protocol === 'https:' || isLoopback(hostOf(url))) return;
        const text = `messages go to ${url.host} unencrypted; if the receiver has a certificate, begin the url with https://`;
        ctx.log.warn({ event: 'webhookInClear', host: url.host }, text);
      },
      onMsg: (message) =>
        lanes.run(order === 'none' ? Symbol('a key of its own') : keyOf(message), () => handle(message)),
      metrics: () => tally.metrics(),
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
      finish: () => client.close(),
    };
  },
});

/** The attribute by which events say what belongs together (CloudEvents extension "partitioning"); else the source. */
function keyOf({ headers = {}, source }: ConsumedMessage): string {
  const [, key] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'ce-partitionkey') ?? [];
  return key === undefined ? `source ${source}` : `key ${key}`;
}
