import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite, Subscriber } from './support.js';

const APP = fileURLToPath(new URL('../bin/protocol-adapter.js', import.meta.url));
const LOCAL = '127.0.0.1';

/** Opens sockets and passes them on, as systemd does: from descriptor 3 on, and says for which process. */
const PASS = `
import fcntl, os, socket, sys
end = sys.argv.index('--')
opened = []
for place in sys.argv[1:end]:
    kind, address = place.split(':', 1)
    if kind == 'unix':
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.bind(address)
    else:
        host, port = address.rsplit(':', 1)
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM)
        if kind == 'tcp':
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, int(port)))
    if kind != 'udp':
        one.listen(16)
    elif 'FLOOD' in os.environ:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for n in range(100):
            sender.sendto(b'<13>early ' + b'x' * 1000, (host, int(port)))
    opened.append(fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 64))
for index, fd in enumerate(opened):
    os.dup2(fd, 3 + index, inheritable=True)
os.environ.update(LISTEN_FDS=str(len(opened)), LISTEN_PID=os.environ.get('FOR', str(os.getpid())), LISTEN_FDNAMES='one:two')
os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
`;

/** A block that says how many sockets its child has, beside its own stdout. */
const PARENT = `
import { execFileSync } from 'node:child_process';
import { defineBlock } from '@sputnikjs/core';
export const parent = defineBlock({
  name: 'parent',
  make: (_config, _to, { log }) => ({
    run() {
      const links = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      log.info({ event: 'child', sockets: links.split('socket:').length - 2 }, 'a child has been looked at');
    },
  }),
});
`;

/** What passes sockets, such as \`udp:127.0.0.1:514\`. */
const passing = (...places: readonly string[]): readonly string[] => ['python3', '-c', PASS, ...places, '--'];

const taken = new Set<number>();

/** A free port that is no other one of these tests. */
async function newPort(): Promise<number> {
  const port = await freePort();
  if (taken.has(port)) return newPort();
  taken.add(port);
  return port;
}

/** A folder with an embedded broker, and a subscriber to it once the satellite listens. */
async function conf(t: TestContext, blocks: readonly string[], files: Record<string, unknown>) {
  const broker = await newPort();
  const modules: Record<string, string> = { httpgateway: '@sputnikjs/adapter-http', parent: './parent.mjs' };
  const others = ['syslogproducer', ...blocks].map((name) => ({
    name,
    module: modules[name] ?? '@sputnikjs/adapter-syslog',
  }));
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, ...others],
    'connector.json': { module: '@sputnikjs/connector-mqtt', embedded: true, port: broker },
    'parent.mjs': PARENT,
    ...files,
  });
  return { cf, subscriber: () => Subscriber.to(t, broker) };
}

/** How many messages the producer had handled when the satellite landed. */
function produced(satellite: Satellite): number {
  const [landed] = satellite.records('landed') as { blocks: { producer?: { handled: number } } }[];
  return landed?.blocks.producer?.handled ?? 0;
}

test('the receiver, the gateway and the admin endpoints take the sockets that were passed for them', async (t) => {
  const [syslog, http, admin] = [await newPort(), await newPort(), await newPort()];
  const { cf, subscriber } = await conf(t, ['syslogreceiver', 'httpgateway', 'parent'], {
    'httpgateway.json': { host: 'localhost', port: http },
    'sputnik.json': { admin: { port: admin } },
  });
  const path = join(cf, 'log.sock');
  const listeners = [
    { transport: 'tcp', port: syslog },
    { transport: 'udp', port: syslog },
    { transport: 'unix', path },
  ];
  const places = [`tcp:${LOCAL}:${syslog}`, `udp:${LOCAL}:${syslog}`, `unix:${path}`, `tcp:${LOCAL}:${http}`];
  const by = passing(...places, `tcp:${LOCAL}:${admin}`);
  const env = { SYSLOGRECEIVER_LISTENERS: JSON.stringify(listeners) };
  const satellite = new Satellite(t, cf, env, APP, by);
  await satellite.logs('connected');
  const passed = satellite.records('listening').filter(({ protocol }) => protocol !== 'mqtt');
  assert.deepEqual(
    passed.map((record) => record['passed']),
    [true, true, true, true, true],
  );
  assert.match(String(passed[1]?.['msg']), /the service manager has passed the socket$/);
  const messages = await subscriber();
  for (const [n, to] of [
    ['-T', '-n', LOCAL],
    ['-d', '-n', LOCAL],
    ['-u', path],
  ].entries())
    await run(t, 'logger', ...to, ...(to[0] === '-u' ? [] : ['-P', `${syslog}`]), `hello ${n}`);
  await run(t, 'curl', '-sf', '-d', 'hello 3', `http://${LOCAL}:${http}/produce/hello`);
  await messages.until(() => messages.messages.length === 4, 'all messages');
  assert.match(await run(t, 'curl', '-sf', `http://${LOCAL}:${admin}/livez`), /^ok/);
  await satellite.logs('child');
  assert.equal(satellite.records('child')[0]?.['sockets'], 0, 'a child has none of them');
  assert.deepEqual(satellite.records('socketUnused'), []);
  satellite.process.kill('SIGTERM');
  assert.equal((await satellite.ended).code, 0);
  assert.ok(existsSync(path), 'the path of a passed socket is not ours to remove');
});

for (const [option, transport] of [
  [[], 'tcp'],
  [['-d'], 'udp'],
] as const) {
  test(`systemd-socket-activate starts it when the first message comes over ${transport}, and that is not lost`, async (t) => {
    const port = await newPort();
    const { cf, subscriber } = await conf(t, ['syslogreceiver'], {
      'syslogreceiver.json': { listeners: [{ transport, port }] },
    });
    const at = `${LOCAL}:${port}`;
    const by = ['systemd-socket-activate', ...option, '-l', at, ...['NODE_ENV', 'PATH'].flatMap((key) => ['-E', key])];
    const satellite = new Satellite(t, cf, {}, APP, by);
    await satellite.until(() => satellite.errors.some((line) => line.startsWith('Listening on')), 'listening');
    const send = (text: string) =>
      run(t, 'logger', transport === 'tcp' ? '-T' : '-d', '-n', LOCAL, '-P', `${port}`, text);
    await send('first');
    await satellite.logs('connected');
    const messages = await subscriber();
    await send('second');
    await messages.until(() => messages.messages.length > 0, 'a message');
    satellite.process.kill('SIGTERM');
    assert.equal((await satellite.ended).code, 0);
    assert.equal(produced(satellite), 2);
  });
}

test('of datagrams that came before the start what had room is received, and the rest is not counted as lost by it', async (t) => {
  const port = await newPort();
  const { cf } = await conf(t, ['syslogreceiver'], {
    'syslogreceiver.json': { listeners: [{ transport: 'udp', port }] },
  });
  const satellite = new Satellite(t, cf, { FLOOD: '1' }, APP, passing(`udp:${LOCAL}:${port}`));
  await satellite.logs('connected');
  assert.match(
    String(satellite.records('smallBuffer')[0]?.['msg']),
    /in the unit of the socket: ReceiveBuffer=8388608$/,
  );
  satellite.process.kill('SIGTERM');
  assert.equal((await satellite.ended).code, 0);
  assert.deepEqual(satellite.records('datagramsDroppedByKernel'), []);
  const count = produced(satellite);
  assert.ok(count > 0 && count < 100, `${count}`);
});

test('a passed socket that nobody uses is a warning, and so is one for another process', async (t) => {
  const [port, other] = [await newPort(), await newPort()];
  const { cf } = await conf(t, ['syslogreceiver'], { 'syslogreceiver.json': { port } });
  const path = join(cf, 'admin.sock');
  const admin = { SPUTNIK_ADMIN_SOCKET: path };
  const places = [`tcp:${LOCAL}:${port}`, `tcp:${LOCAL}:${other}`, `unix:${path}`];
  const unused = new Satellite(t, cf, admin, APP, passing(...places));
  await unused.logs('connected');
  const [warning, ...more] = unused.records('socketUnused');
  assert.deepEqual(more, []);
  assert.equal(warning?.['socket'], `TCP ${LOCAL}:${other} (two)`);
  const udp = unused.records('listening').find(({ transport }) => transport === 'udp');
  assert.equal(udp?.['passed'], false, 'that of another transport is not the same place');
  assert.match(await run(t, 'curl', '-sf', '--unix-socket', path, 'http://admin/livez'), /^ok/);
  unused.process.kill('SIGTERM');
  assert.equal((await unused.ended).code, 0);
  assert.ok(existsSync(path), 'the path of the admin endpoints is not ours to remove either');
  const mistaken = new Satellite(t, cf, { FOR: '1' }, APP, passing(`tcp:${LOCAL}:${other}`));
  await mistaken.logs('socketUnused');
  assert.match(String(mistaken.records('socketUnused')[0]?.['msg']), /process 1, which is not this one/);
});

test('an error about a place that is taken names what was passed', async (t) => {
  const port = await newPort();
  const { cf } = await conf(t, ['syslogreceiver'], { 'syslogreceiver.json': { host: '0.0.0.0', port, udp: false } });
  const satellite = new Satellite(t, cf, {}, APP, passing(`tcp:${LOCAL}:${port}`));
  assert.equal((await satellite.ended).code, 1);
  assert.match(
    satellite.errors.join(),
    /port is in use.*The service manager has passed TCP 127\.0\.0\.1:\d+ \(one\)\. To use/,
  );
});
