import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Logger } from '@sputnikjs/core';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Access } from './access.js';
import { answer, refusal, type Answer } from './answers.js';
import { Bodies } from './bodies.js';
import { answerClientError, errorAnswer, listenError } from './failures.js';
import { linger } from './linger.js';
import { receive, serve, type BatchLimits, type Produce, type Visit } from './reception.js';
import { makeServer, type CuttableServer, type ServerLimits, type ServerTls } from './server.js';

/** What clients may do. */
export interface Limits extends ServerLimits, BatchLimits {
  readonly maxBodyBytes: number;
  /** Most bytes of all bodies that are held at once. */
  readonly maxHeldBytes: number;
  /** How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer. */
  readonly lingerMs: number;
}

/** What a listener needs. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerTls | undefined;
  readonly access: Access;
  readonly limits: Limits;
  readonly produce: Produce;
  /** What is at `/openapi.json`. */
  readonly document: object;
  readonly log: Logger;
  readonly clock: Clock;
}

/** An HTTP server that hands what is posted to `/produce/<target>` to `produce`, and answers what that says. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #app: FastifyInstance;
  readonly #bodies: Bodies;
  /** What is known of requests to produce since their headers came. */
  readonly #visits = new WeakMap<FastifyRequest, Visit>();
  /** Requests not answered yet. */
  readonly #underWay = new Set<FastifyReply>();
  /** Those of them that are still coming in. */
  readonly #comingIn = new Set<FastifyReply>();
  #stopped: Promise<void> | undefined;
  #allAnswered: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#bodies = new Bodies(options.limits);
    this.#app = this.#makeApp();
    this.#app.server.on('drop', (connection) => {
      const { maxConnections } = options.limits;
      const text = `a connection was closed: there are ${maxConnections} already; more is a matter of "maxConnections"`;
      options.log.warn({ event: 'connectionDropped', address: connection?.remoteAddress }, text);
    });
  }

  /** Listens, and resolves with where. Rejects with an error that says what to do. */
  async open(): Promise<AddressInfo> {
    const { host, port, limits } = this.#options;
    try {
      await this.#app.ready();
      // with Node's own backlog of 511 clients that come all at once wait a second, measured
      await once(this.#app.server.listen({ host, port, backlog: limits.maxConnections }), 'listening');
    } catch (error) {
      await this.close();
      throw listenError(host, port, error);
    }
    return this.#app.server.address() as AddressInfo;
  }

  /** Takes no further connection, refuses requests that are not complete, resolves when all others are answered. */
  async land(): Promise<void> {
    const stopped = this.#stop();
    for (const reply of this.#comingIn) this.#send(reply, refusal('LANDING'));
    if (this.#underWay.size > 0) await new Promise<void>((resolve) => (this.#allAnswered = resolve));
    this.#cutAll();
    await stopped;
  }

  /** Closes everything at once, answered or not. */
  async close(): Promise<void> {
    const stopped = this.#stop();
    this.#cutAll();
    await stopped;
  }

  #cutAll(): void {
    (this.#app.server as CuttableServer).cutAll();
  }

  #stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => this.#app.server.close(() => resolve())).then(() =>
      this.#app.close(),
    );
    return this.#stopped;
  }

  #makeApp(): FastifyInstance {
    const { limits, tls, log, produce, document } = this.#options;
    const fail = (error: FastifyError, _: FastifyRequest, reply: FastifyReply): void =>
      this.#send(reply, errorAnswer(error, log));
    const app = fastify({
      serverFactory: (handler) => makeServer(handler, limits, tls),
      clientErrorHandler: answerClientError,
      frameworkErrors: fail,
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', async (_: FastifyRequest, body: IncomingMessage) => this.#bodies.read(body));
    app.addHook('onRequest', async (request, reply) => this.#begin(request.raw, reply));
    app.setErrorHandler(fail);
    app.setNotFoundHandler(({ url }, reply) => {
      const allow = url.startsWith('/produce/')
        ? 'POST'
        : /^\/openapi\.json(?:\?|$)/.test(url)
          ? 'GET, HEAD'
          : undefined;
      this.#send(
        reply,
        allow ? refusal('METHOD_NOT_ALLOWED', undefined, { headers: { allow } }) : refusal('NOT_FOUND'),
      );
    });
    app.get('/openapi.json', (_, reply) => this.#send(reply, answer(200, document)));
    app.post<{ Params: { '*': string }; Body: Buffer | undefined }>(
      '/produce/*',
      { onRequest: async (request) => this.#receive(request) },
      async (request, reply) => {
        this.#comingIn.delete(reply);
        const visit = this.#visits.get(request);
        if (visit) this.#send(reply, await serve(request.raw, visit, request.body ?? Buffer.alloc(0), produce, limits));
        return reply;
      },
    );
    return app;
  }

  #begin(request: IncomingMessage, reply: FastifyReply): void {
    // Fastify refuses a type that does not parse. We pass on any, and read it from `headersDistinct`.
    delete request.headers['content-type'];
    this.#underWay.add(reply);
    this.#comingIn.add(reply);
    reply.raw.once('finish', () => linger(request, this.#options.limits.lingerMs, this.#options.clock));
    reply.raw.once('close', () => {
      this.#bodies.release(request);
      this.#underWay.delete(reply);
      this.#comingIn.delete(reply);
      if (this.#underWay.size === 0) this.#allAnswered?.();
    });
  }

  #receive(request: FastifyRequest<{ Params: { '*': string } }>): void {
    this.#visits.set(request, receive(request.raw, request.params['*'], this.#options.access));
  }

  #send(reply: FastifyReply, { status, headers, body }: Answer): void {
    if (reply.sent) return;
    // Fastify would close the connection under a body that is too large, and its sender might not see the answer.
    reply.removeHeader('connection').code(status).headers(headers);
    if (this.#stopped) reply.header('connection', 'close');
    void reply.send(body);
  }
}
