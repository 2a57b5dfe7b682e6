import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectToNats } from '@nats-io/transport-node';
import { numbered } from '@sputnikjs/testkit';
import { natsServer, redisServer } from '@sputnikjs/testkit/servers';
import {
  behind,
  EVENTS,
  fourServers,
  idsOf,
  land,
  payloadsOf,
  publishToNats,
  read,
  sayToNats,
  serve,
  STREAMS,
} from './consuming.js';
import { run, type Program } from './support.js';

/** What a request gets: its status, and the code of its problem details. */
async function refusal(t: TestContext, port: number, source: string, ...args: readonly string[]): Promise<unknown> {
  const url = `http://127.0.0.1:${port}/consume/${encodeURIComponent(source)}`;
  const answer = await run(t, 'curl', '-s', '-w', '\n%{http_code}', ...args, url);
  const [body = '', status] = answer.split('\n');
  return [status, (JSON.parse(body) as { code?: unknown }).code];
}

test('curl that has some events gets those that it missed and those to come, where the server keeps them', async (t) => {
  const trials = (await fourServers(t)).map(async ({ name, server, source, connector, publish }) => {
    await server.start();
    const { satellite, port } = await serve(t, connector, source);
    const first = await read(t, port, source, ...EVENTS, '-G', '-d', 'max=2');
    for (const n of numbered(6)) await publish(n);
    assert.equal((await first.ended).code, 0);
    const [, id = ''] = idsOf(first);
    if (name === 'mqtt' || name === 'amqp') {
      assert.equal(id, '', name);
      assert.deepEqual(await refusal(t, port, source, ...behind('1')), ['409', 'CANNOT_RESUME'], name);
    } else {
      const lines = await read(t, port, source, ...behind(id), '-G', '-d', 'max=5');
      const events = await read(t, port, source, ...behind(id), ...EVENTS, '-G', '-d', 'max=5');
      const live = await read(t, port, source);
      await publish('6');
      for (const curl of [lines, events]) {
        assert.equal((await curl.ended).code, 0, name);
        assert.deepEqual([...payloadsOf(first), ...payloadsOf(curl)], numbered(7), name);
      }
      // what nobody had acknowledged is the live one's, as if nobody had resumed
      await live.until(() => payloadsOf(live).includes('6'), 'the last');
      assert.deepEqual(new Set([...payloadsOf(first), ...payloadsOf(live)]), new Set(numbered(7)), name);
    }
    await land(satellite);
  });
  await Promise.all(trials);
});

test('over kills of the server readers get each message once, in order, whether they had resumed or not', async (t) => {
  const servers = {
    nats: { server: await natsServer(t), source: 'news.>', more: { streams: STREAMS } },
    redis: { server: await redisServer(t), source: 'news', more: {} },
  };
  for (const [name, { server, source, more }] of Object.entries(servers)) {
    await server.start();
    const { satellite, port } = await serve(
      t,
      { module: `@sputnikjs/connector-${name}`, url: server.url, ...more },
      source,
    );
    const publish = (from: number, to: number): Promise<unknown> => {
      if (name === 'nats') return publishToNats(server.port, from, to);
      const add = 'for i = ARGV[1], ARGV[2] do redis.call("XADD", KEYS[1], "*", "payload", tostring(i)) end';
      return run(t, 'redis-cli', '-p', `${server.port}`, 'EVAL', add, '1', 'news', `${from}`, `${to - 1}`);
    };
    const live = [await read(t, port, source), await read(t, port, source, ...EVENTS)];
    await publish(0, 50);
    for (const curl of live) await curl.until(() => payloadsOf(curl).length === 50, 'the first');
    const [id = ''] = idsOf(live[1] as Program).slice(-1);
    const behindFifty = [
      await read(t, port, source, ...behind(id)),
      await read(t, port, source, ...behind(id), ...EVENTS),
    ];
    for (let n = 1; n <= 3; n++) {
      await publish(n * 50, n * 50 + 25);
      await server.stop();
      await server.start();
      await publish(n * 50 + 25, n * 50 + 50);
      await satellite.logs('connected', n + 1);
    }
    for (const curl of live) await curl.until(() => payloadsOf(curl).includes('199'), 'the last');
    for (const curl of behindFifty) await curl.until(() => payloadsOf(curl).includes('199'), 'the last');
    for (const curl of live) assert.deepEqual(payloadsOf(curl).map(String), numbered(200), name);
    for (const curl of behindFifty) assert.deepEqual(payloadsOf(curl).map(String), numbered(200).slice(50), name);
    await land(satellite);
    for (const curl of [...live, ...behindFifty]) assert.equal((await curl.ended).code, 0, name);
  }
});

test('who would resume after a message that was trimmed, or is of a stream that was made again, is refused', async (t) => {
  const [nats, redis] = [await natsServer(t), await redisServer(t)];
  await Promise.all([nats.start(), redis.start()]);
  const add = (...args: readonly string[]): Promise<string> => run(t, 'redis-cli', '-p', `${redis.port}`, ...args);

  const first = await serve(t, { module: '@sputnikjs/connector-redis', url: redis.url }, 'news');
  const id = await add('XADD', 'news', '*', 'payload', '0');
  for (const n of numbered(5)) await add('XADD', 'news', 'MAXLEN', '=', '3', '*', 'payload', n);
  assert.deepEqual(await refusal(t, first.port, 'news', ...behind(id)), ['409', 'CANNOT_RESUME']);
  const last = await add('XADD', 'news', '*', 'payload', 'last');
  await add('DEL', 'news');
  assert.deepEqual(await refusal(t, first.port, 'news', ...behind(last)), ['409', 'CANNOT_RESUME']);
  await land(first.satellite);

  const client = await connectToNats({ servers: nats.url });
  t.after(() => client.close());
  const { streams } = await jetstreamManager(client);
  const make = async (limits: object): Promise<void> =>
    void (await streams.add({ name: 'ALL', subjects: ['news.>'], ...limits }));
  await make({ max_msgs: 3 });
  const sources = ['news.>', 'queue.>', 'last.>'];
  const { satellite, port } = await serve(t, { module: '@sputnikjs/connector-nats', url: nats.url }, 'news.>', {
    sources,
  });
  const curl = await read(t, port, 'news.>', ...EVENTS);
  await publishToNats(nats.port, 0, 1);
  await curl.until(() => payloadsOf(curl).length === 1, 'an event');
  const [place = ''] = idsOf(curl);
  await publishToNats(nats.port, 1, 4);
  const next = await read(t, port, 'news.>', ...behind(place), '-G', '-d', 'max=3');
  assert.equal((await next.ended).code, 0);
  assert.deepEqual(payloadsOf(next), ['1', '2', '3']);
  await publishToNats(nats.port, 4, 5);
  assert.deepEqual(await refusal(t, port, 'news.>', ...behind(place)), ['409', 'CANNOT_RESUME']);
  await streams.delete('ALL');
  await make({});
  await publishToNats(nats.port, 0, 10);
  assert.deepEqual(await refusal(t, port, 'news.>', ...behind(place)), ['409', 'CANNOT_RESUME']);
  for (const [name, limits] of Object.entries({
    queue: { retention: 'workqueue' },
    last: { max_msgs_per_subject: 5 },
  } as const)) {
    await streams.add({ name, subjects: [`${name}.>`], ...limits });
    const reader = await read(t, port, `${name}.>`, ...EVENTS, '-G', '-d', 'max=1');
    await sayToNats(nats.port, [`${name}.eu`, 'x']);
    assert.equal((await reader.ended).code, 0);
    assert.deepEqual(idsOf(reader), [], `${name}: an event has an id, though nobody can resume after it`);
    const line = reader.lines.find((one) => one.startsWith('data: ')) ?? '';
    const { sequence = '' } = JSON.parse(line.slice(6)) as { sequence?: string };
    assert.deepEqual(await refusal(t, port, `${name}.>`, ...behind(sequence)), ['409', 'CANNOT_RESUME']);
  }
  await land(satellite);
});
