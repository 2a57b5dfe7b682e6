import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { rejection, tricklingTrials } from '@sputnikjs/testkit';
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
    assert.match(error.message, /^cannot connect to .*(64 kB|262144 values|does not speak Redis)/);
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 100, `it took ${more} MB`);
  }
});

const HELLO = '*4\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$2\r\nid\r\n:7\r\n';

test('a server that has let us in and announces gigabytes is left when it has, or when it has said as much as one may', async (t) => {
  const chunk = Buffer.alloc(MEBI, 'a');
  for (const [name, answer, said] of [
    [
      'one value',
      '$2000000000\r\n',
      /announces an answer of 2000000\d+ bytes, more than the 33554432 of "maxAnswerBytes"/,
    ],
    ['a list', '*30000000\r\n', /announces an answer of more than 262144 values/],
    ['lists within lists', '*65536\r\n'.repeat(8), /more than 262144 values/],
    ['a list without end', '*2\r\n'.repeat(300_000), /more than 262144 values|does not speak Redis/],
    ['a line without end', '+', /says a line of more than 64 kB/],
    ['an error without end', '-', /says a line of more than 64 kB/],
    ['a length that is none', '$1e9\r\n', /does not speak Redis/],
    ['a length below zero', '*-20\r\n', /does not speak Redis/],
  ] as const) {
    const server = createServer((socket) => {
      const answers = [HELLO, '+PONG\r\n'];
      let left = 2_000;
      const flood = (): void => {
        while (left-- > 0 && !socket.destroyed) if (!socket.write(chunk)) return;
      };
      socket
        .on('error', () => {})
        .on('data', () => {
          const next = answers.shift();
          socket.write(next ?? answer);
          if (next !== undefined) return;
          socket.on('drain', flood);
          flood();
        });
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { connector, lost } = await connect(makeConnector(t, { url, maxAnswerBytes: 32 * MEBI }));
    const before = process.memoryUsage().rss;
    void connector.isConnected();
    assert.match(String(((await lost) as Error).cause), said, name);
    const more = (process.memoryUsage().rss - before) / MEBI;
    assert.ok(more < 150, `${name}: it took ${more} MB`);
  }
});

test('a server that answers what nobody asked ends the connection, and not the process', async (t) => {
  // The library reads the length as -29, and goes back to where the first answer begins.
  const backward = '+abcd\r\n+abcd\r\n+abcd\r\n$0-1\r\n';
  for (const answer of ['$-1\r\n', '>1\r\n$-1\r\n', '>2\r\n$9\r\nsubscribe\r\n$-1\r\n', backward]) {
    const server = createServer((socket) => {
      const answers = [HELLO, '+PONG\r\n'];
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

const trickling = tricklingTrials((scope, port) => makeConnector(scope, { url: `redis://127.0.0.1:${port}` }));

test('a server that trickles in the login is given up when the attempt is, and nothing stays open', (t) =>
  trickling.inLogin(t, [
    ['a line', ['', '+'], 'x'],
    ['an error', ['', '-'], 'x'],
    ['a value', ['', '$60000\r\n'], 'x'],
    ['a list', ['', '*100000\r\n'], ['+\r\n']],
  ]));

test('a server that trickles after the login answers no heartbeat; the next attempt, and a landing, do not wait for it', (t) =>
  trickling.afterLogin(t, [
    ['a line', ['', HELLO, '+PONG\r\n', '+'], 'x'],
    ['an error', ['', HELLO, '+PONG\r\n', '-'], 'x'],
    ['a value', ['', HELLO, '+PONG\r\n', '$60000000\r\n'], 'x'],
    ['a list', ['', HELLO, '+PONG\r\n', '*200000\r\n'], ['+\r\n']],
  ]));

test('a landing says goodbye to a server that trickles, and does not wait for its answer', (t) =>
  trickling.atGoodbye(t, ['a long message', ['', HELLO, '+PONG\r\n', '$60000000\r\n'], 'x']));
