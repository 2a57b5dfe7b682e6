// A server to go with the line connector: `node line-server.js PORT FILE` appends each line to the file, and answers "ok".
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const [port, file = 'lines'] = process.argv.slice(2);

/** Takes a line, and says what became of it. An empty one only asks if anybody is there. */
function answerTo(line: string): string {
  if (line === '') return 'ok';
  try {
    JSON.parse(line);
    appendFileSync(file, `${line}\n`);
    return 'ok';
  } catch (error) {
    return `error: ${(error as Error).message}`;
  }
}

const server = createServer((socket) => {
  socket.on('error', () => {});
  const lines = createInterface(socket).on('line', (line) => socket.write(`${answerTo(line)}\n`));
  lines.on('error', () => {});
});
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
