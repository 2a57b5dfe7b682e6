// Sends datagrams of 200 bytes at a rate, and prints how many. `node load-udp.js PORT RATE SECONDS`
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';

const [port = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const HEAD = '<13>1 2026-11-30T12:00:00Z host app 1 - - ';
const DATAGRAM = Buffer.from(HEAD + 'x'.repeat(200 - HEAD.length));
/** Datagrams in one turn of the event loop. */
const TOGETHER = 500;

const socket = createSocket('udp4');
socket.connect(port, '127.0.0.1');
await once(socket, 'connect');
const [total, since] = [rate * seconds, performance.now()];
let [sent, open] = [0, 0];
while (sent < total || open > 0) {
  const due = Math.min(total, Math.floor(((performance.now() - since) / 1000) * rate), sent + TOGETHER);
  for (; sent < due; sent++) {
    open++;
    socket.send(DATAGRAM, () => open--);
  }
  await turn();
}
console.log(sent);
socket.close();
