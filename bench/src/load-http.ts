// Posts messages of 200 bytes, one after the other on each connection. `node load-http.js PORT PATH CONNECTIONS MESSAGES`
import { once } from 'node:events';
import { connect } from 'node:net';

const [port = '', path = '', ...counts] = process.argv.slice(2);
const [connections = 1, messages = 0] = counts.map(Number);
const BODY = JSON.stringify({ text: 'x'.repeat(189) });
const REQUEST = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

async function post(count: number): Promise<void> {
  const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1').setNoDelay(true);
  let [left, answer] = [count, ''];
  socket.on('data', (text) => {
    answer += String(text);
    if (!isWhole(answer)) return;
    if (!answer.startsWith('HTTP/1.1 202 ')) throw new Error(`refused: ${answer}`);
    answer = '';
    if (--left === 0) socket.end();
    else socket.write(REQUEST);
  });
  socket.write(REQUEST);
  await once(socket, 'close');
  if (left > 0) throw new Error(`the connection was closed, and ${left} messages were not sent`);
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? 0);
  return answer.length >= end + 4 + length;
}

await Promise.all(Array.from({ length: connections }, () => post(Math.ceil(messages / connections))));
