import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
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
import { checkQuery } from './read/address.js';
import { answer, refusal, type Answer } from './answer/answers.js';
import { Bodies, type BodyLimits } from './receive/bodies.js';
import type { Certificate } from './receive/certificate.js';
import { checkHead } from './read/check.js';
import type { Hub } from './consume/hub.js';
import type { Asking } from './request/asking.js';
import { Connections } from './receive/connections.js';
import { clientErrorAnswer, errorAnswer, listenError } from './answer/failures.js';
import type { BatchLimits, Produce } from './produce/reception.js';
import { Refused } from './answer/refusals.js';
import { Answering } from './routes/answering.js';
import { routeConsume } from './routes/consume.js';
import { routeProduce } from './routes/produce.js';
import { routeRequest } from './routes/request.js';
import { contextOf, decorate } from './routes/route.js';
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

/** No route has a schema: fastify would load its compilers, a hundred modules, at each start. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: withoutSchemas, buildSerializer: withoutSchemas } };

function withoutSchemas(): never {
  throw new Error('a route of the gateway has a schema; fastify needs its compilers for that');
}

/** An HTTP server that passes what is posted to `/produce/<target>` to `produce`, and sends its answer; and has clients consume, and ask. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #app: FastifyInstance;
  readonly #turns = new Turns();
  readonly #bodies: Bodies;
  readonly #problemLog: ProblemLog;
  readonly #connections: Connections;
  readonly #answering = new Answering((response) => this.#connections.isLast(response));
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
      onCheck: () => this.#bodies.checkRates((request) => this.#connections.isHeld(request)),
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
      ...this.#answering.metrics(),
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
    const { limits, log, produce, hub, asking, document } = this.#options;
    const parts = {
      ...this.#options,
      bodies: this.#bodies,
      connections: this.#connections,
      answering: this.#answering,
    };
    const description = answer(200, Buffer.from(JSON.stringify(document)));
    const fail = (error: FastifyError, { raw }: FastifyRequest, reply: FastifyReply): void => {
      if (error instanceof Refused) this.#tellDenied(error, raw.socket);
      this.#answering.send(reply, errorAnswer(error, log));
    };
    const app = fastify({
      serverFactory,
      schemaController: NO_SCHEMAS,
      clientErrorHandler: (error, socket) =>
        this.#connections.fail(socket, this.#answering.counted(clientErrorAnswer(error))),
      frameworkErrors: fail,
    });
    app.removeAllContentTypeParsers();
    decorate(app);
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
    app.setNotFoundHandler(({ url }, reply) => this.#answering.send(reply, this.#unknown(url)));
    app.get('/openapi.json', ({ raw }, reply) => {
      checkQuery(raw.url ?? '');
      this.#answering.send(reply, description);
    });
    routeProduce(app, { ...limits, produce, bodies: this.#bodies, turns: this.#turns }, parts);
    if (hub !== undefined) routeConsume(app, hub, this.#problemLog, parts);
    if (asking !== undefined) routeRequest(app, asking, parts);
    return app;
  }

  /** The answer to a path, or to its method, that has no route. */
  #unknown(url: string): Answer {
    const { hub, asking } = this.#options;
    const isPost = url.startsWith('/produce/') || (asking !== undefined && url.startsWith('/request/'));
    const isGet = hub !== undefined && url.startsWith('/consume/');
    const isDocument = /^\/openapi\.json(?:\?|$)/.test(url);
    if (!isPost && !isGet && !isDocument) return refusal('NOT_FOUND');
    const allow = isPost ? 'POST' : isGet ? 'GET' : 'GET, HEAD';
    return refusal('METHOD_NOT_ALLOWED', undefined, { headers: { allow } });
  }

  /** Logs requests without permission, without filling the log. */
  #tellDenied({ code }: Refused, { remoteAddress, remotePort }: Socket): void {
    const from = { remoteAddress, remotePort };
    if (code === 'UNAUTHORIZED') this.#problemLog.note('unauthorized', 'a request had no valid token', from);
    if (code === 'FORBIDDEN') this.#problemLog.note('forbidden', 'a request was not allowed', from);
  }
}
