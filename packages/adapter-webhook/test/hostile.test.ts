import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { PRODUCER } from '@sputnikjs/messaging';
import { answering, rawServer, whenAnswerBegins } from './bytes.js';
import { fly, message, turn, type Flying } from './flights.js';
import { Receiver } from './receiver.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const EMPTY = `${OK}Content-Length: 0\r\n\r\n`;
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const MEBI = 1024 * 1024;

/** The memory that an attack has taken, in MB. */
async function cost(attack: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  await attack();
  return (process.memoryUsage().rss - before) / MEBI;
}

/** Writes that again and again while the connection is there. */
function flood(socket: Socket, text: string): void {
  const more = (): void => void (socket.destroyed || socket.write(text, () => setImmediate(more)));
  more();
}

/** Writes a byte from time to time while the connection is there, after a beginning; tells when some have gone. */
function trickle(socket: Socket, beginning: string, bytes: string, some: () => void): void {
  let count = 0;
  socket.write(beginning);
  const timer = setInterval(() => {
    socket.write(bytes[count++ % bytes.length] ?? '');
    if (count === 10) some();
  }, 2);
  socket.once('close', () => clearInterval(timer));
}

/** A receiver that answers each request by trickling, and when it is in the midst of that. */
async function trickling(t: TestContext, [beginning, bytes]: readonly [string, string]) {
  let [sockets, under]: [Socket[], () => void] = [[], (): void => {}];
  const underWay = new Promise<void>((resolve) => (under = resolve));
  const url = await rawServer(t, (socket) => {
    sockets = [...sockets, socket];
    answering(socket, () => trickle(socket, beginning, bytes, under));
  });
  return { url, underWay, closed: async () => until(() => sockets.every((socket) => socket.closed)) };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

const lines = ({ flight }: Flying, event: string) => flight.recorder.logs.filter((line) => line['event'] === event);

const TRICKLES = {
  'a status line': ['', 'HTTP/1.1 200 '.padEnd(10_000, 'O')],
  'a name of a header': [OK, 'x'],
  'a value of a header': [`${OK}A: `, 'x'],
  'one header after the other': [OK, 'a:b\r\n'],
  'announcements of an answer': ['', 'HTTP/1.1 102 Processing\r\n\r\n'],
} as const;

const BODIES = {
  'a body': [`${OK}Content-Length: 100000\r\n\r\n`, 'x'],
  'a body of any length': [`${OK}\r\n`, 'x'],
  'a chunk': [`${CHUNKED}fffff\r\n`, 'x'],
  'the length of a chunk': [CHUNKED, '0'],
  'an extension of a chunk': [`${CHUNKED}5;a=`, 'x'],
  trailers: [`${CHUNKED}0\r\n`, 'a:b\r\n'],
} as const;

test('a receiver that trickles is given up after timeoutMs, wherever it does, and so is its connection', async (t) => {
  for (const [name, how] of Object.entries(TRICKLES)) {
    const { url, underWay, closed } = await trickling(t, how);
    const flying = await fly({ url }, { timeoutMs: 5_000 });
    const given = flying.give(message('x'));
    await underWay;
    await flying.flight.clock.advance(5_000);
    await flying.logged('webhookFailed');
    assert.match(lines(flying, 'webhookFailed')[0]?.text ?? '', /no answer within 5000 ms/, name);
    await closed();
    const { unfinished } = await flying.flight.land();
    assert.deepEqual(unfinished, []);
    assert.match(await given, /the satellite lands/);
  }
});

test('of one that trickles its body the status counts, after timeoutMs, and its connection ends', async (t) => {
  for (const [name, how] of Object.entries(BODIES)) {
    const { url, underWay, closed } = await trickling(t, how);
    const { flight, give } = await fly({ url }, { timeoutMs: 5_000 });
    const given = give(message('x'));
    await underWay;
    await flight.clock.advance(5_000);
    assert.equal(await given, 'handled', name);
    await closed();
  }
});

test('a landing keeps its deadline with receivers that trickle, or say nothing, and leaves the messages to the server', async (t) => {
  for (const [name, how] of Object.entries({ ...TRICKLES, nothing: ['', ''] as const })) {
    const { url, underWay, closed } = await trickling(t, how);
    const { flight, give } = await fly({ url }, { timeoutMs: 1_000_000 });
    const all = Array.from({ length: 200 }, (_, n) => give(message('x', { source: `s${n % 20}` })));
    await underWay;
    const landing = flight.land();
    await flight.clock.advance(60_000);
    const { clean } = await landing;
    assert.equal(clean, true, name);
    for (const given of all) assert.notEqual(await given, 'handled');
    await closed();
  }
});

test('heads without end, trailers without end and extensions without end fill no memory, and end the connection', async (t) => {
  const floods: Readonly<Record<string, readonly [string, string, 'handled' | 'retry']>> = {
    'a header': [`${OK}A: `, 'x'.repeat(10_000), 'retry'],
    headers: [OK, 'a: b\r\n'.repeat(1_000), 'retry'],
    'empty headers': [OK, 'a:\r\n'.repeat(1_000), 'retry'],
    'announcements of an answer': ['', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000), 'retry'],
    'a status line': ['HTTP/1.1 200 ', 'x'.repeat(10_000), 'retry'],
    garbage: ['', '\u0000\u00ff'.repeat(1_000), 'retry'],
    'an extension of a chunk': [`${CHUNKED}5;a=`, 'x'.repeat(10_000), 'handled'],
    chunks: [CHUNKED, `1;${'a'.repeat(1_000)}\r\nx\r\n`.repeat(100), 'handled'],
    trailers: [`${CHUNKED}0\r\n`, 'a: b\r\n'.repeat(1_000), 'handled'],
    'a body with a length': [`${OK}Content-Length: 1000000000000\r\n\r\n`, 'x'.repeat(10_000), 'handled'],
    'a body that is not told': [`${OK}\r\n`, 'x'.repeat(10_000), 'handled'],
  };
  for (const [name, [beginning, text, outcome]] of Object.entries(floods)) {
    let flooding: Socket | undefined;
    const url = await rawServer(t, (socket, nth) =>
      answering(socket, () => {
        if (nth > 1) return void socket.write(EMPTY);
        flooding = socket;
        socket.write(beginning);
        flood(socket, text);
      }),
    );
    const flying = await fly({ url }, { timeoutMs: 1_000_000 });
    const more = await cost(async () => {
      const given = flying.give(message('x'));
      await until(() => flooding?.closed === true);
      if (outcome === 'retry') {
        await flying.logged('webhookFailed');
        await flying.flight.clock.advance(1_000);
      }
      assert.equal(await given, 'handled', name);
    });
    assert.equal(lines(flying, 'webhookFailed').length, outcome === 'retry' ? 1 : 0, name);
    assert.ok(more < 100, `${name}: it took ${more} MB`);
  }
});

test('what a receiver says behind its answer fails no later message, and is not read', async (t) => {
  let connections = 0;
  const url = await rawServer(t, (socket) => {
    connections++;
    answering(socket, () => socket.write(EMPTY, () => setImmediate(flood, socket, `${EMPTY}garbage`.repeat(100))));
  });
  const flying = await fly({ url }, { concurrency: 1 });
  const more = await cost(async () => {
    for (let nth = 1; nth <= 20; nth++) {
      const given = flying.give(message('x'));
      // the garbage may be there before the connection is put aside
      const outcomes: string[] = [];
      void given.then((outcome) => outcomes.push(outcome));
      while (outcomes.length === 0) {
        await turn();
        await flying.flight.clock.advance(1_000);
      }
      assert.equal(await given, 'handled');
    }
  });
  assert.ok(connections >= 20, `${connections} connections`);
  assert.ok(more < 100, `it took ${more} MB`);
});

test('a receiver that reads nothing of a message is given up after timeoutMs, and others with another key are served', async (t) => {
  let held = 0;
  const url = await rawServer(t, (socket) => {
    socket.once('data', (bytes) => {
      if (!/content-length: 1\r/i.test(bytes.toString('latin1'))) return void (socket.pause(), held++);
      socket.write(EMPTY);
    });
  });
  const flying = await fly({ url }, { timeoutMs: 5_000, concurrency: 4 });
  const { flight, give, logged } = flying;
  const large = Buffer.alloc(8 * MEBI);
  const more = await cost(async () => {
    const all = Array.from({ length: 9 }, (_, n) => give(message(large, { source: `large${n % 3}` })));
    await until(() => held === 3);
    assert.equal(await give(message('x', { source: 'small' })), 'handled');
    // beside the messages of this block all goes on
    await flight.to(PRODUCER).ask({ target: 'a', payload: 'x' });
    await flight.clock.advance(5_000);
    await logged('webhookFailed', 3);
    assert.match(lines(flying, 'webhookFailed')[0]?.text ?? '', /no answer within 5000 ms/);
    const landing = flight.land();
    await flight.clock.advance(60_000);
    assert.equal((await landing).clean, true);
    for (const given of all) assert.notEqual(await given, 'handled');
  });
  assert.ok(more < 200, `it took ${more} MB`);
});

test('a receiver that answers before it has read the message keeps no connection: further messages have theirs', async (t) => {
  let connections = 0;
  const url = await rawServer(t, (socket) => {
    connections++;
    socket.once('data', () => void (socket.pause(), socket.write(EMPTY)));
  });
  const flying = await fly({ url }, { concurrency: 1, timeoutMs: 1_000_000 });
  const large = Buffer.alloc(16 * MEBI);
  for (let nth = 1; nth <= 4; nth++) assert.equal(await flying.give(message(large)), 'handled');
  assert.equal(connections, 4);
  assert.deepEqual(lines(flying, 'webhookFailed'), []);
});

test('whatever Retry-After says, a message waits for an hour at most', async (t) => {
  const receiver = await Receiver.open(t);
  const waits: Readonly<Record<string, number>> = {
    '1e300': 0,
    Infinity: 0,
    '-5': 0,
    '-1e9': 0,
    '5.5': 0,
    garbage: 0,
    '0x7fffffff': 0,
    ['9'.repeat(400)]: 3_600_000,
    '9007199254740993': 3_600_000,
    'Fri, 31 Dec 9999 23:59:59 GMT': 3_600_000,
    'Sat, 13 Sep 275760 00:00:00 GMT': 3_600_000,
    'Thu, 01 Jan 1970 00:00:00 GMT': 0,
  };
  for (const [retryAfter, ms] of Object.entries(waits)) {
    const flying = await fly(receiver);
    const given = flying.give(message('x'));
    (await receiver.next()).answer(503, { 'retry-after': retryAfter });
    await flying.logged('webhookFailed');
    const retryInMs = Number(lines(flying, 'webhookFailed')[0]?.['retryInMs']);
    const text = `${retryAfter.slice(0, 40)}: ${retryInMs} ms`;
    assert.ok(retryInMs >= ms && retryInMs <= Math.max(ms, 1_000), text);
    await flying.flight.clock.advance(Math.max(ms, 1_000));
    (await receiver.next()).answer(200);
    assert.equal(await given, 'handled', text);
  }
});

test('a landing does not wait for the hour that a receiver asks for', async (t) => {
  const receiver = await Receiver.open(t);
  const { flight, give, logged } = await fly(receiver);
  const given = give(message('x'));
  (await receiver.next()).answer(429, { 'retry-after': '9'.repeat(400) });
  await logged('webhookFailed');
  const behind = give(message('y', { source: 'other' }));
  assert.equal((await flight.land()).clean, true);
  assert.match(await given, /the satellite lands/);
  assert.match(await behind, /the satellite lands/);
});

test('redirects lead to no other place, bring no password, and end', async (t) => {
  const [receiver, other] = [await Receiver.open(t), await Receiver.open(t)];
  const { port } = receiver;
  const seen: (string | undefined)[] = [];
  const locations = [
    `http://me:secret@127.0.0.1:${port}/x`,
    `http://me@127.0.0.1:${port}/x`,
    `//me:secret@127.0.0.1:${port}/x`,
    `http://[::ffff:127.0.0.1]:${port}/x`,
    `http://[::1]:${port}/x`,
    `http://localhost:${port}/x`,
    `http://127.0.0.1.nip.example:${port}/x`,
    `http://127.0.0.1:${other.port}/x`,
    `http://127.0.0.1@127.0.0.1:${other.port}/x`,
    `//127.0.0.1:${other.port}/x`,
    `\\\\127.0.0.1:${other.port}\\x`,
    `https://127.0.0.1:${port}/x`,
    `ftp://127.0.0.1:${port}/x`,
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/plain,x',
    'http://169.254.169.254/latest/meta-data',
    'x'.repeat(10_000).concat(':'),
  ];
  for (const location of locations) {
    const flying = await fly(receiver);
    receiver.always(({ headers, answer }) => {
      seen.push(headers.authorization);
      answer(307, { location });
    });
    const { count } = receiver;
    const given = flying.give(message('x'));
    await flying.logged('webhookFailed');
    assert.equal(receiver.count, count + 1, location);
    await flying.flight.land();
    assert.notEqual(await given, 'handled');
  }
  assert.deepEqual([other.count, new Set(seen)], [0, new Set([undefined])]);
  const flying = await fly(receiver);
  const { count } = receiver;
  receiver.always(({ url, answer }) => answer(308, { location: url === '/hook' ? '/back' : '/hook' }));
  const given = flying.give(message('x'));
  await flying.logged('webhookFailed');
  assert.equal(receiver.count, count + 4);
  await flying.flight.land();
  await given;
});

test('an answer that is reset: before its status is there, the message is sent again; after that, the status counts', async (t) => {
  for (const [beginning, attempts] of [
    ['', 2],
    ['HTTP/1.1 20', 2],
    [`${OK}Content-Le`, 2],
    [`${OK}Content-Length: 1000\r\n\r\nbegun`, 1],
    [`${CHUNKED}5\r\nbe`, 1],
  ] as const) {
    let requests = 0;
    const url = await rawServer(t, (socket) =>
      answering(socket, () => {
        if (++requests > 1) return void socket.write(EMPTY);
        const reset = (): void => void socket.resetAndDestroy();
        if (attempts === 1) t.after(whenAnswerBegins(reset));
        socket.write(beginning, attempts === 1 ? () => {} : reset);
      }),
    );
    const flying = await fly({ url });
    const given = flying.give(message('x'));
    if (attempts === 2) {
      await flying.logged('webhookFailed');
      await flying.flight.clock.advance(1_000);
    }
    assert.deepEqual([await given, requests], ['handled', attempts], beginning);
  }
});
