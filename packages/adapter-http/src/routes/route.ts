import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Traces } from '@sputnikjs/messaging/traces';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.js';
import type { RequestContext } from '../produce/reception.js';
import type { Bodies, BodyLimits } from '../receive/bodies.js';
import type { Connections } from '../receive/connections.js';
import type { Answering } from './answering.js';

/** What routes share. */
export interface RouteParts {
  readonly access: Access;
  /** Undefined where nobody traces. */
  readonly traces?: Traces | undefined;
  readonly limits: BodyLimits;
  readonly bodies: Bodies;
  readonly connections: Connections;
  readonly answering: Answering;
}

/** A path that ends with a target or a source: the part that fastify has decoded, and the body that `Bodies` has read. */
export interface Rest {
  readonly Params: { readonly '*': string };
  readonly Body: Buffer | undefined;
}

export const NO_BODY: Buffer = Buffer.alloc(0);

/** Where a request has its context. */
const CONTEXT = 'sputnikContext';

/** To be called before there are routes. */
export function decorate(app: FastifyInstance): void {
  app.decorateRequest(CONTEXT, undefined);
}

/** What is known about a request since its head came; undefined if it was refused then. */
export function contextOf(request: FastifyRequest): RequestContext | undefined {
  return request.getDecorator<RequestContext | undefined>(CONTEXT);
}

/** Keeps what is known about a request whose head is in order. */
export function keepContext(request: FastifyRequest, context: RequestContext): void {
  request.setDecorator(CONTEXT, context);
}

/** Where a client waits for leave to send its body (RFC 9110, section 10.1.1), gives it, unless the body is too large. */
export function letBodyCome(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { maxBodyBytes }: Pick<BodyLimits, 'maxBodyBytes'>,
): void {
  const { expect, 'content-length': length = 0 } = headers;
  if (expect !== undefined && Number(length) <= maxBodyBytes) response.writeContinue();
}
