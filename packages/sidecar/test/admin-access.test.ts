import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { check, startRunner } from '@sputnikjs/sidecar';
import { MemoryLog, turn } from '@sputnikjs/testkit';
import { Watched } from './admin-helpers.js';

const idle = defineBlock({ name: 'idle', make: () => ({}) });
const options = { blocks: [{ name: 'idle' }], blockFactories: { idle } };

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sputnik-admin-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function tokenFile(token: string): Promise<string> {
  const path = join(folder, `token-${token}`);
  await writeFile(path, `${token}\n`);
  return path;
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly socketPath?: string;
}

/** Asks with headers that `fetch` would not send. */
function ask(url: string, { path, ...asked }: Asked): Promise<{ status: number; text: string; headers: object }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { path, ...asked, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

const statusOf = async (url: string, asked: Asked): Promise<number> => (await ask(url, asked)).status;

test('a page of the web cannot have a browser ask: names that are not known here are refused, and other origins', async () => {
  const { url, log } = await Watched.start(options, { hosts: ['Satellite.example'] });
  const { host } = new URL(url);
  const port = host.split(':')[1];
  const known = [host, `localhost:${port}`, `satellite.example:${port}`, '[::1]:80', '192.0.2.1'];
  for (const one of known) assert.equal(await statusOf(url, { path: '/status', headers: { host: one } }), 200, one);
  for (const one of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example', 'a b'])
    for (const path of ['/status', '/livez', '/', '/nothing'])
      assert.equal(await statusOf(url, { path, headers: { host: one } }), 421, `${one} ${path}`);
  const origins = [
    'http://evil.example',
    'null',
    `https://localhost.evil.example:${port}`,
    `http://127.0.0.1:${Number(port) + 1}`,
  ];
  for (const origin of origins)
    assert.equal(await statusOf(url, { path: '/status', headers: { origin } }), 403, origin);
  assert.equal(await statusOf(url, { path: '/status', headers: { origin: url } }), 200);
  assert.ok((await log.said('adminDenied')).startsWith('refused GET /'));
});

test('who has no token may look on this machine, and change nothing', async () => {
  const { url } = await Watched.start(options);
  assert.equal(await statusOf(url, { path: '/status' }), 200);
  const { status, text } = await ask(url, { method: 'POST', path: '/log-level?level=debug' });
  assert.equal(status, 403);
  assert.match(text, /give "admin.tokenFile"/);
});

test('who shows the token may change; a new token counts at once, another one does not', async () => {
  const path = await tokenFile('open-sesame');
  const { url } = await Watched.start(options, { tokenFile: path });
  const change = (token?: string): Asked => ({
    method: 'POST',
    path: '/log-level?level=debug',
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  const none = await ask(url, change());
  assert.equal(none.status, 401);
  assert.equal((none.headers as Record<string, string>)['www-authenticate'], 'Bearer');
  assert.equal(await statusOf(url, change('open-sesam')), 401);
  // the log is not the satellite's own
  assert.equal(await statusOf(url, change('open-sesame')), 409);
  await writeFile(path, 'another\n');
  assert.equal(await statusOf(url, change('open-sesame')), 401);
  assert.equal(await statusOf(url, change('another')), 409);
});

test('beyond this machine nobody looks without the token, unless that is said; probes need none', async () => {
  const admin = { host: '0.0.0.0', tokenFile: await tokenFile('far') };
  const { url } = await Watched.start(options, admin);
  const authorization = 'Bearer far';
  for (const path of ['/status', '/metrics', '/events', '/config']) {
    assert.equal(await statusOf(url, { path }), 401, path);
    if (path !== '/events') assert.equal(await statusOf(url, { path, headers: { authorization } }), 200, path);
  }
  for (const path of ['/livez', '/readyz', '/startupz', '/']) assert.equal(await statusOf(url, { path }), 200, path);
  const open = await Watched.start(options, { host: '0.0.0.0', unprotected: true });
  assert.equal(await statusOf(open.url, { path: '/status' }), 200);
});

test('check finds endpoints that are open to others, tokens that are missing, and places that are taken', async () => {
  const problemsOf = async (admin: object): Promise<readonly string[]> =>
    (await check({ ...options, configs: { sputnik: { admin } } })).problems;
  const [open, ...more] = await problemsOf({ host: '0.0.0.0' });
  assert.match(
    open ?? '',
    /^configs\.sputnik: admin\.host: everybody who can reach this address could look at the satellite; give "tokenFile"/,
  );
  assert.deepEqual(more, []);
  const missing = join(folder, 'missing');
  assert.match(
    (await problemsOf({ tokenFile: missing }))[0] ?? '',
    /^configs\.sputnik: admin\.tokenFile: cannot read the token: ENOENT/,
  );
  const empty = await tokenFile('');
  assert.match((await problemsOf({ tokenFile: empty }))[0] ?? '', /has no token: one line of visible ASCII$/);
  assert.deepEqual(await problemsOf({ host: '0.0.0.0', tokenFile: await tokenFile('good') }), []);
  const listener = defineBlock({
    name: 'listener',
    check: () => ({ listens: [{ protocol: 'tcp', host: '0.0.0.0', port: 9470 }] }),
    make: () => ({}),
  });
  const { problems } = await check({
    blocks: [{ name: 'listener' }],
    blockFactories: { listener },
    configs: { sputnik: { admin: {} } },
  });
  assert.deepEqual(problems, [
    'configs.listener: TCP port 9470 on 0.0.0.0 is taken by "admin"; give one of them another port',
  ]);
});

test('over a Unix socket its permissions decide, and it is gone afterwards', async () => {
  const socketPath = join(folder, 'admin.sock');
  const log = new MemoryLog();
  const runner = await startRunner({ ...options, configs: { sputnik: { admin: { socket: socketPath } } }, log });
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  const via = (path: string, method = 'GET'): Promise<number> =>
    statusOf('http://localhost', { socketPath, path, method, headers: { host: 'anything' } });
  assert.equal(await via('/status'), 200);
  assert.equal(await via('/log-level?level=debug', 'POST'), 409);
  await runner.stop();
  await assert.rejects(stat(socketPath));
});

test('a port that is taken is an error that names it', async () => {
  const { url } = await Watched.start(options);
  const port = Number(new URL(url).port);
  await assert.rejects(startRunner({ ...options, configs: { sputnik: { admin: { port } } } }), {
    code: 'INIT_FAILED',
    message:
      /^block admin, start: cannot start: cannot listen on TCP 127\.0\.0\.1:\d+: the port is in use\. Stop the process that uses it/,
  });
});

test('what is not there, and other methods, are answered by what there is; HEAD is GET without a body', async () => {
  const { url } = await Watched.start(options);
  const nothing = await ask(url, { path: '/statuz' });
  assert.equal(nothing.status, 404);
  assert.match(nothing.text, /^there is no \/statuz here\. There are:\n {2}GET \/livez /);
  const put = await ask(url, { method: 'PUT', path: '/status' });
  assert.deepEqual([put.status, (put.headers as Record<string, string>)['allow']], [405, 'GET']);
  const head = await ask(url, { method: 'HEAD', path: '/livez' });
  assert.deepEqual([head.status, head.text], [200, '']);
  const { headers } = await ask(url, { path: '/' });
  assert.match(
    String((headers as Record<string, string>)['content-security-policy']),
    /^default-src 'none'; script-src 'self'/,
  );
  for (const path of [
    '//evil.example/status',
    '/%2e%2e/package.json',
    '/page/../package.json',
    '/constructor',
    '/__proto__',
  ])
    assert.ok([200, 404].includes(await statusOf(url, { path })), path);
  assert.equal(await statusOf(url, { path: '/../package.json' }), 404);
});

function dial(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {});
}

test('connections that ask for nothing, or do not read, lock no probe out', async (t) => {
  const { url } = await Watched.start(options);
  const closed = new Set<Socket>();
  const sockets = Array.from({ length: 100 }, (_, n) => {
    const socket = dial(url);
    socket.once('close', () => closed.add(socket));
    if (n % 2 === 0) socket.write('GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n');
    return socket.pause();
  });
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const connecting = sockets.filter((socket) => socket.connecting);
  await Promise.all(connecting.map((socket) => once(socket, 'connect')));
  for (let n = 0; n < 3; n++) assert.equal(await statusOf(url, { path: '/livez' }), 200);
  for (const socket of sockets) socket.resume();
  // the oldest gave way, one for each beyond 64; those that listen to events would stay for ever, those that are silent would go after a while
  while (!sockets.slice(0, 100 - 64).every((socket) => closed.has(socket))) await turn();
});

test('who asks again before the last answer is read is cut, so that no answers pile up', async () => {
  const { url } = await Watched.start(options);
  const socket = dial(url);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
  socket.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(100));
  await once(socket, 'close');
  assert.ok(text.split('HTTP/1.1 200 OK').length <= 2, 'one answer at most');
  assert.equal(await statusOf(url, { path: '/metrics' }), 200);
});
