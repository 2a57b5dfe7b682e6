import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { manualClock, type ManualClock } from '@sputnikjs/testkit';
import { Bodies, type BodyLimits } from '../dist/receive/bodies.js';

/** Bodies, and a server whose requests they read. */
async function reading(t: TestContext, limits: Partial<BodyLimits> = {}) {
  const clock: ManualClock = manualClock();
  const all = { maxBodyBytes: 1_000, maxHeldBytes: 1_000, minBodyBytesPerSecond: 0, ...limits };
  const server = createServer().listen(0, '127.0.0.1');
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  /** A request that announces so many bytes, and has sent some of them. */
  async function begin(announced: number, sent: number): Promise<IncomingMessage> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    socket.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${announced}\r\n\r\n${'x'.repeat(sent)}`);
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    return request;
  }
  return { clock, bodies: new Bodies(all, clock), begin };
}

describe('a body', () => {
  test('that comes too slowly over five seconds is refused, unless it is we who let it wait', async (t) => {
    const { clock, bodies, begin } = await reading(t, { minBodyBytesPerSecond: 2 });
    const [slow, fast, waits] = [await begin(100, 9), await begin(100, 10), await begin(100, 0)];
    const outcomes = new Map<IncomingMessage, unknown>();
    for (const request of [slow, fast, waits]) {
      bodies.read(request, 'a').catch((error: unknown) => outcomes.set(request, error));
      if (request !== waits) await once(request, 'data');
    }
    await clock.advance(4_999);
    bodies.checkRates((request) => request === waits);
    await clock.advance(1);
    bodies.checkRates((request) => request === waits);
    await clock.advance(1);
    assert.deepEqual([...outcomes.keys()], [slow]);
    const { code } = outcomes.get(slow) as { code?: unknown };
    assert.equal(code, 'REQUEST_TIMEOUT');
  });

  test('of which nothing comes for a second gives way to the next, be it of the same client', async (t) => {
    const { clock, bodies, begin } = await reading(t);
    const stalled = await begin(1_000, 600);
    const refused = assert.rejects(bodies.read(stalled, 'a'), { code: 'FULL' });
    await once(stalled, 'data');
    await assert.rejects(bodies.read(await begin(600, 600), 'a'), { code: 'FULL' });
    await clock.advance(1_000);
    assert.equal((await bodies.read(await begin(600, 600), 'a')).length, 600);
    await refused;
  });

  test('of a client that has sent more gives way to the body of another at once', async (t) => {
    const { bodies, begin } = await reading(t);
    const large = await begin(1_000, 700);
    const refused = assert.rejects(bodies.read(large, 'a'), { code: 'FULL' });
    await once(large, 'data');
    assert.equal((await bodies.read(await begin(600, 600), 'b')).length, 600);
    await refused;
  });

  test('of which more comes when its request is answered is not held', async (t) => {
    const { bodies, begin } = await reading(t);
    const answered = await begin(1_000, 1_000);
    bodies.release(answered);
    void bodies.read(answered, 'a');
    answered.resume();
    await once(answered, 'end');
    assert.equal((await bodies.read(await begin(1_000, 1_000), 'a')).length, 1_000, 'there is room for all of it');
  });
});

test('answers take no more than half of the room, but for one of them', async (t) => {
  const { bodies, begin } = await reading(t);
  const [first, second] = [await begin(1, 1), await begin(1, 1)];
  for (const request of [first, second]) await bodies.read(request, 'a');
  bodies.holdMore(first, 600, 'a');
  assert.throws(() => bodies.holdMore(second, 1, 'a'), { code: 'FULL' });
  bodies.release(first);
  bodies.holdMore(second, 500, 'a');
});
