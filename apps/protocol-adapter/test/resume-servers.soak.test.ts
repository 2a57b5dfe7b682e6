import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectToNats } from '@nats-io/transport-node';
import { numbered } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import { chromium, type Page } from 'playwright-core';
import {
  behind,
  EVENTS,
  idsOf,
  land,
  memoryOf,
  payloadsOf,
  proxyTo,
  publishToNats,
  read,
  sayToNats,
  serve,
  STREAMS,
  unread,
} from './consuming.js';
import type { Program, Satellite } from './support.js';

test('hundreds who resume and read nothing keep nobody from being served, fill no memory, and leave nothing on the server', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const connector = { module: '@sputnikjs/connector-nats', url: server.url, streams: STREAMS };
  const { satellite, port } = await serve(t, connector, 'news.>', { maxReaders: 50, readerTimeoutMs: 2_000 });
  const first = await read(t, port, 'news.>', ...EVENTS, '-G', '-d', 'max=1');
  await publishToNats(server.port, 0, 1);
  assert.equal((await first.ended).code, 0);
  const [id = ''] = idsOf(first);
  const text = 'x'.repeat(100_000);
  for (let n = 0; n < 200; n++) await sayToNats(server.port, ['news.eu', `${n} ${text}`]);
  const before = memoryOf(satellite);
  const request = `GET /consume/news.%3E HTTP/1.1\r\nhost: a\r\nlast-event-id: ${id}\r\n\r\n`;
  const sockets = await unread(t, port, 500, request);
  await satellite.logs('readerCut');
  const after = memoryOf(satellite);
  t.diagnostic(`${Math.round(before)} MB before, ${Math.round(after)} MB with ${sockets.length} who resume`);
  assert.ok(after - before < 150, `${after} MB`);
  for (const socket of sockets) socket.destroy();
  let curl: Program | undefined;
  while (curl === undefined)
    curl = await read(t, port, 'news.>', ...behind(id), '-G', '-d', 'max=200').catch(() => sleep(100));
  assert.equal((await curl.ended).code, 0);
  assert.equal(payloadsOf(curl).length, 200);
  const client = await connectToNats({ servers: server.url });
  t.after(() => client.close());
  const { streams } = await jetstreamManager(client);
  // that of those who do not resume
  while ((await streams.info('ALL')).state.consumer_count > 1) await sleep(50);
  await land(satellite);
});

const CHROMIUM = '/usr/bin/chromium';
const browser = chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
after(async () => (await browser).close());

/** Has a page of the gateway's own origin collect events, as an application would. */
async function collect(page: Page, path: string): Promise<void> {
  await page.evaluate(`{
    globalThis.got = [];
    globalThis.source = new EventSource(${JSON.stringify(path)});
    source.onmessage = ({ data }) => got.push(JSON.parse(data).payload);
  }`);
}

test('the EventSource of a browser gets 1,000 messages once each, though its connection, the satellite and the server are cut in turn', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const connector = { module: '@sputnikjs/connector-nats', url: server.url, streams: STREAMS };
  const { satellite, port, again } = await serve(t, connector, 'news.>');
  const proxy = await proxyTo(t, port);
  const page = await (await browser).newPage();
  t.after(() => page.close());
  await page.goto(`http://127.0.0.1:${proxy.port}/openapi.json`);
  await collect(page, '/consume/news.%3E');
  const reaches = async (count: number): Promise<void> => {
    await page.waitForFunction(`got.length >= ${count} || source.readyState === EventSource.CLOSED`);
    assert.notEqual(await page.evaluate('source.readyState'), 2, 'the browser has given up');
  };
  await page.waitForFunction('source.readyState === EventSource.OPEN');
  let running: Satellite = satellite;
  const troubles = [
    async () => proxy.cut(),
    async () => {
      running.process.kill('SIGKILL');
      await running.ended;
      running = again();
    },
    async () => {
      proxy.cut();
      await server.stop();
      await server.start();
    },
    async () => {
      await land(running);
      running = again();
    },
    async () => proxy.cut(),
  ];
  for (const [nth, trouble] of troubles.entries()) {
    await publishToNats(server.port, nth * 200, nth * 200 + 100);
    if (nth % 2 === 0) await reaches(nth * 200 + 50);
    await trouble();
    await publishToNats(server.port, nth * 200 + 100, nth * 200 + 200);
    await reaches(nth * 200 + 200);
  }
  assert.deepEqual(await page.evaluate('got'), numbered(1_000));
  await land(running);
});
