import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { rejection } from '@sputnikjs/testkit';
import { connect, makeConnector } from './helpers.js';

const MEBI = 1024 * 1024;

/** A false server that answers the first bytes with `answer`, and then sends as many bytes as are taken, 2 GB at most. */
async function falseServer(t: TestContext, answer: string): Promise<string> {
  const chunk = Buffer.alloc(MEBI, 'a');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    let left = 2_000;
    const flood = (): void => {
      while (left-- > 0 && !socket.destroyed) if (!socket.write(chunk)) return;
    };
    socket.once('data', () => {
      socket.write(answer);
      socket.on('drain', flood);
      flood();
    });
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that answers the login with gigabytes is left after the first bytes', async (t) => {
  for (const answer of ['$2000000000\r\n', '+', '-', '*1000000\r\n$100000000\r\n', '*1\r\n'.repeat(100_000)]) {
    const url = await falseServer(t, answer);
    const before = process.memoryUsage().rss;
    const error = await rejection(connect(makeConnector(t, { url })));
    assert.match(error.message, /^cannot connect to .*(64 kB|does not speak Redis)/);
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 100, `it took ${more} MB`);
  }
});

test('a server that answers what nobody asked ends the connection, and not the process', async (t) => {
  const hello = '*4\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$2\r\nid\r\n:7\r\n';
  // The library reads the length as -29, and goes back to where the first answer begins.
  const backward = '+abcd\r\n+abcd\r\n+abcd\r\n$0-1\r\n';
  for (const answer of ['$-1\r\n', '>1\r\n$-1\r\n', '>2\r\n$9\r\nsubscribe\r\n$-1\r\n', backward]) {
    const server = createServer((socket) => {
      const answers = [hello, '+PONG\r\n'];
      socket.on('error', () => {}).on('data', () => socket.write(answers.shift() ?? answer.repeat(3)));
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { connector, lost } = await connect(makeConnector(t, { url }));
    void connector.isConnected();
    // what the library throws by itself fails the test
    assert.match(String(await lost), /CONNECTION_LOST|is lost/);
  }
});
