import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Outgoing, type Publication } from '../dist/link/outgoing.js';

/** A socket, and what has come at its other end when it was closed. */
async function pair(t: TestContext): Promise<{ readonly socket: Socket; readonly arrived: () => Promise<string> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = (await once(server, 'connection')) as [Socket];
  const pieces: Buffer[] = [];
  other.on('data', (piece: Buffer) => pieces.push(piece));
  const ended = once(other, 'end');
  return {
    socket,
    arrived: async () => {
      socket.end();
      await ended;
      return Buffer.concat(pieces).toString();
    },
  };
}

/** A message to "a", without headers unless some are given. */
function message(payload: Uint8Array | string, headers = ''): Publication {
  const [headersSize, payloadSize] = [Buffer.byteLength(headers), Buffer.byteLength(payload)];
  return { subject: 'a', headers, headersSize, payload, payloadSize };
}

test('messages go out as NATS has them: bytes or text, with headers and replies or without', async (t) => {
  const { socket, arrived } = await pair(t);
  const outgoing = new Outgoing(socket);
  const headers = 'NATS/1.0\r\na: ł\r\n\r\n';
  outgoing.publish(message('żółw'));
  outgoing.publish({ ...message(Buffer.from('x')), subject: 'ü' }, 'r.1');
  outgoing.publish(message('', headers));
  outgoing.publish(message('xy', headers), 'r.2');
  outgoing.flush();
  assert.equal(
    await arrived(),
    `PUB a  7\r\nżółw\r\nPUB ü r.1 1\r\nx\r\nHPUB a  19 19\r\n${headers}\r\nHPUB a r.2 19 21\r\n${headers}xy\r\n`,
  );
});

test('what is not flushed goes out before the event loop goes on, in one piece', async (t) => {
  const { socket, arrived } = await pair(t);
  const outgoing = new Outgoing(socket);
  const writes: number[] = [];
  const write = socket.write.bind(socket);
  socket.write = (piece: Uint8Array | string) => writes.push(piece.length) > 0 && write(piece);
  for (let i = 0; i < 10; i++) outgoing.publish(message(`${i}`));
  assert.deepEqual(writes, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(writes, [10 * 'PUB a  1\r\nx\r\n'.length]);
  assert.match(await arrived(), /^PUB a {2}1\r\n0\r\n/);
});

test('messages of all lengths arrive whole and in order, though pieces and memory are of other lengths', async (t) => {
  const { socket, arrived } = await pair(t);
  const outgoing = new Outgoing(socket);
  const lengths = [
    0,
    1,
    16_000,
    16_384,
    200_000,
    3,
    65_536,
    65_500,
    10,
    1_000_000,
    7,
    ...Array.from({ length: 40 }, () => 5_000),
  ];
  const expected: string[] = [];
  for (let round = 0; round < 20; round++)
    for (const [i, length] of lengths.entries()) {
      const text = `${round} ${i} `.padEnd(length, i % 2 === 0 ? 'x' : 'ł');
      outgoing.publish(message(i % 3 === 0 ? Buffer.from(text) : text));
      expected.push(`PUB a  ${Buffer.byteLength(text)}\r\n${text}\r\n`);
    }
  outgoing.flush();
  assert.ok((await arrived()) === expected.join(''), 'something else has arrived');
});
