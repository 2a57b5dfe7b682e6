import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, Logger, Metric } from '@sputnikjs/core';
import type { Traces } from '@sputnikjs/messaging/traces';
import { passedSocket, ProblemLog, watchFiles } from '@sputnikjs/messaging/net';
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import type { Access } from './access/access.js';
import { checkQuery, requestTargetOf } from './read/address.js';
import { answer, refusal, written, type Answer, type Problem } from './answer/answers.js';
import { Bodies, type BodyLimits } from './receive/bodies.js';
import type { Certificate } from './receive/certificate.js';
import { checkEncoding, checkHead } from './read/check.js';
import { consumptionOf } from './read/consumption.js';
import type { Hub } from './consume/hub.js';
import { messageOf } from './read/message.js';
import type { Asking } from './request/asking.js';
import { Connections } from './receive/connections.js';
import { clientErrorAnswer, errorAnswer, listenError } from './answer/failures.js';
import { beginRequest } from './spans.js';
import { receive, serve, type BatchLimits, type Produce, type RequestContext } from './produce/reception.js';
import { Refused } from './answer/refusals.js';
import { makeServer, type ServerLimits } from './receive/server.js';
import { Turns } from './receive/turns.js';

/** Limits for clients. */
export interface Limits extends ServerLimits, BatchLimits, BodyLimits {
  readonly maxConnections: number;
  /** How long to read and discard the rest of a refused body, so that its sender sees the answer, in milliseconds. */
  readonly lingerMs: number;
}

/** What a listener needs. */
export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate?: Certificate | undefined;
  readonly access: Access;
  readonly limits: Limits;
  readonly produce: Produce;
  /** What may be consumed; undefined if nothing. */
  readonly hub?: Hub | undefined;
  /** Where requests go; undefined if there are none. */
  readonly asking?: Asking | undefined;
  /** The document at `/openapi.json`. */
  readonly document: object;
  readonly log: Logger;
  readonly clock: Clock;
  /** Undefined where nobody traces. */
  readonly traces?: Traces | undefined;
  /** Aborts when a landing is announced: clients should go elsewhere. */
  readonly landingSoon: AbortSignal;
}

interface AnswerCount {
  readonly labels: Readonly<Record<string, string>>;
  count: number;
}

/** Where a request has its context. */
const CONTEXT = 'sputnikContext';
const NO_BODY: Buffer = Buffer.alloc(0);

/** No route has a schema: fastify would load its compilers, a hundred modules, at each start. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: withoutSchemas, buildSerializer: withoutSchemas } };

function withoutSchemas(): never {
  throw new Error('a route of the gateway has a schema; fastify needs its compilers for that');
}

const NOT_ALONE = new Refused(
  'BAD_REQUEST',
  'other requests are under way on the connection; consume over a connection of its own',
);

const NO_KEY = new Refused(
  'BAD_REQUEST',
  'a request is sent once, and servers do not compare keys of requests; leave the Idempotency-Key out',
);

/** An HTTP server that passes what is posted to `/produce/<target>` to `produce`, and sends its answer; and has clients consume, and ask. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #app: FastifyInstance;
  readonly #turns = new Turns();
  readonly #bodies: Bodies;
  readonly #problemLog: ProblemLog;
  readonly #connections: Connections;
  /** How often which status and code was answered. */
  readonly #answers = new Map<string, AnswerCount>();
  /** The service manager has passed its socket. */
  passed = false;
  #isLanding = false;
  #unwatch = (): void => {};

  constructor(options: ListenerOptions) {
    const { limits, certificate, log, clock, landingSoon } = options;
    this.#options = options;
    this.#bodies = new Bodies(limits, clock);
    this.#problemLog = new ProblemLog({ log, clock });
    const server = makeServer(limits, certificate);
    let handle: RequestListener = () => {};
    this.#connections = new Connections(server, certificate !== undefined, (...request) => handle(...request), {
      clock,
      turns: this.#turns,
      lingerMs: limits.lingerMs,
      isLeaving: () => this.#isLanding || landingSoon.aborted,
      maxConnections: limits.maxConnections,
      onDrop: (remoteAddress) => {
        const text = `a connection was closed: there are ${limits.maxConnections}; raise "maxConnections" to allow more`;
        this.#problemLog.note('connectionDropped', text, { remoteAddress });
      },
      onLook: () => this.#bodies.look((request) => this.#connections.isHeld(request)),
      onOver: (request) => this.#bodies.release(request),
    });
    this.#app = this.#makeApp((handler) => {
      handle = handler;
      return server;
    });
  }

  /** Listens, and resolves with the address. Rejects with an error that says what to do. */
  async open(): Promise<AddressInfo> {
    const { host, port, limits, clock } = this.#options;
    try {
      await this.#app.ready();
      const fd = await passedSocket({ protocol: 'tcp', host, port });
      this.passed = fd !== undefined;
      // with Node's own backlog of 511 clients that come all at once wait a second, measured
      const backlog = limits.maxConnections;
      const listening = once(this.#app.server, 'listening');
      this.#app.server.listen({ ...(fd === undefined ? { host, port } : { fd }), backlog });
      await listening;
    } catch (error) {
      await this.close();
      throw listenError(host, port, error);
    }
    this.#unwatch = watchFiles(clock, this.#problemLog);
    this.#app.server.on('error', (error) => {
      this.#problemLog.note('acceptFailed', `a connection could not be accepted: ${error.message}`);
    });
    return this.#app.server.address() as AddressInfo;
  }

  /** What clients do, and what they were answered. */
  metrics(): readonly Metric[] {
    const { heldBytes } = this.#bodies;
    return [
      { name: 'connections', type: 'gauge', help: 'Clients that are connected.', value: this.#connections.count },
      { name: 'held_bytes', type: 'gauge', help: 'Bytes of bodies that are held.', value: heldBytes },
      ...(this.#options.hub?.metrics() ?? []),
      ...(this.#options.asking?.metrics() ?? []),
      ...[...this.#answers.values()].map(
        ({ labels, count }) =>
          ({
            name: 'answers_total',
            type: 'counter',
            help: 'Answers, by status and code.',
            labels,
            value: count,
          }) as const,
      ),
    ];
  }

  /** Accepts no more connections, refuses incomplete requests, and resolves when all others are answered. */
  async land(): Promise<void> {
    this.#isLanding = true;
    this.#unwatch();
    await this.#connections.land(refusal('LANDING'));
    this.#problemLog.close();
    await this.#app.close();
  }

  /** Closes everything at once, answered or not. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.#connections.cut();
    this.#problemLog.close();
    await this.#app.close();
  }

  #makeApp(serverFactory: FastifyServerFactory): FastifyInstance {
    const { limits, log, produce, hub, asking, document, access, traces } = this.#options;
    const service = { ...limits, produce, bodies: this.#bodies, turns: this.#turns };
    const description = answer(200, Buffer.from(JSON.stringify(document)));
    const fail = (error: FastifyError, { raw }: FastifyRequest, reply: FastifyReply): void => {
      if (error instanceof Refused) this.#tellDenied(error, raw.socket);
      this.#send(reply, errorAnswer(error, log));
    };
    const app = fastify({
      serverFactory,
      schemaController: NO_SCHEMAS,
      clientErrorHandler: (error, socket) => this.#connections.fail(socket, this.#counted(clientErrorAnswer(error))),
      frameworkErrors: fail,
    });
    app.removeAllContentTypeParsers();
    app.decorateRequest(CONTEXT, undefined);
    app.addContentTypeParser('*', (request: FastifyRequest, body: IncomingMessage) =>
      this.#bodies.read(body, contextOf(request)?.client.name ?? ''),
    );
    app.addHook('onRequest', ({ raw }, _, done) => {
      // Fastify refuses a type that does not parse. We pass on any, and read it from `headersDistinct`.
      raw.headers['content-type'] = undefined;
      // At once: of some heads that are refused here the parser will say the same, with less to go by.
      try {
        checkHead(raw);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
    app.setErrorHandler(fail);
    app.setNotFoundHandler(({ url }, reply) => {
      const allow =
        url.startsWith('/produce/') || (asking !== undefined && url.startsWith('/request/'))
          ? 'POST'
          : hub !== undefined && url.startsWith('/consume/')
            ? 'GET'
            : /^\/openapi\.json(?:\?|$)/.test(url)
              ? 'GET, HEAD'
              : undefined;
      this.#send(
        reply,
        allow ? refusal('METHOD_NOT_ALLOWED', undefined, { headers: { allow } }) : refusal('NOT_FOUND'),
      );
    });
    app.get('/openapi.json', ({ raw }, reply) => {
      checkQuery(raw.url ?? '');
      this.#send(reply, description);
    });
    app.post<{ Params: { '*': string }; Body: Buffer | undefined }>(
      '/produce/*',
      {
        onRequest: async (request, { raw: response }) => {
          const trace = beginRequest(traces, request.raw, response);
          const context = await receive(request.raw, request.params['*'], access);
          request.setDecorator(CONTEXT, trace === undefined ? context : { ...context, trace });
          this.#letBodyCome(request.raw, response);
        },
      },
      async (request, reply) => {
        const context = contextOf(request);
        if (context) this.#send(reply, await serve(request.raw, context, request.body ?? NO_BODY, service));
        return reply;
      },
    );
    if (hub !== undefined) this.#serveConsumers(app, hub);
    if (asking !== undefined) this.#serveRequests(app, asking);
    return app;
  }

  #serveConsumers(app: FastifyInstance, hub: Hub): void {
    const { access } = this.#options;
    // At once: what comes behind it on the connection would be processed meanwhile.
    const onRequest = (_: FastifyRequest, { raw }: FastifyReply, done: (error?: Error) => void): void =>
      done(this.#connections.takeOver(raw) ? undefined : NOT_ALONE);
    // a HEAD would take messages that nobody gets
    const options = { exposeHeadRoute: false, onRequest };
    app.get<{ Params: { '*': string } }>('/consume/*', options, async ({ raw, params }, reply) => {
      await access.look();
      const { name } = access.clientOf(raw, { source: params['*'] });
      const asked = consumptionOf(raw, params['*']);
      if (await hub.read(asked, name, reply.raw, this.#problemLog)) {
        reply.hijack();
        this.#counted(answer(200, {}));
      }
      return reply;
    });
  }

  #serveRequests(app: FastifyInstance, asking: Asking): void {
    const { access, traces } = this.#options;
    const onRequest = async (
      request: FastifyRequest<{ Params: { '*': string } }>,
      { raw: response }: FastifyReply,
    ): Promise<void> => {
      const { raw, params } = request;
      const trace = beginRequest(traces, raw, response);
      const target = requestTargetOf(raw.url ?? '', params['*']);
      await access.look();
      const client = access.clientOf(raw, { asked: target });
      asking.check(target);
      checkEncoding(raw.headers['content-encoding']);
      request.setDecorator(CONTEXT, { target, isBatch: false, client, trace });
      this.#letBodyCome(raw, response);
    };
    app.post<{ Params: { '*': string }; Body: Buffer | undefined }>(
      '/request/*',
      { onRequest },
      async (request, reply) => {
        const context = contextOf(request);
        if (context === undefined) return reply;
        const { target, client, trace } = context;
        const { id: _id, ...message } = messageOf(
          request.raw,
          { token: client.token, target },
          request.body ?? NO_BODY,
        );
        if (request.raw.headers['idempotency-key'] !== undefined) throw NO_KEY;
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        const done = this.#bodies.hold(request.raw);
        try {
          const headers = { ...message.headers, ...trace };
          const answered = await asking.ask({ ...message, headers }, gone.signal);
          this.#send(reply, this.#ifThereIsRoom(request.raw, answered, client.name));
        } finally {
          done();
        }
        return reply;
      },
    );
  }

  /** A reply is held until its client has taken it. */
  #ifThereIsRoom(request: IncomingMessage, answered: Answer, client: string): Answer {
    if (!(answered.body instanceof Uint8Array)) return answered;
    try {
      // guard: replies that nobody takes are bounded
      this.#bodies.holdMore(request, answered.body.length, client);
      return answered;
    } catch {
      return refusal('OUTCOME_UNKNOWN', 'there is no room for the reply, since clients do not take theirs');
    }
  }

  /** Where a client waits for leave to send its body (RFC 9110, section 10.1.1), gives it, unless the body is too large. */
  #letBodyCome({ headers }: IncomingMessage, response: ServerResponse): void {
    const { expect, 'content-length': length = 0 } = headers;
    if (expect !== undefined && Number(length) <= this.#options.limits.maxBodyBytes) response.writeContinue();
  }

  #counted(answer: Answer): Answer {
    const { status, body } = answer;
    const { code } = body as Partial<Problem>;
    const labels = { status: `${status}`, ...(code !== undefined && { code }) };
    const key = `${status} ${code}`;
    const known = this.#answers.get(key);
    if (known === undefined) this.#answers.set(key, { labels, count: 1 });
    else known.count++;
    return answer;
  }

  /** Logs requests without permission, without filling the log. */
  #tellDenied({ code }: Refused, { remoteAddress, remotePort }: Socket): void {
    const from = { remoteAddress, remotePort };
    if (code === 'UNAUTHORIZED') this.#problemLog.note('unauthorized', 'a request had no valid token', from);
    if (code === 'FORBIDDEN') this.#problemLog.note('forbidden', 'a request was not allowed', from);
  }

  #send(reply: FastifyReply, answered: Answer): void {
    if (reply.sent) return;
    const { headers, text } = written(this.#counted(answered));
    const all = this.#connections.isLast(reply.raw) ? { ...headers, connection: 'close' } : headers;
    // Fastify would close the connection under a body that is too large, and its sender might not see the answer.
    reply.hijack().raw.writeHead(answered.status, all).end(text);
  }
}

/** What is known about a request since its head came. */
function contextOf(request: FastifyRequest): RequestContext | undefined {
  return request.getDecorator<RequestContext | undefined>(CONTEXT);
}
