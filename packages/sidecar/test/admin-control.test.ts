import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { EventStream } from '../dist/admin/event-stream.js';
import { Watched } from './admin-helpers.js';
import { Cli, folder } from './helpers.js';

/** A block that says something to every level, a hundred times a second. */
const CHATTY = `
import { defineBlock } from '@sputnikjs/core';
export const chatty = defineBlock({
  name: 'chatty',
  make: (_config, _to, ctx) => ({
    async run() {
      for await (const _ of ctx.clock.every(10, ctx.signal)) {
        ctx.log.debug({ event: 'fine' }, 'in detail');
        ctx.log.info({ event: 'coarse' }, 'in general');
      }
    },
  }),
});
`;

const files = { 'blocks.json': [{ name: 'chatty', module: './chatty.mjs' }], 'chatty.mjs': CHATTY };

function post(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method: 'POST' }, (response) => resolve(response.resume().statusCode));
    sent.on('error', reject);
    sent.end();
  });
}

/** Events of the lines that come from now on, until one is there. */
async function nextEvents(run: Cli, until: string): Promise<readonly string[]> {
  const seen = run.stdout.length;
  const events = (): string[] =>
    run.stdout.slice(seen).map((line) => (JSON.parse(line) as { readonly event: string }).event);
  while (!events().includes(until)) await new Promise((resolve) => setTimeout(resolve, 5));
  return events();
}

test(
  'the level of the log is changed at run time, over the Unix socket and by SIGUSR2',
  { timeout: 60_000 },
  async () => {
    const cf = await folder(files);
    const socket = `${cf}/admin.sock`;
    await writeFile(`${cf}/sputnik.json`, JSON.stringify({ admin: { socket } }));
    const run = new Cli(['run', '--cf', cf]);
    await run.event('launched');
    assert.ok(!(await nextEvents(run, 'coarse')).includes('fine'));
    assert.equal(await post(socket, '/log-level?level=debug'), 200);
    await nextEvents(run, 'fine');
    assert.equal(await post(socket, '/log-level?level=loud'), 400);
    assert.equal(await post(socket, '/log-level?level=error'), 200);
    run.child.kill('SIGUSR2');
    await nextEvents(run, 'logLevel');
    await nextEvents(run, 'fine');
    run.child.kill('SIGUSR2');
    await nextEvents(run, 'logLevel');
    await nextEvents(run, 'coarse');
    assert.ok(!(await nextEvents(run, 'coarse')).includes('fine'));
    run.child.kill('SIGTERM');
    assert.equal(await run.end(), 0);
  },
);

test('who listens to the events and reads nothing is cut, and the satellite goes on', { timeout: 60_000 }, async () => {
  const idle = defineBlock({ name: 'idle', make: () => ({}) });
  const { url } = await Watched.start({ blocks: [{ name: 'idle' }], blockFactories: { idle } });
  const { port } = new URL(url);
  const sockets = Array.from({ length: 20 }, () => connect(Number(port), '127.0.0.1'));
  for (const socket of sockets) socket.write(`GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  const answers = await Promise.all(sockets.map(async (socket) => String((await once(socket, 'data'))[0])));
  const refused = answers.filter((answer) => answer.startsWith('HTTP/1.1 503'));
  assert.equal(refused.length, 4, 'no more than 16 listen');
  for (const socket of sockets) socket.destroy();
  const listener = {
    writableLength: 0,
    isCut: false,
    writeHead() {},
    once() {},
    write(text: string) {
      listener.writableLength += text.length;
    },
    destroy() {
      listener.isCut = true;
    },
  };
  const events = new EventStream();
  assert.ok(events.serve(listener as never, 0));
  for (let n = 0; n < 10_000 && !listener.isCut; n++) events.take({ type: 'connecting', attempt: n });
  assert.ok(listener.isCut && listener.writableLength < 300 * 1024, `${listener.writableLength} bytes unread`);
});
