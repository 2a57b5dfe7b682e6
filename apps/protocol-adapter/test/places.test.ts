import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite, Subscriber } from './support.js';

const CONF = fileURLToPath(new URL('../conf/', import.meta.url));

/** How `conf/demo` is flown: where the satellites inside are, and which processes there are. */
interface Variant {
  readonly title: string;
  readonly entry: { readonly place: 'here' | 'thread' | 'process'; readonly clone?: true };
  readonly processes: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  { title: 'one process', entry: { place: 'here' }, processes: [''] },
  { title: 'one process whose satellites get clones', entry: { place: 'here', clone: true }, processes: [''] },
  { title: 'a thread each', entry: { place: 'thread' }, processes: [''] },
  { title: 'a process each, wherever they are', entry: { place: 'process' }, processes: ['', 'syslog', 'http'] },
];

/** The demo and the folders in it, with each satellite at this place, and nothing else changed. */
function demoAt(t: TestContext, own: Variant['entry']): string {
  const conf = folder(t);
  for (const name of ['demo', 'demo-syslog', 'demo-http'])
    cpSync(join(CONF, name), join(conf, name), { recursive: true });
  const file = join(conf, 'demo', 'blocks.json');
  const entries = JSON.parse(readFileSync(file, 'utf8')) as readonly object[];
  writeFileSync(file, JSON.stringify(entries.map((entry) => ('satellite' in entry ? { ...entry, ...own } : entry))));
  return join(conf, 'demo');
}

for (const { title, entry, processes } of VARIANTS)
  test(`conf/demo as ${title}: what logger and curl send, mosquitto_sub gets; only where they are is changed`, async (t) => {
    const [nats, mqtt, syslog, http] = [await natsServer(t), await freePort(), await freePort(), await freePort()];
    if (entry.place === 'process') await nats.start();
    const cf = demoAt(t, entry);
    const env = {
      CONNECTOR_PORT: `${mqtt}`,
      JOIN_URL: nats.url,
      SYSLOG_SYSLOGRECEIVER_PORT: `${syslog}`,
      HTTP_HTTPGATEWAY_PORT: `${http}`,
      SPUTNIK_ADMIN_PORT: '0',
      SYSLOG_SPUTNIK_ADMIN_PORT: '0',
      HTTP_SPUTNIK_ADMIN_PORT: '0',
    };
    const all = processes.map((satellite) => new Satellite(t, cf, env, undefined, [], satellite));
    const [main, ...others] = all;
    await main?.logs('connected');
    const reaches = (one: Satellite): boolean => one.records('partReachable').some(({ satellite }) => satellite === '');
    await Promise.all(others.map((one) => one.until(() => reaches(one), 'the outermost satellite is reachable')));
    const subscriber = await Subscriber.to(t, mqtt);
    await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-T', 'over TCP');
    await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-d', 'over UDP');
    const url = `http://127.0.0.1:${http}/produce/orders`;
    assert.match(await run(t, 'curl', '-s', '-i', '-d', '{"a":1}', url), /^HTTP\/1\.1 202 /);
    await subscriber.until(() => subscriber.payloads('syslog').length === 2, 'the logs');
    await subscriber.until(() => subscriber.payloads('orders').length === 1, 'the order');
    for (const one of all.toReversed()) {
      one.process.kill('SIGTERM');
      assert.deepEqual(await one.ended, { code: 0, signal: null }, one.lines.slice(-5).join('\n'));
    }
  });
