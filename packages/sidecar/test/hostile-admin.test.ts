import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { LastAnswers } from '../dist/admin/last-answers.js';
import { Watched } from './admin-helpers.js';
import { cli, cliHere } from './helpers.js';

/** What steers a terminal, turns text around, or ends a line. */
const STEERS = '\u009B2J\u001B[2J\u202E';
// oxlint-disable-next-line no-control-regex -- it is these that must not be there
const STEERED = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/;
const MIB = 1024 * 1024;

/** In place of a satellite, something that answers each request with what it likes. */
async function falseServer(t: TestContext, answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', () => answer(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const says =
  (body: string, status = 200) =>
  (socket: Socket) =>
    void socket.end(
      `HTTP/1.1 ${status} OK\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );

/** Sends this again and again, for as long as somebody takes it. Counts the bytes that went out. */
function floods(head: string, piece: string): { answer: (socket: Socket) => void; readonly bytes: number } {
  const buffer = Buffer.from(piece);
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    answer(socket) {
      const more = (): void => {
        if (!socket.writable) return;
        socket.write(buffer, () => {
          bytes += buffer.length;
          more();
        });
      };
      socket.write(head);
      more();
    },
  };
}

const COMMANDS = ['status', 'top', 'reload', 'tap'] as const;

describe('something else in place of a satellite', () => {
  const answers: Readonly<Record<string, string>> = {
    'what is not JSON': `<html>${STEERS}`,
    'JSON that is something else': JSON.stringify({ [STEERS]: STEERS, kind: STEERS, version: STEERS }),
    null: 'null',
    'JSON of a hundred thousand levels': `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  };
  for (const [what, body] of Object.entries(answers))
    test(`is told from one when it answers with ${what}, and does not steer the terminal`, async (t) => {
      const admin = await falseServer(t, says(`${body}\n`));
      for (const command of COMMANDS) {
        const { code, stdout, stderr } = await cliHere([command, '--admin', admin]);
        assert.deepEqual([code, stdout], [1, []], command);
        assert.match(stderr.join('\n'), /^the answer of http:\S+ is not understood: .*; is a satellite there/, command);
        assert.doesNotMatch(stderr.join('\n'), STEERED, command);
        assert.ok(stderr.join('\n').length < 3_000, command);
      }
    });

  test('is quoted in part when it refuses', async (t) => {
    const admin = await falseServer(t, says(STEERS.repeat(10_000), 500));
    for (const command of COMMANDS) {
      const { code, stderr } = await cliHere([command, '--admin', admin]);
      assert.equal(code, 1);
      assert.match(stderr.join('\n'), / answers 500: \\u009b2J/, command);
      assert.doesNotMatch(stderr.join('\n'), STEERED, command);
      assert.ok(stderr.join('\n').length < 20_000, command);
    }
  });

  test('is not read endlessly', async (t) => {
    const head = 'HTTP/1.1 200 OK\r\n\r\n';
    for (const command of COMMANDS) {
      const flood = floods(head, 'x'.repeat(65_536));
      const admin = await falseServer(t, flood.answer);
      const { code, stderr } = await cliHere([command, '--admin', admin]);
      assert.equal(code, 1, command);
      assert.match(stderr.join('\n'), /is larger than 16 MiB|a line that is too long/, command);
      assert.ok(flood.bytes < 32 * MIB, `${command} took ${flood.bytes} bytes`);
    }
  });

  test('is given up when it does not come to the end of its answer, or of the head of it', async (t) => {
    const trickle = (text: string) => (socket: Socket) => {
      socket.write(text);
      const timer = setInterval(() => socket.write('x'), 200);
      socket.once('close', () => clearInterval(timer));
    };
    const heads = ['', 'HTTP/1.1 200 OK\r\nx: ', 'HTTP/1.1 200 OK\r\n\r\n'];
    const admins = await Promise.all(heads.map((text) => falseServer(t, trickle(text))));
    const runs = admins.map((admin) => cli(['status', '--admin', admin]));
    for (const { code, stderr } of await Promise.all(runs)) {
      assert.equal(code, 1);
      assert.match(stderr.join('\n'), /no answer within 5 s|is not complete after 5 s|Parse Error/);
    }
  });
});

describe('who asks without end', () => {
  const answerOf = (body: string): { status: number; type: string; body: string } => ({ status: 200, type: '', body });

  test('is given the last answer again when making them takes too much of the time; who asks now and then never is', async () => {
    let now = 0;
    let made = 0;
    const last = new LastAnswers(() => now);
    const ask = async (key = 'a'): Promise<string> => {
      const make = (): ReturnType<typeof answerOf> => {
        now += 20;
        return answerOf(`${key}${++made}`);
      };
      return String((await last.get(key, make)).body);
    };
    for (let n = 0; n < 1_000; n++, now += 1) await ask();
    assert.ok(made <= (250 + now / 4) / 20 + 1, `${made} answers were made in ${now} ms`);
    assert.ok(made >= now / 4 / 20, `${made} answers were made in ${now} ms`);
    assert.equal(await ask(), `a${made}`, 'the last one');
    assert.equal(await ask('b'), `b${made}`, 'one that nobody has asked for before');
    for (let n = 0; n < 100; n++) {
      now += 500;
      const before = made;
      assert.equal(await ask(), `a${before + 1}`);
    }
  });

  test('is given an answer that is under way; one that fails is made again', async () => {
    const last = new LastAnswers(() => 0);
    let made = 0;
    const fail = async (): Promise<ReturnType<typeof answerOf>> => {
      made++;
      await Promise.resolve();
      throw new Error('it fails');
    };
    const both = await Promise.allSettled([last.get('a', fail), last.get('a', fail)]);
    assert.deepEqual([both.map(({ status }) => status), made], [['rejected', 'rejected'], 1]);
    assert.equal(String((await last.get('a', () => answerOf('fresh'))).body), 'fresh');
  });

  test('does not keep the satellite from its work: it measures itself for some of hundreds of requests, and answers them all', async (t) => {
    let measured = 0;
    const busy = defineBlock({
      name: 'busy',
      make: () => ({
        onMsg: () => {},
        metrics() {
          measured++;
          const metric = { name: 'x_total', type: 'counter', help: 'x' } as const;
          return Array.from({ length: 2_000 }, (_, n) => ({ ...metric, value: n, labels: { target: `t${n}` } }));
        },
      }),
    });
    const { url } = await Watched.start({ blocks: [{ name: 'busy' }], blockFactories: { busy } });
    const agent = new Agent({ keepAlive: true, maxSockets: 60 });
    t.after(() => agent.destroy());
    const ask = (path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(`${url}${path}`, { agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        }).once('error', reject);
      });
    const paths = Array.from({ length: 300 }, (_, n) => (n % 2 === 0 ? '/metrics' : '/status'));
    const statuses = await Promise.all(paths.map(ask));
    assert.deepEqual([...new Set(statuses)], [200]);
    t.diagnostic(`${measured} times`);
    assert.ok(measured < 225, `it measured itself ${measured} times`);
  });
});
