import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '@sputnikjs/core';
import { textOf } from '../text.js';
import { denied, type AccessSettings } from './access.js';
import { text, type Answer, type Endpoint } from './answer.js';
import { pageAnswer } from './endpoints.js';

const MOST_CONNECTIONS = 64;
const REQUEST_MS = 5_000;
/** How long a connection may be idle before it is closed, unless it is a stream. */
const IDLE_MS = 10_000;
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** The HTTP server of the admin endpoints. */
export class AdminServer {
  readonly server: Server;
  readonly #endpoints: readonly Endpoint[];
  readonly #access: AccessSettings;
  readonly #log: Logger | undefined;
  /** Open connections, the oldest first. */
  readonly #connections = new Set<Socket>();
  /** Connections with an answer under way. */
  readonly #busy = new WeakSet<Socket>();

  constructor(endpoints: readonly Endpoint[], access: AccessSettings, log: Logger | undefined) {
    this.#endpoints = endpoints;
    this.#access = access;
    this.#log = log;
    const options = { maxHeaderSize: 8 * 1024, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS };
    this.server = createServer(options, (request, response) => void this.#serve(request, response));
    this.server.timeout = IDLE_MS;
    this.server.on('connection', (socket) => this.#admit(socket));
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Closes the oldest connection: probes are short, so that nobody can lock them out. */
  #admit(socket: Socket): void {
    const [oldest] = this.#connections;
    // guard: a probe finds a connection
    if (this.#connections.size >= MOST_CONNECTIONS) oldest?.destroy();
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    // guard: who asks before it has read the last answer is cut
    if (this.#busy.has(socket)) return void socket.destroy();
    this.#busy.add(socket);
    response.once('close', () => this.#busy.delete(socket));
    const head = request.method === 'HEAD';
    try {
      const answer = await this.#answer(request, response);
      // a stream may be silent for long
      if (answer === undefined) return void response.socket?.setTimeout(0);
      const { status, type, body } = answer;
      response.writeHead(status, {
        ...response.getHeaders(),
        'Content-Type': type,
        'Content-Length': Buffer.byteLength(body),
      });
      response.end(head ? undefined : body);
    } catch (error) {
      this.#log?.error({ event: 'adminFailed', error }, `the admin endpoint ${request.url} failed: ${textOf(error)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    // nothing here has a body worth reading
    request.resume();
    const { url: target = '/', headers } = request;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (!target.startsWith('/')) return text(400, 'the target of a request is a path');
    const url = new URL(`http://admin${target.replace(/^\/+/, '/')}`);
    const here = this.#endpoints.filter(({ path }) => path === url.pathname);
    const endpoint = here.find((one) => one.method === method);
    const denial = await denied(this.#access, endpoint?.purpose ?? 'probe', headers);
    if (denial !== undefined) {
      const { status, text: why } = denial;
      this.#log?.warn(
        { event: 'adminDenied', code: `${status}`, path: url.pathname },
        `refused ${method} ${url.pathname}: ${why}`,
      );
      if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
      return text(status, why);
    }
    if (endpoint !== undefined) return await endpoint.answer(request, response, url);
    const page = method === 'GET' ? await pageAnswer(url.pathname) : undefined;
    if (page !== undefined) return page;
    if (here.length === 0) return text(404, `there is no ${url.pathname} here. There are:\n${this.#list()}`);
    response.setHeader('Allow', here.map((one) => one.method).join(', '));
    return text(405, `${url.pathname} takes ${here.map((one) => one.method).join(' and ')}`);
  }

  #list(): string {
    return this.#endpoints.map(({ method, path, help }) => `  ${`${method} ${path}`.padEnd(20)} ${help}`).join('\n');
  }
}
