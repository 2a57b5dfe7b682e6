import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A server of bytes: what it does with each connection is the test's. Resolves with the URL of a hook. */
export async function rawServer(t: TestContext, serve: (socket: Socket, nth: number) => void): Promise<string> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket, ++count);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

/** Answers each request that is complete. Its bodies are short, and have no blank line. */
export function answering(socket: Socket, answer: (nth: number) => void): void {
  let [text, nth] = ['', 0];
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    if (!/\r\n\r\n./s.test(text)) return;
    text = '';
    answer(++nth);
  });
}

/** Calls back when Node has the head of an answer; returns what ends that. */
export function whenAnswerBegins(begun: () => void): () => void {
  const channel = 'http.client.response.finish';
  subscribe(channel, begun);
  return () => void unsubscribe(channel, begun);
}
