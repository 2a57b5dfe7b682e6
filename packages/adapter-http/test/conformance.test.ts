import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as send, type IncomingMessage } from 'node:http';
import { httpgateway, httpupstream } from '@sputnikjs/adapter-http';
import { after } from 'node:test';
import { PRODUCER, type MessagingConnection } from '@sputnikjs/messaging';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';

const module = '@sputnikjs/adapter-http';
const server = await natsServer({ after });
const connector = { module: '@sputnikjs/connector-nats', url: server.url, jetstream: false };

/** Posts a message, over a connection that it keeps open if the gateway does. */
async function post({ recorder }: Pick<TestFlight, 'recorder'>): Promise<void> {
  const { url } = recorder.logs.find(({ event }) => event === 'listening') ?? assert.fail('it does not listen');
  const posting = send(`${String(url)}/produce/t`, { method: 'POST', headers: { connection: 'keep-alive' } });
  posting.end('x');
  const [answer] = (await once(posting, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 202);
}

/** Reads a source for a moment, and leaves. */
async function readFor({ recorder }: Pick<TestFlight, 'recorder'>): Promise<void> {
  const { url } = recorder.logs.find(({ event }) => event === 'listening') ?? assert.fail('it does not listen');
  const reading = send(`${String(url)}/consume/news`).end();
  const [answer] = (await once(reading, 'response')) as [IncomingMessage];
  assert.equal(answer.statusCode, 200);
  reading.destroy();
}

blockConformance<MessagingConnection>('httpgateway that has sources consumed', {
  block: httpgateway,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { httpgateway: { port: 0, consume: { sources: ['news'] } } },
  connection: {
    producer: { produce: async () => {} },
    consumer: { consume: async () => ({ stop: async () => {} }) },
  },
  work: readFor,
  places: { module, connector, server, work: readFor },
});

blockConformance<string>('httpgateway', {
  block: httpgateway,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { httpgateway: { port: 0 } },
  connection: 'connection',
  work: post,
  places: { module, connector, server, work: post },
});

const request = { source: 'prices', payload: Buffer.from('x'), redelivered: false };

/** Gets an answer that says so: nobody listens there. */
const calls = (flight: Pick<TestFlight, 'to'>): Promise<unknown> => flight.to('httpupstream').ask(request);

blockConformance('httpupstream', {
  block: httpupstream,
  config: { httpupstream: { url: 'http://127.0.0.1:9/' } },
  work: calls,
  places: { module, work: calls },
});
