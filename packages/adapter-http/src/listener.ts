import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, Logger } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/sidecar';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { refusal, type Answer } from './answers.js';
import { checkRequest } from './check.js';
import { answerClientError, errorAnswer, listenError } from './failures.js';
import { linger } from './linger.js';

/** How long clients may take, in milliseconds. */
export interface Patience {
  /** Until the headers of a request are complete. */
  readonly headersMs: number;
  /** Until a request is complete. */
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly lookMs: number;
  /** How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer. */
  readonly lingerMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000, lookMs: 2_000, lingerMs: 2_000 };

/** What a listener needs. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly produce: (this: void, message: ProduceMessage) => Promise<Answer>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly patience?: Patience | undefined;
}

/** An HTTP server that hands what is posted to `/produce/<target>` to `produce`, and answers what that says. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #patience: Patience;
  readonly #app: FastifyInstance;
  /** Requests not answered yet. */
  readonly #underWay = new Set<FastifyReply>();
  /** Those of them that are still coming in. */
  readonly #comingIn = new Set<FastifyReply>();
  #stopped: Promise<void> | undefined;
  #allAnswered: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#patience = options.patience ?? PATIENCE;
    this.#app = this.#makeApp();
  }

  /** Listens, and resolves with the port. Rejects with an error that says what to do. */
  async open(): Promise<number> {
    const { host, port } = this.#options;
    try {
      await this.#app.ready();
      await once(this.#app.server.listen({ host, port }), 'listening');
    } catch (error) {
      await this.close();
      throw listenError(host, port, error);
    }
    return (this.#app.server.address() as AddressInfo).port;
  }

  /** Takes no further connection, refuses requests that are not complete, resolves when all others are answered. */
  async land(): Promise<void> {
    const stopped = this.#stop();
    for (const reply of this.#comingIn) this.#send(reply, refusal('LANDING'));
    if (this.#underWay.size > 0) await new Promise<void>((resolve) => (this.#allAnswered = resolve));
    this.#app.server.closeAllConnections();
    await stopped;
  }

  /** Closes everything at once, answered or not. */
  async close(): Promise<void> {
    const stopped = this.#stop();
    this.#app.server.closeAllConnections();
    await stopped;
  }

  #stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => this.#app.server.close(() => resolve())).then(() =>
      this.#app.close(),
    );
    return this.#stopped;
  }

  #makeApp(): FastifyInstance {
    const { maxBodyBytes, log } = this.#options;
    const { headersMs, requestMs, lookMs } = this.#patience;
    const fail = (error: FastifyError, _: FastifyRequest, reply: FastifyReply): void =>
      this.#send(reply, errorAnswer(error, log));
    const app = fastify({
      bodyLimit: maxBodyBytes,
      requestTimeout: requestMs,
      http: { headersTimeout: headersMs, connectionsCheckingInterval: lookMs },
      clientErrorHandler: answerClientError,
      frameworkErrors: fail,
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    app.addHook('onRequest', async (request, reply) => this.#begin(request.raw, reply));
    app.setErrorHandler(fail);
    app.setNotFoundHandler((request, reply) => {
      const isProduce = request.url.startsWith('/produce/');
      this.#send(reply, refusal(isProduce ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND'));
    });
    app.post<{ Params: { '*': string }; Body: Buffer | undefined }>('/produce/*', async (request, reply) => {
      this.#comingIn.delete(reply);
      this.#send(reply, await this.#produce(request.raw, request.params['*'], request.body ?? Buffer.alloc(0)));
      return reply;
    });
    return app;
  }

  #begin(request: IncomingMessage, reply: FastifyReply): void {
    // Fastify refuses a type that does not parse. We pass on any, and read it from `headersDistinct`.
    delete request.headers['content-type'];
    this.#underWay.add(reply);
    this.#comingIn.add(reply);
    reply.raw.once('finish', () => linger(request, this.#patience.lingerMs, this.#options.clock));
    reply.raw.once('close', () => {
      this.#underWay.delete(reply);
      this.#comingIn.delete(reply);
      if (this.#underWay.size === 0) this.#allAnswered?.();
    });
  }

  async #produce({ headers, headersDistinct }: IncomingMessage, target: string, payload: Buffer): Promise<Answer> {
    const contentType = headersDistinct['content-type']?.[0];
    const problem = checkRequest({ target, contentType, contentEncoding: headers['content-encoding'], body: payload });
    return problem ?? this.#options.produce({ target, payload, contentType });
  }

  #send(reply: FastifyReply, { status, headers, body }: Answer): void {
    if (reply.sent) return;
    // Fastify would close the connection under a body that is too large, and its sender might not see the answer.
    reply.removeHeader('connection').code(status).headers(headers);
    if (this.#stopped) reply.header('connection', 'close');
    void reply.send(body);
  }
}
