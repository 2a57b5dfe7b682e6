// Sends lines as fast as they are taken, of 200 bytes unless told otherwise. `node load-syslog.js PORT CONNECTIONS MESSAGES [BYTES] [tls]`
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [port = 0, connections = 1, messages = 0, bytes = 200] = process.argv.slice(2).map(Number);
const HEAD = '<13>1 2026-11-30T12:00:00Z host app 1 - - ';
const LINE = `${HEAD}${'x'.repeat(bytes - 1 - HEAD.length)}\n`;
const open = (): Socket =>
  process.argv[6] === 'tls'
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    : connect(port, '127.0.0.1');
/** Lines in one write. */
const TOGETHER = Math.max(1, Math.floor(20_000 / bytes));

async function send(count: number): Promise<void> {
  const socket = open();
  const chunk = LINE.repeat(TOGETHER);
  for (let left = count; left > 0; left -= TOGETHER) {
    const isAll = left >= TOGETHER;
    if (!socket.write(isAll ? chunk : LINE.repeat(left))) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
}

await Promise.all(Array.from({ length: connections }, () => send(Math.ceil(messages / connections))));
