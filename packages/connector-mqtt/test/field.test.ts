// Faults that were met in the field, each with where it was reported.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SputnikError } from '@sputnikjs/core';
import { connector as definition, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { Collector, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { connect, embedded, makeConnector, open, portOf, temporaryFolder } from './helpers.js';
import { mosquitto } from './mosquitto.js';

const BROKERS = ['mosquitto', 'the embedded broker'] as const;

/** Each of them refused by us: mosquitto ends the connection at most, and tells nobody of the others. */
const FORBIDDEN = [
  ['$share/g/x', '$share/g', '$share/', '$share', '$shared/x', '$share//x'],
  ['$SYS', '$SYS/x', '$SYSTEM', '$CONTROL/x', '$CONTROL/dynamic-security/v1'],
  ['', '+', '#', 'a/#', 'a\tb', 'a\0', '\u0085', '\ufffe', '\u{1ffff}', '\ud800', '/'.repeat(201), 'x'.repeat(65_536)],
].flat();
/** Of the same look, and as good as any. */
const ALLOWED = [
  ['$sys/x', '$SHARE/g/x', '$shar', '$CONTROL', '$CONTROLS/x', '$queue/x', '$', '$/', '/$share/g/x', 'a/$SYS'],
  ['/', '//', ' ', 'ü 😀', '\ufeff', '\u2028', 'e\u0301', '"', '%00', '/'.repeat(99), 'x'.repeat(65_535)],
].flat();

for (const broker of BROKERS) {
  const config = async (t: Parameters<typeof mosquitto>[0]): Promise<object> =>
    broker === 'mosquitto' ? { url: (await mosquitto(t)).url } : embedded;

  test(`${broker}: a target that it keeps to itself, or cannot have, is refused at once, and those beside it arrive`, async (t) => {
    // mqttjs/MQTT.js#1402
    const { connection, connector, lost } = await open(t, await config(t));
    const seen = new Collector<string>();
    for (const target of ALLOWED)
      await connection.consumer.consume(target, async (message) => {
        assert.equal(message.source, target);
        seen.add(textOf(message));
      });
    const refusals = FORBIDDEN.map((target) => rejection(connection.producer.produce({ target, payload: 'x' })));
    await Promise.all(ALLOWED.map((target, n) => connection.producer.produce({ target, payload: `${n}` })));
    for (const error of await Promise.all(refusals)) assert.match(error.message, /^cannot publish to "/);
    await seen.reaches(ALLOWED.length);
    assert.deepEqual(new Set(seen.items), new Set(numbered(ALLOWED.length)));
    assert.equal(await connector.isConnected(), true);
    assert.equal(await Promise.race([lost, realTime(0, 'kept')]), 'kept');
  });

  test(`${broker}: a filter that nothing can ever come of is refused as BAD_CONFIG, and ends no connection`, async (t) => {
    // eclipse-mosquitto/mosquitto#1413
    const { connection, connector } = await open(t, await config(t));
    for (const filter of [
      '',
      'a#',
      '+a',
      'a/#/b',
      'a\0',
      '$share',
      '$share/g',
      '$share//x',
      '$share/+/x',
      '$shared/x',
    ]) {
      const error = await rejection(connection.consumer.consume(filter, async () => {}));
      assert.equal((error as SputnikError).code, 'BAD_CONFIG', filter);
    }
    assert.equal(await connector.isConnected(), true);
  });

  test(`${broker}: a handler that takes longer than the keepalive is called once, and the connection stays while nothing is said`, async (t) => {
    const { connection, lost } = await open(t, { ...(await config(t)), keepaliveSeconds: 1 });
    const seen = new Collector<string>();
    let done = 0;
    await connection.consumer.consume('slow', async (message) => {
      seen.add(textOf(message));
      await realTime(4000);
      done++;
    });
    await connection.producer.produce({ target: 'slow', payload: 'x' });
    await realTime(5000);
    assert.deepEqual([seen.items, done], [['x'], 1]);
    assert.equal(await Promise.race([lost, realTime(0, 'kept')]), 'kept');
  });
}

test('a shared subscription has each message handled by one of its subscribers; the embedded broker, which has none, says so', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const seen = new Collector<string>();
  for (const name of ['one', 'two']) {
    const subscriber = await open(t, { url });
    await subscriber.connection.consumer.consume('$share/g/jobs/+', async (message) => {
      assert.equal(message.source, 'jobs/a');
      seen.add(`${name} ${textOf(message)}`);
    });
  }
  for (const payload of numbered(10)) await connection.producer.produce({ target: 'jobs/a', payload });
  await seen.reaches(10);
  const payloads = seen.items.map((item) => item.split(' ')[1] ?? '');
  assert.deepEqual(payloads.toSorted(), numbered(10));
  assert.equal(new Set(seen.items.map((item) => item.split(' ')[0])).size, 2);

  const own = (await open(t, embedded)).connection;
  const error = await rejection(own.consumer.consume('$share/g/jobs', async () => {}));
  assert.equal((error as SputnikError).code, 'BAD_CONFIG');
  assert.match(error.message, /: the embedded broker has no shared subscriptions$/);
  const others = ['-p', String(portOf(own)), '-t', '$share/g/jobs', '-W', '5'];
  const { stderr } = await promisify(execFile)('mosquitto_sub', others).catch((failure: { stderr: string }) => failure);
  assert.match(stderr, /denied|rejected/);
});

test('a server that refuses the client identifier may mean the keepalive, and the error says both', async (t) => {
  // eclipse-mosquitto/mosquitto#2309
  const refusing = createServer((socket) => void socket.on('error', () => {}).end(Buffer.from([0x20, 2, 0, 2])));
  t.after(() => refusing.close());
  await once(refusing.listen(0, '127.0.0.1'), 'listening');
  const url = `mqtt://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
  const error = await rejection(connect(makeConnector(t, { url })));
  assert.match(error.message, /Identifier rejected; choose another clientId, or a smaller keepaliveSeconds$/);
});

test('the check before a start finds files that are missing, and says where an embedded broker is going to listen', async (t) => {
  const check = (raw: object): unknown => definition.check?.(MQTT_CONFIG.parse(raw));
  const folder = await temporaryFolder(t);
  const [missing, bad] = [join(folder, 'missing.pem'), join(folder, 'bad.pem')];
  await writeFile(bad, 'no certificate');
  const tls = { url: 'mqtts://broker.test', caFile: missing, certFile: bad, keyFile: bad };
  const { problems = [], listens } = (await check(tls)) as { problems?: readonly string[]; listens?: unknown };
  assert.equal(problems.length, 3);
  assert.match(
    problems.join('\n'),
    /^cannot read caFile: ENOENT.*missing\.pem'\ncertFile holds nothing in PEM.*\nkeyFile /,
  );
  assert.deepEqual(listens, []);
  const place = { protocol: 'tcp', host: '127.0.0.1', port: 1883 };
  assert.deepEqual(await check({ embedded: true }), { problems: [], listens: [place] });
  assert.deepEqual(await check({ embedded: true, port: 0 }), { problems: [], listens: [{ ...place, port: 0 }] });
});
