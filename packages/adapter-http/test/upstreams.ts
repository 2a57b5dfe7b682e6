import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { httpupstream } from '@sputnikjs/adapter-http';
import { ANSWERER } from '@sputnikjs/messaging';
import { testFlight, type TestFlight } from '@sputnikjs/testkit';

/** A request that has come to an HTTP server, with its body, and its answer for the test to give. */
export interface Came {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly response: ServerResponse;
}

async function listen(t: TestContext, server: Server, sockets: Set<Socket>): Promise<string> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An HTTP server; resolves with its URL. */
export function httpServer(t: TestContext, answer: (came: Came) => void): Promise<string> {
  const server = createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      answer({ method, url, headers, body: Buffer.concat(parts).toString('latin1'), response });
    });
  });
  return listen(t, server, new Set());
}

/** A server of bytes; `answer` is called for each head of a request that has come. Resolves with its URL and its connections. */
export async function byteServer(t: TestContext, answer: (socket: Socket, nth: number) => void) {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      text = '';
      answer(socket, ++count);
    });
  });
  return { url: await listen(t, server, sockets), sockets };
}

/** What is asked: the headers of the request, and its body. */
export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body?: string;
}

/** What came back. */
export interface Said {
  readonly status: string;
  readonly body: string;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a reply that is not the upstream's. */
  readonly code: string | undefined;
}

export interface Flying {
  readonly flight: TestFlight;
  readonly ask: (asked?: Asked) => Promise<Said>;
}

export async function fly(url: string, config: object = {}): Promise<Flying> {
  const flight = await testFlight({
    blocks: { [ANSWERER]: httpupstream },
    config: { httpupstream: { url, ...config } },
    timeouts: { landingMs: 60_000 },
  });
  return {
    flight,
    async ask({ headers, contentType, body = '' } = {}) {
      const request = { source: 'prices', payload: Buffer.from(body), redelivered: false };
      const more = { ...(headers && { headers }), ...(contentType !== undefined && { contentType }) };
      const reply = await flight.to(ANSWERER).ask({ ...request, ...more }, { timeoutMs: Infinity });
      const { payload, contentType: type } = reply;
      const { status = '', ...others } = reply.headers ?? {};
      const text = Buffer.from(payload).toString('latin1');
      const isOurs = type?.startsWith('application/problem+json') === true;
      const code = isOurs ? (JSON.parse(text) as { code: string }).code : undefined;
      return { status, body: text, contentType: type, headers: others, code };
    },
  };
}
