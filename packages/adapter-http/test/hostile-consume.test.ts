import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { RawReader, serve, turn } from './consuming.js';

const NEWS = '/consume/news';

/** A connection of somebody else that asks for something. */
function other(port: number, path: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return socket;
}

/** What those do who change their mind. */
const LEAVES: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.destroy(),
  (socket) => socket.end(),
  (socket) => void socket.once('connect', () => socket.resetAndDestroy()),
  (socket) => void socket.once('connect', () => socket.end()),
  (socket) => void socket.once('data', () => socket.destroy()),
  (socket) => void socket.once('data', () => socket.end()),
  (socket) => void socket.once('data', () => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')),
];

describe('a reader beside others', () => {
  test('gets each message once and in order while hundreds come and go, and nothing of them is left', async (t) => {
    const { port, source, metric, until } = await serve();
    const good = new RawReader(t, port, NEWS);
    await until('readers', 1);
    const payloads = Array.from({ length: 100 }, (_, n) => `m${n}`);
    for (const [index, payload] of payloads.entries()) {
      const sockets = LEAVES.map((leave) => {
        const socket = other(port, index % 3 === 0 ? `/consume/source${index}` : NEWS);
        leave(socket);
        return socket;
      });
      source.deliver(payload);
      await turn();
      for (const socket of sockets.slice(-1)) socket.destroy();
    }
    await good.came(payloads.at(-1) ?? '');
    assert.deepEqual(good.payloads, payloads);
    assert.deepEqual(new Set(source.fates), new Set(['acknowledged']));
    await until('readers', 1);
    assert.deepEqual(source.calls, ['consume news'], 'one subscription');
    assert.equal(metric('waiting_messages'), 0);
  });
});
