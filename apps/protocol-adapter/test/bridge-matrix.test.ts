import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amqpEnd, mqttEnd, natsEnd, redisEnd, type End } from './bridge-ends.js';
import { nestedFolder } from './bridge-folder.js';
import { Satellite } from './support.js';

type Kind = 'nats' | 'mqtt' | 'redis' | 'amqp';
const KINDS: readonly Kind[] = ['nats', 'mqtt', 'redis', 'amqp'];

test('a bridge leads from each server to each: body, content type, headers and id arrive where both servers carry them', async (t) => {
  const ends: Record<Kind, End> = {
    nats: await natsEnd(t),
    mqtt: await mqttEnd(t),
    redis: await redisEnd(t),
    amqp: await amqpEnd(t),
  };
  const pairs = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));
  const sourceOf = (from: Kind, to: Kind): string => ['in', to, 'a'].join(ends[from].separator);
  const targetOf = (from: Kind, to: Kind): string => ['out', from, 'a'].join(ends[to].separator);
  const wild = { nats: '*', mqtt: '+', redis: '*', amqp: '*' };

  const bridges = pairs.map(([from, to]) => ({
    name: `${from}-${to}`,
    routes: [
      { from: ['in', to, wild[from]].join(ends[from].separator), to: ['out', from, '{1}'].join(ends[to].separator) },
    ],
    envelope: to === 'mqtt',
  }));
  const blocks = [
    ...KINDS.map((to) => ({ satellite: `to-${to}` })),
    ...pairs.map(([from, to]) => ({
      name: 'bridge',
      responsibility: `${from}-${to}`,
      needs: { producer: `to-${to}/producer` },
    })),
    ...KINDS.map((from) => ({ satellite: `from-${from}` })),
  ];
  const satellites = KINDS.map((kind): Readonly<Record<string, Readonly<Record<string, unknown>>>> => {
    const { connector } = ends[kind];
    const consumers = KINDS.map((to) => ({
      name: 'consumer',
      responsibility: to,
      needs: { receiver: `${kind}-${to}` },
    }));
    return {
      [`to-${kind}`]: { 'blocks.json': [{ name: 'producer' }], 'connector.json': connector },
      [`from-${kind}`]: {
        'blocks.json': consumers,
        'connector.json': connector,
        ...Object.fromEntries(KINDS.map((to) => [`${to}.json`, { source: sourceOf(kind, to) }])),
      },
    };
  });
  const outermost = {
    'blocks.json': blocks,
    ...Object.fromEntries(bridges.map((bridge) => [`${bridge.name}.json`, bridge])),
  };
  const cf = nestedFolder(t, Object.assign({ '': outermost }, ...satellites) as Parameters<typeof nestedFolder>[1]);
  for (const kind of KINDS)
    await ends[kind].prepare(KINDS.flatMap((other) => [sourceOf(kind, other), targetOf(other, kind)]));
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected', 2 * KINDS.length);

  const mail = {
    contentType: 'text/plain; charset=utf-8',
    headers: { traceparent: '00-ab', 'x-of': 'żółw' },
  };
  for (const [from, to] of pairs)
    await t.test(`${from} to ${to}`, async () => {
      const body = `from ${from} to ${to}, "zażółć"`;
      const given = { ...mail, id: `${from}-${to}-7`, body };
      await ends[from].put(sourceOf(from, to), given);
      const [arrived, ...others] = await ends[to].take(targetOf(from, to));
      assert.deepEqual(others, []);
      const hops = `${from}-${to}`;
      const carried = from === 'mqtt' ? { body } : given;
      if (to === 'mqtt') {
        const { payload, ...rest } = JSON.parse(arrived?.body ?? '') as Record<string, unknown>;
        const { body: _, ...known } = carried;
        const headers = from === 'mqtt' ? {} : mail.headers;
        assert.deepEqual([payload, rest], [body, { ...known, headers, source: sourceOf(from, to), bridges: [hops] }]);
        return;
      }
      assert.equal(arrived?.body, body);
      if (from === 'mqtt') return assert.deepEqual(arrived.headers, { 'Sputnik-Bridges': hops });
      assert.deepEqual(arrived, { ...given, headers: { ...mail.headers, 'Sputnik-Bridges': hops } });
    });
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
});
