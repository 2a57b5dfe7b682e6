import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { describe, test, type TestContext } from 'node:test';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { refusal, accepted, type Answer } from '../dist/answer/answers.js';
import { Certificate } from '../dist/receive/certificate.js';
import { certificate, contents, temporaryFolder } from './certificates.js';
import { post, statusesIn, Wire } from './clients.js';
import { gate, listen, reading, silent } from './listen.js';

const one = (target: string): string => `POST /produce/${target} HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx`;
const closings = (received: string): number => received.match(/\r\nconnection: close\r\n/gi)?.length ?? 0;

/** A listener whose producer decides when the test says so; `announce` has clients go elsewhere, `refuse` refuses what is new. */
async function held(t: TestContext, certified?: Certificate) {
  const waiting: (() => void)[] = [];
  let told = gate<void>();
  const produce = ({ target }: ProduceMessage): Promise<Answer> =>
    new Promise((resolve) => {
      if (refuses) return resolve(refusal('LANDING'));
      waiting.push(() => resolve(accepted(target)));
      told.open();
      told = gate();
    });
  let refuses = false;
  const soon = new AbortController();
  const listening = await listen(t, {
    produce,
    landingSoon: soon.signal,
    ...(certified && { certificate: certified }),
  });
  const until = async (count: number): Promise<void> => {
    while (waiting.length < count) await told.opened;
  };
  return { ...listening, waiting, until, announce: () => soon.abort(), refuse: () => void (refuses = true) };
}

/** Resolves with how long it took, in milliseconds; of a process that gets no turn, with less. */
async function timed(work: Promise<unknown>): Promise<number> {
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 50);
  await work;
  clearInterval(ticking);
  return 50 * ticks;
}

describe('when a landing is announced', () => {
  test('messages are taken still, and each answer says that the connection closes, which then happens', async (t) => {
    const { port, waiting, until, announce, url } = await held(t);
    const idle = new Wire(port).send('GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(idle.socket, 'data');
    announce();
    const wire = new Wire(port).send(one('a'));
    idle.send(one('b'));
    await until(2);
    for (const take of waiting.splice(0)) take();
    for (const [{ received }, statuses] of [
      [wire, [202]],
      [idle, [200, 202]],
    ] as const) {
      assert.deepEqual(statusesIn(await received), statuses);
      assert.equal(closings(await received), 1);
    }
    const refused = await fetch(`${url}/nothing`);
    assert.equal(refused.headers.get('connection'), 'close');
  });

  test('only the last answer on a connection says so, in whatever order they are decided', async (t) => {
    for (const order of ['toReversed', 'slice'] as const) {
      const { port, waiting, until, announce } = await held(t);
      const wire = new Wire(port).send(one('a') + one('b') + one('c'));
      await until(3);
      announce();
      for (const take of waiting.splice(0)[order]()) take();
      const received = await wire.received;
      assert.deepEqual(statusesIn(received), [202, 202, 202]);
      assert.match(received, /"target":"a"[^]*"target":"b"[^]*connection: close[^]*"target":"c"/);
      assert.equal(closings(received), 1);
    }
  });

  test('what comes behind the last answer is not produced', async (t) => {
    const { port, waiting, until, announce } = await held(t);
    const wire = new Wire(port).send(one('a') + one('b'));
    await until(2);
    announce();
    waiting[1]?.();
    await new Promise(setImmediate);
    wire.send(one('c'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting[0]?.();
    assert.deepEqual(statusesIn(await wire.received), [202, 202]);
    assert.equal(waiting.length, 2);
  });

  test('who sends on behind the last answer sees that answer and the end, not a reset', async (t) => {
    const { port, waiting, until, announce } = await held(t);
    announce();
    const wire = new Wire(port).send(one('a'));
    wire.socket.on('error', (error) => assert.fail(error)).pause();
    await until(1);
    waiting[0]?.();
    for (let count = 0; count < 20; count++) {
      wire.send(one('b'));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    wire.socket.resume();
    assert.deepEqual(statusesIn(await wire.received), [202]);
    assert.equal(waiting.length, 1);
  });

  test('a connection that is not used stays open until the landing', async (t) => {
    const { port, listener, announce } = await held(t);
    const wire = new Wire(port);
    await once(wire.socket, 'connect');
    announce();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(wire.socket.readyState, 'open');
    await listener.land();
    assert.equal(await wire.received, '');
  });
});

describe('a landing', () => {
  // gajus/http-terminator#48, nodejs/node#60617
  test('answers all requests that were read on a connection, and is over soon after the last answer', async (t) => {
    const { port, listener, waiting, until } = await held(t);
    const wire = new Wire(port).send(one('a') + one('b'));
    await until(2);
    const landed = timed(listener.land());
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const take of waiting.splice(0)) take();
    const received = await wire.received;
    assert.deepEqual(statusesIn(received), [202, 202]);
    assert.equal(closings(received), 1);
    assert.ok((await landed) < 900, `it took ${await landed} ms`);
  });

  test('over TLS does so, too', async (t) => {
    const pair = certificate(temporaryFolder(t), 'gateway');
    const { port, listener, waiting, until } = await held(t, await Certificate.read(pair, reading(silent)));
    const socket = connectTls({ port, host: '127.0.0.1', ca: contents(pair).cert });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += String(chunk)));
    socket.write(one('a') + one('b'));
    await until(2);
    const landed = timed(listener.land());
    for (const take of waiting.splice(0)) take();
    await once(socket, 'close');
    assert.deepEqual(statusesIn(text), [202, 202]);
    assert.ok((await landed) < 900, `it took ${await landed} ms`);
  });

  test('answers what has come when it begins, though nobody has read it yet, and refuses what is not complete', async (t) => {
    const { port, listener } = await listen(t);
    const wires = Array.from({ length: 50 }, () => new Wire(port));
    await Promise.all(wires.map(({ socket }) => once(socket, 'connect')));
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n';
    wires.forEach((wire, index) => wire.send(index % 2 ? one('a') : head));
    // what is written is in the kernel, and this turn of the loop goes on: the listener has not read it
    const landed = timed(listener.land());
    for (const [index, { received }] of wires.entries()) {
      assert.deepEqual(statusesIn(await received), [index % 2 ? 202 : 503], `${index}`);
      assert.equal(closings(await received), 1);
    }
    assert.ok((await landed) < 900, `it took ${await landed} ms`);
  });

  test('refuses what comes behind a request under way, complete or not, and ends then', async (t) => {
    const { port, listener, waiting, until, refuse } = await held(t);
    const wire = new Wire(port).send(one('a'));
    await until(1);
    refuse();
    const landed = listener.land();
    for (const ms of [0, 20, 200]) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      wire.send(one('b'));
    }
    wire.send(one('c').slice(0, -1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    waiting[0]?.();
    const received = await wire.received;
    const [first, ...others] = statusesIn(received);
    assert.deepEqual([first, ...new Set(others)], [202, 503]);
    assert.equal(closings(received), 1);
    assert.equal(waiting.length, 1);
    await landed;
  });

  test('lets clients read: who still sends sees the answer and the end, not a reset', async (t) => {
    const { port, listener } = await listen(t);
    const wire = new Wire(port).send('POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 99999\r\n\r\n');
    wire.socket.on('error', (error) => assert.fail(error));
    const flood = (): unknown =>
      wire.socket.writable && wire.socket.write(Buffer.alloc(1000), () => setTimeout(flood, 2));
    flood();
    await once(wire.socket, 'connect');
    await listener.land();
    assert.deepEqual(statusesIn(await wire.received), [503]);
  });

  test('refuses the first request of one who has just connected, instead of ending the connection under it', async (t) => {
    const { port, listener, refuse } = await held(t);
    const wire = new Wire(port);
    await once(wire.socket, 'connect');
    refuse();
    const landed = listener.land();
    await new Promise((resolve) => setTimeout(resolve, 30));
    wire.send(one('a'));
    assert.deepEqual(statusesIn(await wire.received), [503]);
    await landed;
  });

  test('ends idle connections, and resets none, though its client begins a request at that moment', async (t) => {
    const { port, listener } = await listen(t);
    const wire = new Wire(port, true).send('GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n');
    wire.socket.on('error', (error) => assert.fail(error));
    await once(wire.socket, 'data');
    wire.socket.once('end', () => {
      wire.send(one('a'));
      setTimeout(() => wire.socket.end(), 50);
    });
    await listener.land();
    assert.deepEqual(statusesIn(await wire.received), [200]);
  });

  test('is not held up: not by who does not read, nor by who does not end', async (t) => {
    const long = Array.from({ length: 1000 }, (_, index) => index);
    const { port, listener, messages } = await listen(t);
    const batch = JSON.stringify(long);
    const head = `POST /produce/a/batch HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${batch.length}\r\n\r\n`;
    const deaf = new Wire(port);
    deaf.socket.pause();
    for (let count = 0; count < 400; count++) deaf.send(head, batch);
    const endless = new Wire(port, true);
    await once(endless.socket, 'connect');
    // until the answers fill the buffers, and nothing moves
    for (let before = -1; before !== messages.length;) {
      before = messages.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const ms = await timed(listener.land());
    assert.ok(ms < 4000, `it took ${ms} ms`);
    deaf.socket.destroy();
    endless.socket.destroy();
  });

  test('under busy clients that keep their connections resets nothing that was read', async (t) => {
    for (let round = 0; round < 6; round++) {
      const soon = new AbortController();
      const { listener, url, messages } = await listen(t, { landingSoon: soon.signal });
      const agent = new Agent({ keepAlive: true, maxSockets: 24 });
      const over = new AbortController();
      let [answered, reset] = [0, 0];
      const send = async (): Promise<void> => {
        const asking = request(`${url}/produce/a`, { method: 'POST', agent });
        asking.end('x');
        const [answer] = (await once(asking, 'response')) as [IncomingMessage];
        await once(answer.resume(), 'end');
        if (answer.statusCode === 202) answered++;
      };
      const clients = Array.from({ length: 24 }, async () => {
        while (!over.signal.aborted) {
          await send().catch((error: NodeJS.ErrnoException) => {
            if (error.code === 'ECONNREFUSED') over.abort();
            else reset++;
          });
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      soon.abort();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const ms = await timed(listener.land());
      await Promise.all(clients);
      assert.deepEqual([reset, messages.length], [0, answered]);
      assert.ok(ms < 900, `it took ${ms} ms`);
      agent.destroy();
    }
  });

  test('that nobody announced loses no answer of a busy client either', async (t) => {
    for (let round = 0; round < 6; round++) {
      const { listener, port, messages } = await listen(t);
      const wires = Array.from({ length: 24 }, () => {
        const wire = new Wire(port);
        wire.socket.on('data', () => wire.socket.writable && wire.send(one('a')));
        return wire.send(one('a'));
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      await listener.land();
      const received = await Promise.all(wires.map((wire) => wire.received));
      const answered = received.flatMap(statusesIn).filter((status) => status === 202).length;
      assert.equal(answered, messages.length);
      await assert.rejects(post(`http://127.0.0.1:${port}/produce/a`));
    }
  });
});
