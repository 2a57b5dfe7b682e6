import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { httpgateway, httpupstream } from '@sputnikjs/adapter-http';
import { PRODUCER, type MessagingConnection } from '@sputnikjs/messaging';
import { blockConformance, echoBlock, type TestFlight } from '@sputnikjs/testkit';

/** Posts a message, over a connection that it keeps open if the gateway does. */
async function post({ recorder }: TestFlight): Promise<void> {
  const { url } = recorder.logs.find(({ event }) => event === 'listening') ?? assert.fail('it does not listen');
  const posting = request(`${String(url)}/produce/t`, { method: 'POST', headers: { connection: 'keep-alive' } });
  posting.end('x');
  const [answer] = (await once(posting, 'response')) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 202);
}

/** Reads a source for a moment, and leaves. */
async function readFor({ recorder }: TestFlight): Promise<void> {
  const { url } = recorder.logs.find(({ event }) => event === 'listening') ?? assert.fail('it does not listen');
  const reading = request(`${String(url)}/consume/news`).end();
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
});

blockConformance<string>('httpgateway', {
  block: httpgateway,
  neighbours: { [PRODUCER]: echoBlock() },
  config: { httpgateway: { port: 0 } },
  connection: 'connection',
  work: post,
});

blockConformance('httpupstream', {
  block: httpupstream,
  // nobody listens there
  config: { httpupstream: { url: 'http://127.0.0.1:9/' } },
  work: (flight) => flight.to('httpupstream').ask({ source: 'prices', payload: Buffer.from('x'), redelivered: false }),
});
