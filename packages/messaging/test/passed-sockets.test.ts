import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ListenAt } from '@sputnikjs/messaging/net';

/** Opens sockets of every kind on descriptors from 3 on, and becomes the program that it is given. */
const PASS = `
import os, socket, sys
path, *command = sys.argv[1:]
stream, packet, local = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_UNIX
tcp = socket.create_server(('127.0.0.1', 0))
connection = socket.create_connection(tcp.getsockname())
tcp6 = socket.create_server(('::1', 0), family=socket.AF_INET6)
udp = socket.socket(socket.AF_INET6, packet)
udp.bind(('::', 0))
unix, datagrams = socket.socket(local, stream), socket.socket(local, packet)
unix.bind(path + '/stream')
unix.listen()
datagrams.bind(path + '/datagrams')
places = [tcp, tcp6, udp, unix, datagrams, connection]
ports = [str(one.getsockname()[1]) for one in (tcp, tcp6, udp)]
high = [os.dup(one.fileno()) for one in places] + [os.open('/dev/null', os.O_RDONLY)]
for one in places + [sys.stdin]:
    if one.fileno() > 2: one.detach()
os.closerange(3, min(high))
copies = [os.dup2(fd, 40 + at) for at, fd in enumerate(high)]
for at, fd in enumerate(copies): os.dup2(fd, 3 + at)
os.closerange(40, 60)
count = os.environ.get('COUNT', str(len(high)))
os.environ.update(LISTEN_FDS=count, LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='mail::time', **dict(zip('ABC', ports)))
os.environ.update({'LISTEN_PID': os.environ['FOR']} if 'FOR' in os.environ else {})
os.execvp(command[0], command)
`;

const NET = new URL('../dist/net/index.js', import.meta.url).href;

/** What of these places was passed to a process, by descriptor, and what is left. A port may be the name of a variable. */
function passedTo(env: Record<string, string>, places: readonly (ListenAt | { readonly port: string })[]): unknown {
  const path = mkdtempSync(join(tmpdir(), 'sputnik-passed-'));
  const script = `
    const { passedSocket, unusedSockets } = await import(${JSON.stringify(NET)});
    const places = ${JSON.stringify(places)};
    const fds = [];
    for (const place of places)
      fds.push((await passedSocket({ ...place, ...(place.port && { port: Number(process.env[place.port] ?? place.port) }) })) ?? null);
    console.log(JSON.stringify({ fds, unused: unusedSockets() }));`;
  const command = ['-c', PASS, path, process.execPath, '--input-type=module', '-e', script];
  try {
    const text = execFileSync('python3', command, { cwd: path, env: { ...process.env, ...env }, encoding: 'utf8' });
    return JSON.parse(text.replaceAll(path, ''));
  } finally {
    rmSync(path, { recursive: true });
  }
}

const local = (protocol: 'tcp' | 'udp', host: string, port: string) => ({ protocol, host, port });

test(
  'a socket is passed to who listens at its address and port, however they are written, and once',
  { skip: process.platform !== 'linux' },
  () => {
    const places = [
      local('udp', '127.0.0.1', 'A'),
      local('tcp', '0.0.0.0', 'A'),
      local('tcp', '127.0.0.1', 'B'),
      local('tcp', '127.0.0.1', 'A'),
      local('tcp', '127.0.0.1', 'A'),
      local('tcp', '0:0::1', 'B'),
      local('udp', '::', 'C'),
      { protocol: 'unix', path: 'stream' } as const,
      { protocol: 'unix', path: 'datagrams' } as const,
      local('tcp', 'nowhere.invalid', 'A'),
    ];
    const { fds, unused } = passedTo({}, places) as { fds: unknown; unused: string[] };
    assert.deepEqual(fds, [null, null, null, 3, null, 4, 5, 6, null, null]);
    const [datagrams, connection, file, ...more] = unused;
    assert.equal(datagrams, 'the Unix socket /datagrams, which is not for streams');
    assert.match(connection ?? '', /^TCP 127\.0\.0\.1:\d+, which is a connection: set Accept=no$/);
    assert.deepEqual([file, ...more], ['descriptor 9, which is no socket of this network']);
  },
);

test(
  'what is for another process, or is no number, is not taken; the first is told',
  { skip: process.platform !== 'linux' },
  () => {
    const places = [local('tcp', '127.0.0.1', 'A')];
    const { fds, unused } = passedTo({ FOR: '1' }, places) as { fds: unknown; unused: string[] };
    assert.deepEqual([fds, unused.length], [[null], 1]);
    assert.match(unused[0] ?? '', /^sockets to process 1, which is not this one \(\d+\)/);
    for (const COUNT of ['-1', 'x', '1.5', ''])
      assert.deepEqual(passedTo({ COUNT }, places), { fds: [null], unused: [] });
  },
);

test('names of sockets are told', { skip: process.platform !== 'linux' }, () => {
  const { unused } = passedTo({}, []) as { unused: string[] };
  assert.match(unused[0] ?? '', /^TCP 127\.0\.0\.1:\d+ \(mail\)$/);
  assert.match(unused[1] ?? '', /^TCP \[::1\]:\d+$/);
  assert.match(unused[2] ?? '', /^UDP \[::\]:\d+ \(time\)$/);
});
