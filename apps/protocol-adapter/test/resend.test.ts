import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { natsServer } from '@sputnikjs/testkit/servers';
import { killInTheMiddle, line, message, numberOf, Resend, setUp, stored } from './resend.js';
import { folder } from './support.js';

/** What commands have left in the folder beside the file. */
const leftovers = (cf: string): string[] => readdirSync(cf).filter((name) => /\.(resend|left)-/.test(name));

test('all messages of a file are sent again, in order, byte for byte, and then the file is gone', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const messages = Array.from({ length: 12_000 }, (_, n) => message(n));
  const { cf, file } = setUp(
    t,
    server,
    messages.map((one) => line(one)),
  );
  const resend = new Resend(t, cf, file);
  assert.deepEqual(await resend.result(), [0, { sent: 12_000, refused: 0, damaged: 0, unsent: 0 }]);
  assert.ok(!existsSync(file) && leftovers(cf).length === 0);
  assert.deepEqual(await stored(t, server), messages);
  assert.deepEqual(resend.records('listening'), [], 'no other block is started');
  assert.ok(resend.records('resending').length > 0, 'what was sent is taken out on the way');
  assert.deepEqual(resend.errors, []);
});

test('what the server refuses stays with the new reason, a damaged line stays as it is and is named', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const half = line(message(2)).slice(0, 70);
  const lines = [
    line(message(0)),
    line(message(1), 'nobody'),
    `${half}\n`,
    '[1]\n',
    '\n',
    '{"target":"syslog.a"}\n',
    '{"message":{}}\n',
    line(message(3)),
    line(message(4)).trimEnd(),
  ];
  const { cf, file } = setUp(t, server, lines);
  const { mode } = statSync(file);
  const resend = new Resend(t, cf, file);
  assert.deepEqual(await resend.result(), [1, { sent: 3, refused: 1, damaged: 4, unsent: 0 }]);
  assert.deepEqual((await stored(t, server)).map(numberOf), [0, 3, 4]);
  const [refused = '', ...damaged] = readFileSync(file, 'utf8').split('\n');
  assert.match(refused, /^\{"written_at":"2026-11-29T00:00:00.000Z","target":"nobody","reason":"no stream takes /);
  assert.ok(refused.endsWith(`,"message":${message(1)}}`), refused);
  assert.deepEqual(damaged, [half, '[1]', '{"target":"syslog.a"}', '{"message":{}}', '']);
  const named = resend.records('damagedLine').map((record) => [record['line'], record['staysAs']]);
  assert.deepEqual(named, [
    [3, 2],
    [4, 3],
    [6, 4],
    [7, 5],
  ]);
  assert.equal(statSync(file).mode, mode);
});

test('a SIGKILL in the middle costs no message; some come twice', (t) => killInTheMiddle(t, 40_000, [10]));

test('interrupted while the server is away all stays, byte for byte, with exit 1', async (t) => {
  const server = await natsServer(t);
  const lines = Array.from({ length: 1000 }, (_, n) => line(message(n)));
  const { cf, file } = setUp(t, server, lines);
  const resend = new Resend(t, cf, file);
  await resend.logs('connectFailed');
  resend.process.kill('SIGINT');
  assert.deepEqual(await resend.result(), [1, { sent: 0, refused: 0, damaged: 0, unsent: 1000 }]);
  assert.equal(readFileSync(file, 'utf8'), lines.join(''));
  assert.deepEqual(leftovers(cf), []);
});

test('it waits for a server that comes late, and one that dies in the middle', async (t) => {
  const server = await natsServer(t);
  const count = 40_000;
  const { cf, file } = setUp(
    t,
    server,
    Array.from({ length: count }, (_, n) => line(message(n))),
  );
  writeFileSync(join(cf, 'connector.json'), readFileSync(join(cf, 'connector.json'), 'utf8').replace('memory', 'file'));
  const resend = new Resend(t, cf, file);
  await resend.logs('connectFailed');
  await server.start();
  await resend.logs('resending');
  await server.stop();
  await resend.logs('disconnected');
  await server.start();
  assert.deepEqual(await resend.result(), [0, { sent: count, refused: 0, damaged: 0, unsent: 0 }]);
  assert.equal(new Set((await stored(t, server)).map(numberOf)).size, count);
});

test('interrupted under a server that has frozen only what it has not acknowledged stays', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const count = 50_000;
  const lines = Array.from({ length: count }, (_, n) => line(message(n)));
  const { cf, file } = setUp(t, server, lines);
  writeFileSync(join(cf, 'sputnik.json'), JSON.stringify({ timeouts: { landingMs: 1500 } }));
  const resend = new Resend(t, cf, file);
  await resend.logs('resending');
  server.freeze();
  resend.process.kill('SIGTERM');
  const [code, counts] = await resend.result();
  server.thaw();
  const { sent, unsent } = counts as { sent: number; unsent: number };
  assert.equal(code, 1);
  assert.ok(sent >= 10_000 && sent + unsent === count, `${sent} and ${unsent}`);
  assert.equal(readFileSync(file, 'utf8'), lines.slice(sent).join(''));
  const numbers = (await stored(t, server)).map(numberOf);
  assert.ok(numbers.length >= sent && numbers.length <= sent + 256, `${numbers.length} of which ${sent} are known`);
});

test('what comes behind while it is sent stays or is sent; a file that is put in its place is left alone', async (t) => {
  const server = await natsServer(t);
  const { cf, file } = setUp(t, server, [line(message(0)), line(message(1), 'nobody')]);
  const grown = new Resend(t, cf, file);
  await grown.logs('connectFailed');
  writeFileSync(file, line(message(2)), { flag: 'a' });
  await server.start();
  assert.equal((await grown.result())[0], 1);
  const all = [...(await stored(t, server)), readFileSync(file, 'utf8')].join('\n');
  for (const n of [0, 1, 2]) assert.ok(all.includes(message(n)), `${n}`);

  await server.stop();
  writeFileSync(file, [line(message(3)), line(message(4), 'nobody')].join(''));
  const replaced = new Resend(t, cf, file);
  await replaced.logs('connectFailed');
  renameSync(file, join(cf, 'moved'));
  writeFileSync(file, line(message(5)));
  await server.start();
  assert.equal((await replaced.result())[0], 1);
  assert.equal(readFileSync(file, 'utf8'), line(message(5)));
  const [left = ''] = leftovers(cf);
  assert.match(readFileSync(join(cf, left), 'utf8'), /"n": 4\.0/);
  assert.match(replaced.errors.join('\n'), /was moved or replaced meanwhile.*\.left-/);
});

test('a file that is not there is one line and exit 1; a folder without server or producer is 78', async (t) => {
  const server = await natsServer(t);
  const { cf, file } = setUp(t, server, [line(message(0))]);
  for (const path of [join(cf, 'nowhere'), cf]) {
    const missing = new Resend(t, cf, path);
    assert.equal((await missing.ended).code, 1);
    assert.equal(missing.errors.length, 1, missing.errors.join('\n'));
    assert.match(missing.errors[0] ?? '', /^sputnik: ".*" cannot be sent \(.*\)\. Name a file/);
  }
  const bare = new Resend(t, folder(t, { 'blocks.json': [] }), file);
  assert.equal((await bare.ended).code, 78);
  assert.equal(bare.errors.length, 2, bare.errors.join('\n'));
});
