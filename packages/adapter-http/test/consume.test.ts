import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import { HTTP_GATEWAY_CONFIG } from '@sputnikjs/adapter-http';
import { temporaryFolder } from './certificates.js';
import { codeOf, curl, statusesIn, Wire } from './clients.js';
import { RawReader, serve, turn } from './consuming.js';

const EVENTS = 'accept: text/event-stream';

describe('GET /consume/<source>', () => {
  test('is not there unless it is configured', async () => {
    const { url, source, flight } = await serve({}, { consume: undefined });
    for (const path of ['/consume/news', '/consume/'])
      assert.deepEqual([codeOf(await curl(url + path)), source.calls], ['NOT_FOUND', []]);
    assert.deepEqual(
      flight
        .metrics()
        .flatMap(({ metrics }) => metrics)
        .filter(({ name }) => name === 'readers'),
      [],
    );
  });

  test('gives curl a line of JSON for each message, until there are max', async () => {
    const { url, source, until } = await serve();
    const getting = curl(`${url}/consume/news?max=3`);
    await until('readers', 1);
    source.deliver(
      { payload: Buffer.from('{"a":"ü\n"}'), contentType: 'application/json', headers: { 'ce-id': '1' }, id: 'x' },
      {
        payload: Buffer.from([0, 255]),
        source: 'news.eu',
        redelivered: true,
        deliveries: 2,
        replyTo: 'r',
        correlationId: 'c',
      },
      '',
    );
    const { status, headers, body } = await getting;
    assert.deepEqual(
      [status, headers['content-type'], headers['cache-control'], headers['connection']],
      [200, 'application/x-ndjson', 'no-store', 'close'],
    );
    const lines = body
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(lines, [
      { source: 'news', contentType: 'application/json', headers: { 'ce-id': '1' }, id: 'x', payload: '{"a":"ü\n"}' },
      { source: 'news.eu', deliveries: 2, replyTo: 'r', correlationId: 'c', redelivered: true, payloadBase64: 'AP8=' },
      { source: 'news', payload: '' },
    ]);
    assert.deepEqual(source.fates, ['acknowledged', 'acknowledged', 'acknowledged']);
  });

  test('gives who asks for them server-sent events, one for each message, and a comment every 15 s', async (t) => {
    const { port, source, flight, until } = await serve();
    const reader = new RawReader(t, port, '/consume/news', EVENTS);
    await until('readers', 1);
    await reader.came('text/event-stream; charset=utf-8');
    source.deliver('one', 'a\nb');
    await reader.came('a\\nb');
    await flight.clock.advance(15_000);
    await reader.came('\r\n:\n\n\r\n');
    await flight.clock.advance(15_000);
    const events = reader.text.match(/data: .*\n\n/g)?.map((event) => JSON.parse(event.slice(6)) as unknown);
    assert.deepEqual(events, [
      { source: 'news', payload: 'one' },
      { source: 'news', payload: 'a\nb' },
    ]);
    assert.doesNotMatch(reader.text, /^(id|retry|event):/m);
  });

  test('ends after wait seconds, with what has come', async () => {
    const { url, source, flight, until } = await serve();
    const getting = curl(`${url}/consume/news?wait=20&max=5`);
    await until('readers', 1);
    source.deliver('one');
    await flight.clock.advance(19_000);
    assert.equal(flight.metrics().length > 0, true);
    source.deliver('two');
    await flight.clock.advance(1_000);
    const { status, body } = await getting;
    assert.deepEqual([status, body.split('\n').length], [200, 3]);
  });

  test('serves a source whatever its name, percent-encoded', async () => {
    const { url, source, until } = await serve();
    const getting = curl(`${url}/consume/a/b%20%23?max=1`);
    await until('readers', 1);
    assert.deepEqual(source.calls, ['consume a/b #']);
    source.deliver('x');
    assert.equal((await getting).status, 200);
  });

  test('refuses what it cannot keep, and says why', async () => {
    const { url, source } = await serve();
    const cases: readonly (readonly [string, readonly string[], string, RegExp])[] = [
      ['/consume/', [], 'BAD_REQUEST', /there is no source/],
      ['/consume/other', [], 'NOT_FOUND', /does not serve the source .{2}other/],
      ['/consume/news?max=0', [], 'BAD_REQUEST', /max.{2} must be/],
      ['/consume/news?max=1.5', [], 'BAD_REQUEST', /max.{2} must be/],
      ['/consume/news?wait=-1', [], 'BAD_REQUEST', /wait.{2} must be/],
      ['/consume/news?wait=86401', [], 'BAD_REQUEST', /up to 86400/],
      ['/consume/news?max=1&max=2', [], 'BAD_REQUEST', /given twice/],
      ['/consume/news?limit=1', [], 'BAD_REQUEST', /no query parameter .{2}limit/],
      ['/consume/news', ['-H', 'last-event-id: 5'], 'CANNOT_RESUME', /keeps no messages that were handled/],
      ['/consume/news', ['-H', 'accept: text/html'], 'NOT_ACCEPTABLE', /application\/x-ndjson or text\/event-stream/],
      ['/consume/news', ['-X', 'GET', '-d', 'x'], 'BAD_REQUEST', /has a body/],
      ['/consume/news', ['-H', 'origin: http://evil.example'], 'FORBIDDEN', /comes from a web page/],
      ['/consume/news', ['-d', 'x'], 'METHOD_NOT_ALLOWED', /Allow/],
    ];
    for (const [path, args, code, detail] of cases) {
      const got = await curl(...args, url + path);
      assert.equal(codeOf(got), code, path);
      assert.match(got.body, detail);
      if (code === 'METHOD_NOT_ALLOWED') assert.equal(got.headers['allow'], 'GET');
    }
    assert.equal((await curl('--head', `${url}/consume/news`)).status, 405);
    assert.deepEqual(source.calls, []);
  });

  test('takes a connection for itself: it is refused behind a request under way, and what is behind it is not processed', async () => {
    const { port, source, until, metric } = await serve();
    const get = 'GET /consume/news?max=1 HTTP/1.1\r\nhost: a\r\n\r\n';
    const post = 'POST /produce/t HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
    const first = new Wire(port).send(get + post + get);
    await until('readers', 1);
    source.deliver('one');
    assert.deepEqual(statusesIn(await first.received), [200]);
    assert.equal(metric('answers_total', { status: '202' }), 0);
    let taken = (): void => {};
    const held = new Promise<void>((resolve) => (taken = resolve));
    const other = await serve({}, {}, () => held);
    const behind = new Wire(other.port).send(post + get);
    await other.until('pending', 1);
    while (other.metric('answers_total', { code: 'BAD_REQUEST' }) === 0) await turn();
    taken();
    behind.socket.end();
    assert.deepEqual(statusesIn(await behind.received), [202, 400]);
    assert.deepEqual(other.source.calls, []);
  });
});

describe('a token', () => {
  test('that may send may not consume, and one that may consume may not send, unless it says both', async (t) => {
    const folder = temporaryFolder(t);
    const tokens = ['sender', 'reader', 'both'].map((name) => {
      const file = join(folder, name);
      writeFileSync(file, `${name}-secret`, { mode: 0o600 });
      return {
        name,
        file,
        ...(name !== 'reader' && { targets: ['*'] }),
        ...(name !== 'sender' && { sources: [name === 'both' ? '*' : 'n*s'] }),
      };
    });
    const { url, source, until } = await serve({}, { tokens });
    const as = (name: string): string[] => ['-H', `authorization: Bearer ${name}-secret`];
    assert.equal(codeOf(await curl(`${url}/consume/news`)), 'UNAUTHORIZED');
    const denied = await curl(...as('sender'), `${url}/consume/news`);
    assert.equal(codeOf(denied), 'FORBIDDEN');
    assert.match(denied.body, /the token .{2}sender.{2} is not for the source .{2}news/);
    assert.equal(codeOf(await curl(...as('reader'), `${url}/consume/other`)), 'FORBIDDEN');
    assert.equal(codeOf(await curl(...as('both'), `${url}/consume/other`)), 'NOT_FOUND');
    assert.equal(codeOf(await curl(...as('reader'), '-d', 'x', `${url}/produce/news`)), 'FORBIDDEN');
    assert.equal((await curl(...as('both'), '-d', 'x', `${url}/produce/news`)).status, 202);
    assert.deepEqual(source.calls, []);
    const both = Promise.all(['reader', 'both'].map((name) => curl(...as(name), `${url}/consume/news?max=1`)));
    await until('readers', 2);
    source.deliver('x');
    assert.deepEqual(
      (await both).map(({ status }) => status),
      [200, 200],
    );
  });

  test('has to allow something, and sources need some that are served', () => {
    const problems = (config: object): string =>
      HTTP_GATEWAY_CONFIG.safeParse(config)
        .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
        .join('\n') ?? '';
    const consume = { sources: ['news'] };
    assert.match(problems({ tokens: [{ name: 'a', file: 'a' }] }), /^tokens\.0\.targets: the token allows nothing/);
    assert.match(
      problems({ tokens: [{ name: 'a', file: 'a', sources: ['*'] }] }),
      /^tokens\.0\.sources: nothing can be consumed/,
    );
    assert.equal(problems({ consume, tokens: [{ name: 'a', file: 'a', sources: ['*'] }] }), '');
    assert.match(
      problems({ consume: { ...consume, maxReaders: 2_000 } }),
      /^consume\.maxReaders: cannot be larger than maxConnections/,
    );
    assert.match(problems({ consume: { sources: [] } }), /^consume\.sources/);
  });
});

describe('readers of one source', () => {
  test('each get every message that comes while they read, in order; it is acknowledged when it was written to all', async (t) => {
    const { port, source, until } = await serve();
    const first = new RawReader(t, port);
    await until('readers', 1);
    source.deliver('1', '2');
    await first.came('"2"');
    const second = new RawReader(t, port, '/consume/news', EVENTS);
    await until('readers', 2);
    source.deliver('3', '4', '5');
    await first.came('"5"');
    await second.came('"5"');
    assert.deepEqual(
      [first.payloads, second.payloads],
      [
        ['1', '2', '3', '4', '5'],
        ['3', '4', '5'],
      ],
    );
    assert.deepEqual(new Set(source.fates), new Set(['acknowledged']));
    assert.deepEqual(source.calls, ['consume news']);
  });

  test('are none before the first: nothing is consumed; and when the last has left what waits is kept for a moment, then given back', async (t) => {
    const { url, port, source, flight, until, metric } = await serve();
    assert.deepEqual(source.calls, []);
    const poll = (): Promise<readonly string[]> =>
      curl(`${url}/consume/news?max=1`).then(({ body }) =>
        [...body.matchAll(/"payload":"(\w+)"/g)].map(([, one = '']) => one),
      );
    const polling = poll();
    await until('readers', 1);
    source.deliver('1', '2', '3', '4');
    assert.deepEqual([await polling, await poll(), await poll()], [['1'], ['2'], ['3']]);
    await until('readers', 0);
    await flight.clock.advance(4_000);
    assert.deepEqual([source.fates[3], metric('waiting_messages')], ['under way', 1]);
    await flight.clock.advance(1_000);
    assert.deepEqual(source.fates, ['acknowledged', 'acknowledged', 'acknowledged', 'given back']);
    assert.deepEqual(source.calls, ['consume news', 'stop news']);
    source.deliver('late');
    await turn();
    assert.equal(source.fates[4], 'given back');
    const next = new RawReader(t, port);
    await until('readers', 1);
    source.deliver('4');
    await next.came('"4"');
    assert.deepEqual(source.calls, ['consume news', 'stop news', 'consume news']);
  });

  test('who leave are no longer written to, whether they say so or not', async (t) => {
    const { port, source, until, metric } = await serve();
    const readers = [new RawReader(t, port), new RawReader(t, port), new RawReader(t, port, '/consume/news', EVENTS)];
    await until('readers', 3);
    readers[0]?.socket.end();
    await until('readers', 2);
    readers[1]?.socket.resetAndDestroy();
    await until('readers', 1);
    source.deliver('x');
    await readers[2]?.came('"x"');
    assert.equal(metric('written_total'), 1);
  });

  test('that read nothing make the others wait, until they are cut; what waits for them is bounded, and counted', async (t) => {
    const { port, source, flight, until, metric } = await serve({ maxReaderBytes: 100_000, readerTimeoutMs: 3_000 });
    const [fast, stuck] = [new RawReader(t, port), new RawReader(t, port)];
    await until('readers', 2);
    stuck.socket.pause();
    const payload = 'x'.repeat(50_000);
    let delivered = 0;
    // until the buffers of the kernel are full, too
    while (source.fates.at(-1) !== 'under way' && delivered < 1_000) {
      source.deliver(`${delivered++}-${payload}`);
      for (let turns = 0; turns < 20; turns++) await turn();
    }
    assert.ok(delivered < 1_000, 'nothing is bounded');
    source.deliver('last');
    await flight.clock.advance(2_900);
    assert.deepEqual([source.fates.at(-1), metric('readers_cut_total')], ['under way', 0]);
    await flight.clock.advance(100);
    await fast.came('"last"');
    assert.equal(fast.payloads.length, delivered + 1);
    assert.deepEqual(new Set(source.fates), new Set(['acknowledged']));
    assert.equal(metric('readers_cut_total', { why: 'slow' }), 1);
    assert.ok(metric('missed_total') >= 1);
    await until('readers', 1);
    const [line] = flight.recorder.logs.filter(({ event }) => event === 'readerCut');
    assert.match(line?.text ?? '', /took nothing for 3000 ms while a message waited for it/);
  });

  test('are no more than maxReaders: of the client that has most one gives way, else the newcomer is refused', async (t) => {
    const folder = temporaryFolder(t);
    const tokens = ['a', 'b', 'c'].map((name) => {
      const file = join(folder, name);
      writeFileSync(file, name, { mode: 0o600 });
      return { name, file, sources: ['*'] };
    });
    const { port, url, until, metric } = await serve({ maxReaders: 3 }, { tokens });
    const read = (name: string): RawReader => new RawReader(t, port, '/consume/news', `authorization: Bearer ${name}`);
    const all = [];
    for (let count = 1; count <= 3; count++) {
      all.push(read('a'));
      await until('readers', count);
    }
    const full = await curl('-H', 'authorization: Bearer a', `${url}/consume/news`);
    assert.deepEqual([full.status, codeOf(full), full.headers['retry-after']], [503, 'FULL', '1']);
    const b = read('b');
    await b.came('200 OK');
    await all[0]?.closed;
    assert.equal(metric('readers_cut_total', { why: 'gaveWay' }), 1);
    // a has two, b one: no other would have fewer than b then
    assert.equal(codeOf(await curl('-H', 'authorization: Bearer b', `${url}/consume/news`)), 'FULL');
    const c = read('c');
    await c.came('200 OK');
    await all[1]?.closed;
    assert.equal(metric('readers'), 3);
  });
});

describe('the server', () => {
  test('that is away has readers answered 503; one that refuses the subscription, 502 in its words, and the next one tries again', async () => {
    const { url, source, flight, until } = await serve();
    source.refusal = new Error('there is no stream for it');
    const got = await curl(`${url}/consume/news`);
    assert.deepEqual([got.status, codeOf(got)], [502, 'REFUSED']);
    assert.match(got.body, /there is no stream for it/);
    source.refusal = new SputnikError('CONNECTION_LOST');
    assert.equal(codeOf(await curl(`${url}/consume/news`)), 'SERVER_AWAY');
    source.refusal = undefined;
    const getting = curl(`${url}/consume/news?max=1`);
    await until('readers', 1);
    source.deliver('x');
    assert.equal((await getting).status, 200);
    await flight.server.drop();
    const away = await curl(`${url}/consume/news`);
    assert.deepEqual([away.status, codeOf(away), away.headers['retry-after']], [503, 'SERVER_AWAY', '5']);
  });

  test('that is lost and comes back goes on with those who read, also if it refuses that for a while', async (t) => {
    const { port, source, flight, until } = await serve();
    const reader = new RawReader(t, port);
    await until('readers', 1);
    source.deliver('1');
    await reader.came('"1"');
    source.refusal = new Error('not yet');
    await flight.server.drop();
    await flight.server.restore();
    const refused = source.calls.length;
    assert.ok(refused > 1);
    source.refusal = undefined;
    while (source.calls.length === refused) await flight.clock.advance(1_000);
    source.deliver('2');
    await reader.came('"2"');
    assert.deepEqual(reader.payloads, ['1', '2']);
    assert.ok(flight.recorder.logs.some(({ event }) => event === 'consumeFailed'));
  });
});

describe('a landing', () => {
  test('ends the answers, complete, gives back what nobody got, and is not held up by who does not read', async (t) => {
    const { port, source, flight, until } = await serve({ maxReaderBytes: 1_000 });
    const [reader, stuck] = [new RawReader(t, port), new RawReader(t, port)];
    await until('readers', 2);
    stuck.socket.pause();
    while (source.fates.at(-1) !== 'under way') {
      source.deliver('x'.repeat(100_000));
      for (let turns = 0; turns < 20; turns++) await turn();
    }
    const { unfinished, failures } = await flight.land();
    assert.deepEqual([unfinished, failures], [[], []]);
    await reader.closed;
    assert.ok(reader.text.endsWith('"}\n\r\n0\r\n\r\n'), reader.text.slice(-50));
    assert.equal(source.fates.at(-1), 'given back');
  });
});
