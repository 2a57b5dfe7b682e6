import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { Clock } from '@sputnikjs/core';
import { NoAnswer, type Stage } from './no-answer.js';
import type { TlsOptions } from './tls.js';

/** Before its answer, a server may say so many times that it is going to come (1xx). */
const MOST_ANNOUNCEMENTS = 32;

/** Of what kind the connections are. */
export interface HttpConnectionsOptions {
  /** Connections at most; further requests wait, in order. */
  readonly connections: number;
  /** How long a connection without a request is kept, in milliseconds. */
  readonly idleMs: number;
  /** How long it may take to connect, in milliseconds. Default: as long as its request. */
  readonly connectMs?: number | undefined;
  /** Finds the addresses of hosts. Default: the system does. */
  readonly lookup?: LookupFunction | undefined;
  /** Read anew for each request. */
  readonly tls: () => Promise<TlsOptions>;
  readonly clock: Pick<Clock, 'after'>;
}

/** A request to send. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, in place of those of the URL. */
  readonly path?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/**
 * Connections to HTTP servers, kept for the next request.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { systemClock } from '@sputnikjs/core';
 * import { HttpConnections, NoAnswer } from '@sputnikjs/messaging/net';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * test('nobody is there', async (t) => {
 *   const connections = new HttpConnections({ connections: 1, idleMs: 1_000, tls: async () => ({}), clock: systemClock });
 *   t.after(() => connections.close());
 *   const url = new URL(`http://127.0.0.1:${await freePort()}/`);
 *   const sending = connections.send(url, { method: 'GET', headers: {} }, AbortSignal.timeout(60_000));
 *   await assert.rejects(sending, (error) => error instanceof NoAnswer && error.stage === 'connecting');
 * });
 */
export class HttpConnections {
  readonly #options: HttpConnectionsOptions;
  readonly #agents: readonly [Agent, TlsAgent];
  /** Those that have had a request. Node tells of a request that it had a kept connection, but not of one that waited for it. */
  readonly #used = new WeakSet<Socket>();

  constructor(options: HttpConnectionsOptions) {
    const kept = { keepAlive: true, maxSockets: options.connections, timeout: options.idleMs };
    this.#options = options;
    this.#agents = [new Agent(kept), new TlsAgent(kept)];
    // guard: a server that talks while nobody asks is not listened to
    for (const agent of this.#agents) agent.on('free', (socket: Socket) => socket.on('data', cut));
  }

  /** Closes the connections. */
  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /**
   * Sends a request; resolves with the head of the answer, whatever its status. Redirects are answers. Rejects with a {@link NoAnswer}. When the
   * signal aborts, request and answer end; its reason is the error.
   */
  async send(url: URL, { method, path, headers, body }: HttpRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { lookup } = this.#options;
    const [plainAgent, tlsAgent] = this.#agents;
    const options = {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-length': `${body.byteLength}` }) },
      ...(path !== undefined && { path }),
      ...(lookup !== undefined && { lookup }),
    };
    if (url.protocol !== 'https:')
      return await this.#answerTo(httpRequest(url, { ...options, agent: plainAgent }), body, signal);
    const tls = await this.#options.tls().catch((error: Error) => {
      throw new NoAnswer(error, 'waiting', 'new');
    });
    return await this.#answerTo(tlsRequest(url, { ...options, ...tls, agent: tlsAgent }), body, signal);
  }

  #answerTo(request: ClientRequest, body: Uint8Array | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      let stage: Stage = 'waiting';
      let connection: 'new' | 'kept' = 'new';
      let announcements = 0;
      const fail = (error: unknown): void => reject(new NoAnswer(error, stage, connection));
      const abort = (): void => {
        // Node would tell of it only when there is a connection
        // guard: a request that waits for a connection is given up at once
        if (stage === 'waiting') fail(signal.reason);
        request.destroy(signal.reason as Error);
      };
      signal.addEventListener('abort', abort);
      if (signal.aborted) abort();
      request.on('socket', (socket) => {
        socket.off('data', cut);
        if (this.#used.has(socket)) connection = 'kept';
        this.#used.add(socket);
        this.#connect(request, socket, (reached) => (stage = reached));
      });
      request.on('error', (error) => fail(signal.aborted ? signal.reason : error));
      request.on('close', () => signal.removeEventListener('abort', abort));
      request.on('information', () => {
        // guard: a server that announces its answer again and again is left
        if (++announcements > MOST_ANNOUNCEMENTS)
          request.destroy(new Error(`the server has announced its answer ${MOST_ANNOUNCEMENTS} times (1xx)`));
      });
      request.on('response', (response) => {
        response.once('close', () => {
          // guard: a server that answers, and does not read the request, keeps no connection
          if (!request.writableFinished) request.destroy();
        });
        resolve(response);
      });
      // Node would cut the connection, and say nothing
      request.on('upgrade', (_response, socket) => {
        socket.destroy();
        fail(new Error('the answer was 101, to switch protocols'));
      });
      request.end(body);
    });
  }

  /** A connection has been chosen: tells when it is there, and gives it up if that takes too long. */
  #connect(request: ClientRequest, socket: Socket, reached: (stage: Stage) => void): void {
    const { connectMs, clock } = this.#options;
    if (!socket.connecting) return reached('sent');
    reached('connecting');
    const connected = 'encrypted' in socket ? 'secureConnect' : 'connect';
    socket.once(connected, () => reached('sent'));
    if (connectMs === undefined) return;
    // guard: a connection that does not come to be is given up
    const giveUp = clock.after(connectMs, () => request.destroy(new Error(`no connection within ${connectMs} ms`)));
    socket.once(connected, giveUp);
    request.once('close', giveUp);
  }
}

/** Ends a connection that says something. */
function cut(this: Socket): void {
  this.destroy();
}
