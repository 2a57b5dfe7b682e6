// Counts datagrams, and does nothing else. `node count-udp.js PORT` says when it listens, and how many have come when its stdin ends.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

let count = 0;
const socket = createSocket({ type: 'udp4', recvBufferSize: 4_194_304 }).on('message', () => count++);
socket.bind(Number(process.argv[2]), '127.0.0.1');
await once(socket, 'listening');
console.log('listening');
process.stdin.resume();
await once(process.stdin, 'end');
console.log(count);
socket.close();
