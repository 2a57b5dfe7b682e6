import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bridgeBlock, PRODUCER, RECEIVER, type ProduceMessage } from '@sputnikjs/messaging';
import { echoBlock, testFlight } from '@sputnikjs/testkit';
import { blocksOf, ROOT, sputnik } from './support.js';
import { rowsOf } from './tables.js';

const DOCUMENT = 'docs/bridges.md';
const CONF = join(ROOT, 'apps/protocol-adapter/conf/bridge-mqtt-nats');
const [list, inner, up, envelope, circle, ...others] = blocksOf(DOCUMENT);

/** What a bridge makes of a message. */
async function bridged(config: object, message: object): Promise<ProduceMessage> {
  const producer = echoBlock<ProduceMessage, undefined>(() => undefined);
  const flight = await testFlight({
    blocks: { [PRODUCER]: producer, [RECEIVER]: bridgeBlock },
    config: { bridge: config },
  });
  await flight.to(RECEIVER).ask({ source: 'a', payload: Buffer.from(''), redelivered: false, ...message });
  return await producer.next();
}

test(`the files of ${DOCUMENT} are those of conf/bridge-mqtt-nats`, () => {
  assert.equal(others.length, 0);
  for (const [block, file] of [
    [list, 'blocks.json'],
    [inner, 'mqtt/blocks.json'],
    [up, 'up.json'],
  ] as const)
    assert.deepEqual(JSON.parse(block?.text ?? ''), JSON.parse(readFileSync(join(CONF, file), 'utf8')), file);
});

test(`the routes of ${DOCUMENT} lead where it says`, async () => {
  const rows = rowsOf(DOCUMENT, /^`/).filter(({ length }) => length === 4);
  assert.ok(rows.length > 3);
  for (const cells of rows) {
    const [from, to, source, target] = cells.map((cell) => cell.replaceAll('`', ''));
    assert.equal((await bridged({ name: 'b', routes: [{ from, to }] }, { source })).target, target);
  }
});

test(`the envelope of ${DOCUMENT} is what a bridge makes`, async () => {
  const told = JSON.parse(envelope?.text ?? '') as Record<string, unknown>;
  const { source, id, contentType, headers, payload, bridges } = told;
  const [name] = bridges as readonly string[];
  const config = { name, routes: [{ from: '#', to: '{1}' }], envelope: true };
  const made = await bridged(config, { source, id, contentType, headers, payload: Buffer.from(String(payload)) });
  assert.deepEqual(JSON.parse(String(made.payload)), told);
});

test(`check says what ${DOCUMENT} quotes of a circle`, async (t) => {
  const cf = join(ROOT, 'apps/protocol-adapter/dist-test/circle');
  t.after(() => rmSync(cf, { recursive: true, force: true }));
  cpSync(CONF, cf, { recursive: true });
  const down = { name: 'mqtt-nats', routes: [{ from: 'sensors.>', to: 'sensors/{1}' }], back: 'up' };
  writeFileSync(join(cf, 'down.json'), JSON.stringify(down));
  const check = sputnik(t, 'check', '--cf', cf);
  assert.equal(await check.code, 78);
  assert.ok(check.output().includes(circle?.text.trim() ?? '?'), check.output());
});
