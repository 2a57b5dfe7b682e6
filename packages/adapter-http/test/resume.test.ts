import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { codeOf, curl } from './clients.js';
import { Kept, RawReader, serve, Source, turn, type Serving } from './consuming.js';

const EVENTS = 'accept: text/event-stream';
const after = (id: string): string => `last-event-id: ${id}`;
const some = async (turns = 50): Promise<void> => {
  for (; turns > 0; turns--) await turn();
};

/** A gateway before a server that keeps messages, and has some. */
async function serveKept(config: object = {}, ...payloads: readonly string[]): Promise<Serving & { kept: Kept }> {
  const source = new Source();
  const kept = (source.kept = new Kept());
  source.deliver(...payloads);
  return { ...(await serve(config, {}, undefined, source)), kept };
}

async function all(t: TestContext, { port, until }: Serving, ...headers: readonly string[][]): Promise<RawReader[]> {
  const readers = headers.map((each) => new RawReader(t, port, '/consume/news', ...each));
  await until('readers', readers.length);
  return readers;
}

describe('an event', () => {
  test('has the place of its message as id, where the server keeps the source and a header can carry it', async (t) => {
    const serving = await serveKept();
    const [events, lines] = await all(t, serving, [EVENTS], []);
    const sequences = ['17-x', '', 'a b', 'a\nb', 'ü', '18'];
    for (const sequence of sequences) serving.source.deliver({ payload: Buffer.from(sequence), sequence });
    for (const reader of [events, lines]) await reader?.came('"payload":"18"');
    assert.deepEqual(events?.ids, ['17-x', '18']);
    assert.match(events?.text ?? '', /id: 17-x\ndata: \{.*"sequence":"17-x".*\}\n\n/);
    assert.doesNotMatch(lines?.text ?? '', /^id:/m);
  });

  test('has none where the server does not keep the source, or cannot say so, which is logged', async (t) => {
    const serving = await serveKept();
    serving.kept.isKept = false;
    const [first] = await all(t, serving, [EVENTS]);
    serving.source.deliver('one');
    await first?.came('one');
    assert.deepEqual(first?.ids, []);
    const other = await serveKept();
    Object.defineProperty(other.kept, 'isKept', {
      get() {
        throw new Error('not allowed');
      },
    });
    const [second] = await all(t, other, [EVENTS]);
    other.source.deliver('one');
    await second?.came('one');
    assert.deepEqual(second?.ids, []);
    assert.ok(other.flight.recorder.logs.some(({ text }) => /cannot tell whether the server keeps "news"/.test(text)));
  });
});

describe('a reader that has a message', () => {
  test('gets what is kept after it, then what comes, as events or lines, and nobody else gets anything for that', async (t) => {
    const serving = await serveKept({}, '1', '2', '3', '4');
    const [events, lines] = await all(t, serving, [EVENTS, after('2')], [after('3')]);
    await events?.came('"4"');
    serving.source.deliver('5', '6');
    for (const reader of [events, lines]) await reader?.came('"6"');
    assert.deepEqual(
      [events?.payloads, lines?.payloads],
      [
        ['3', '4', '5', '6'],
        ['4', '5', '6'],
      ],
    );
    assert.deepEqual(events?.ids, ['3', '4', '5', '6']);
    assert.deepEqual([serving.source.calls, serving.metric('written_total')], [[], 7]);
  });

  test('has its bounds: max, wait, and places', async (t) => {
    const { url, flight, until, kept, port } = await serveKept({ maxReaders: 1 }, '1', '2', '3', '4');
    const two = await curl('-H', after('1'), `${url}/consume/news?max=2`);
    assert.deepEqual(
      [...two.body.matchAll(/"payload":"(\d)"/g)].map(([, payload]) => payload),
      ['2', '3'],
    );
    const waiting = curl('-H', after('2'), `${url}/consume/news?wait=5`);
    await until('readers', 1);
    assert.equal(codeOf(await curl('-H', after('2'), `${url}/consume/news`)), 'FULL');
    await flight.clock.advance(5_000);
    assert.deepEqual(
      [...(await waiting).body.matchAll(/"payload":"(\d)"/g)].map(([, payload]) => payload),
      ['3', '4'],
    );
    await until('readers', 0);
    assert.equal(kept.open, 0);
    let go = (): void => {};
    kept.held = new Promise((resolve) => (go = resolve));
    const first = new RawReader(t, port, '/consume/news', after('1'));
    await some();
    const refused = await curl('-H', after('2'), `${url}/consume/news`);
    assert.equal(codeOf(refused), 'FULL');
    assert.match(refused.body, /1 others are about to resume/);
    go();
    await first.came('"4"');
  });

  test('is told if it cannot resume: in the words of the server, or since that keeps nothing', async () => {
    const { url, source, kept } = await serveKept({}, '1', '2');
    const ask = (...args: readonly string[]): ReturnType<typeof curl> => curl(...args, `${url}/consume/news?max=1`);
    kept.first = 2;
    const gone = await ask('-H', after('1'));
    assert.deepEqual([gone.status, codeOf(gone)], [409, 'CANNOT_RESUME']);
    assert.match(gone.body, /has no message 1; leave out Last-Event-ID/);
    assert.equal(codeOf(await ask('-H', after('x'))), 'CANNOT_RESUME');
    kept.refusal = new Error('no rights');
    const refused = await ask('-H', after('2'));
    assert.equal(codeOf(refused), 'REFUSED');
    assert.match(refused.body, /no rights/);
    assert.deepEqual([source.calls, kept.open], [[], 0]);
  });

  test('whose id is empty has none, and gets what comes', async (t) => {
    const serving = await serveKept({}, '1');
    const [reader] = await all(t, serving, [EVENTS, 'last-event-id:']);
    serving.source.deliver('2');
    await reader?.came('"2"');
    assert.deepEqual(reader?.payloads, ['2']);
    assert.deepEqual(serving.source.calls, ['consume news']);
  });

  test('leaves nothing on the server when it leaves, is cut, or was never there', async (t) => {
    const serving = await serveKept({}, '1');
    const [one, other] = await all(t, serving, [after('1')], [EVENTS, after('1')]);
    assert.equal(serving.kept.open, 2);
    one?.socket.end();
    other?.socket.resetAndDestroy();
    await serving.until('readers', 0);
    assert.equal(serving.kept.open, 0);
    let go = (): void => {};
    serving.kept.held = new Promise((resolve) => (go = resolve));
    const gone = new RawReader(t, serving.port, '/consume/news', after('1'));
    await some();
    gone.socket.resetAndDestroy();
    await some();
    go();
    await some();
    assert.deepEqual([serving.kept.open, serving.metric('readers')], [0, 0]);
  });

  test('and takes nothing is pushed back and cut by itself: what waits is bounded, and nobody waits for it', async (t) => {
    const serving = await serveKept({ maxReaderBytes: 100_000, readerTimeoutMs: 3_000 }, '1');
    const [live, stuck] = await all(t, serving, [], [after('1')]);
    stuck?.socket.pause();
    const payload = 'x'.repeat(50_000);
    for (let n = 0; n < 400; n++) {
      serving.source.deliver(`${n} ${payload}`);
      await turn();
    }
    await live?.came('"399 ');
    await some(200);
    const written = serving.metric('written_total');
    assert.ok(written < 800, `${written} messages of 50 kB are written, though nobody takes them`);
    await serving.flight.clock.advance(2_900);
    assert.equal(serving.metric('readers_cut_total'), 0);
    await serving.flight.clock.advance(200);
    await serving.until('readers', 1);
    assert.deepEqual([serving.metric('readers_cut_total', { why: 'slow' }), serving.kept.open], [1, 0]);
  });

  test('that would miss messages is cut: its answer breaks off, counted and logged', async (t) => {
    const serving = await serveKept({}, '1', '2');
    const [reader] = await all(t, serving, [after('1')]);
    await reader?.came('"2"');
    serving.kept.first = 5;
    serving.kept.tell();
    await reader?.closed;
    assert.doesNotMatch(reader?.text ?? '', /\r\n0\r\n\r\n$/);
    assert.equal(serving.metric('readers_cut_total', { why: 'gap' }), 1);
    const [line] = serving.flight.recorder.logs.filter(({ event }) => event === 'readerCut');
    assert.match(line?.text ?? '', /no longer has messages that it did not get/);
  });
});

describe('a server that is lost and comes back', () => {
  test('goes on with who has got something after that, and with who has not with what comes: no gap, and nothing twice', async (t) => {
    const serving = await serveKept({}, '1');
    const { source, kept, flight } = serving;
    const [resumed, live] = await all(t, serving, [EVENTS, after('1')], []);
    source.deliver('2', '3');
    for (const reader of [resumed, live]) await reader?.came('"3"');
    const fresh = new RawReader(t, serving.port);
    await serving.until('readers', 3);
    for (let n = 4; n < 10; n += 2) {
      kept.lose();
      await flight.server.drop();
      // a client of another satellite
      kept.add({ source: 'news', payload: Buffer.from(`${n}`), redelivered: false });
      await flight.server.restore();
      source.deliver(`${n + 1}`);
      for (const reader of [resumed, live, fresh]) await reader?.came(`"${n + 1}"`);
    }
    assert.deepEqual(resumed?.payloads, ['2', '3', '4', '5', '6', '7', '8', '9']);
    assert.deepEqual(live?.payloads, resumed?.payloads);
    assert.deepEqual(fresh?.payloads, ['5', '6', '7', '8', '9']);
    assert.equal(kept.open, 3);
  });

  test('gets who resumes while it is away after their messages, or cuts them if it cannot', async (t) => {
    const serving = await serveKept({}, '1', '2', '3');
    const { kept, flight } = serving;
    await flight.server.drop();
    const [early, gone] = await all(t, serving, [EVENTS, after('2')], [after('1')]);
    await early?.came('text/event-stream');
    kept.first = 2;
    await flight.server.restore();
    await early?.came('"3"');
    await gone?.closed;
    assert.deepEqual([early?.payloads, gone?.payloads, serving.metric('readers_cut_total')], [['3'], [], 1]);
    kept.lose();
    await flight.server.drop();
    serving.source.kept = undefined;
    await flight.server.restore();
    await early?.closed;
    assert.equal(serving.metric('readers_cut_total', { why: 'gap' }), 2);
  });

  test('that is lost in the very moment in which somebody resumes goes on with them', async (t) => {
    const serving = await serveKept({}, '1', '2');
    let go = (): void => {};
    serving.kept.held = new Promise((resolve) => (go = resolve));
    const reader = new RawReader(t, serving.port, '/consume/news', after('1'));
    await some();
    serving.kept.lose();
    await serving.flight.server.drop();
    go();
    await reader.came('200 OK');
    await serving.flight.server.restore();
    await reader.came('"2"');
    assert.equal(serving.kept.open, 1);
  });

  test('is asked again while it refuses, at growing intervals, each logged', async (t) => {
    const serving = await serveKept({}, '1');
    const { kept, flight, source } = serving;
    const [reader] = await all(t, serving, [after('1')]);
    const refused = (): number => flight.recorder.logs.filter(({ event }) => event === 'consumeFailed').length;
    kept.refusal = new Error('it has no leader');
    kept.tell();
    await some();
    assert.equal(refused(), 1);
    for (const [seconds, times] of [
      [1, 2],
      [2, 3],
      [4, 4],
      [3, 4],
    ] as const) {
      await flight.clock.advance(seconds * 1_000);
      assert.equal(refused(), times);
    }
    kept.refusal = undefined;
    source.deliver('2');
    await flight.clock.advance(8_000);
    await reader?.came('"2"');
    assert.equal(kept.open, 1);
  });
});

test('a landing ends the answers of those who have resumed, complete', async (t) => {
  const serving = await serveKept({}, '1', '2');
  const [reader] = await all(t, serving, [after('1')]);
  await reader?.came('"2"');
  const { unfinished, failures } = await serving.flight.land();
  assert.deepEqual([unfinished, failures, serving.kept.open], [[], [], 0]);
  await reader?.closed;
  assert.ok(reader?.text.endsWith('"}\n\r\n0\r\n\r\n'), reader?.text.slice(-50));
});
