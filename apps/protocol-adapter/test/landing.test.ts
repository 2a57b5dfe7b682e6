import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { freePort, mosquitto } from '@sputnikjs/testkit/servers';
import { folder, Program, Satellite, Subscriber } from './support.js';

const COUNT = 100_000;
const BLOCKS = [
  { name: 'producer' },
  { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
  { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
];

/** Lands the satellite in the midst of 100,000 messages that a real `logger` sends, and accounts for every one. */
async function landInTheMidst(t: TestContext, port: number, satellite: Satellite, syslog: number): Promise<void> {
  await satellite.logs('connected');
  const subscriber = await Subscriber.to(t, port, '-c', '-i', 'witness');
  const lines = join(folder(t), 'lines');
  writeFileSync(lines, Array.from({ length: COUNT }, (_, i) => `message ${i}\n`).join(''));
  const logger = new Program(t, 'logger', ['-n', '127.0.0.1', '-P', `${syslog}`, '-T', '--octet-count', '-f', lines]);
  await subscriber.until(() => subscriber.messages.length > 2_000, 'a few thousand messages');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  await logger.ended;

  const [landed] = satellite.records('landed');
  assert.equal(landed?.['clean'], true);
  const blocks = landed['blocks'] as Record<string, { accepted: number; handled: number }>;
  const { accepted, handled } = blocks['syslogproducer'] ?? { accepted: 0, handled: -1 };
  t.diagnostic(`accepted ${accepted} of ${COUNT}`);
  assert.ok(accepted > 2_000, 'it was in the midst');
  assert.equal(handled, accepted);
  await subscriber.until(() => subscriber.messages.length >= accepted, `${accepted} messages`);
  const texts = subscriber.payloads('syslog').map(({ message }) => message);
  // A real subscriber of QoS 1 may be told twice, but never too little, and in order.
  assert.deepEqual(
    [...new Set(texts)],
    Array.from({ length: accepted }, (_, i) => `message ${i}`),
  );
}

test('SIGTERM in the midst of a blast loses nothing that was accepted, with an external broker', async (t) => {
  const [broker, syslog] = [await mosquitto(t), await freePort()];
  await broker.start();
  const cf = folder(t, {
    'blocks.json': BLOCKS,
    'connector.json': { module: '@sputnikjs/connector-mqtt', url: broker.url },
    'syslogreceiver.json': { port: syslog },
  });
  await landInTheMidst(t, broker.port, new Satellite(t, cf), syslog);
});

test('SIGTERM in the midst of a blast loses nothing that was accepted, with the embedded broker', async (t) => {
  const [port, syslog] = [await freePort(), await freePort()];
  const cf = folder(t, {
    'blocks.json': BLOCKS,
    'connector.json': { module: '@sputnikjs/connector-mqtt', embedded: true, port },
    'syslogreceiver.json': { port: syslog },
  });
  await landInTheMidst(t, port, new Satellite(t, cf), syslog);
});
