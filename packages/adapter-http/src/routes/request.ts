import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { refusal, type Answer } from '../answer/answers.js';
import { Refused } from '../answer/refusals.js';
import { requestTargetOf } from '../read/address.js';
import { checkEncoding } from '../read/check.js';
import { messageOf } from '../read/message.js';
import type { Bodies } from '../receive/bodies.js';
import type { Asking } from '../request/asking.js';
import { beginRequest } from '../spans.js';
import { contextOf, keepContext, letBodyCome, NO_BODY, type Rest, type RouteParts } from './route.js';

const NO_KEY = new Refused(
  'BAD_REQUEST',
  'a request is sent once, and servers do not compare keys of requests; leave the Idempotency-Key out',
);

/** `POST /request/<target>`. */
export function routeRequest(app: FastifyInstance, asking: Asking, parts: RouteParts): void {
  const { access, traces, limits, bodies, answering } = parts;
  app.post<Rest>(
    '/request/*',
    {
      onRequest: async (request, { raw: response }) => {
        const { raw, params } = request;
        const trace = beginRequest(traces, '/request/*', raw, response);
        const target = requestTargetOf(raw.url ?? '', params['*']);
        await access.refresh();
        const client = access.clientOf(raw, { asked: target });
        asking.check(target);
        checkEncoding(raw.headers['content-encoding']);
        keepContext(request, { target, isBatch: false, client, trace });
        letBodyCome(raw, response, limits);
      },
    },
    async (request, reply) => {
      const context = contextOf(request);
      if (context === undefined) return reply;
      const { raw, body = NO_BODY } = request;
      const { target, client, trace } = context;
      const { id: _id, ...message } = messageOf(raw, { token: client.token, target }, body);
      if (raw.headers['idempotency-key'] !== undefined) throw NO_KEY;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const done = bodies.hold(raw);
      try {
        const headers = { ...message.headers, ...trace };
        const answered = await asking.ask({ ...message, headers }, gone.signal);
        answering.send(reply, held(bodies, raw, answered, client.name));
      } finally {
        done();
      }
      return reply;
    },
  );
}

/** A reply is held until its client has taken it; one for which there is no room is lost, and the client is told. */
function held(bodies: Bodies, request: IncomingMessage, answered: Answer, client: string): Answer {
  if (!(answered.body instanceof Uint8Array)) return answered;
  try {
    // guard: replies that nobody takes are bounded
    bodies.holdMore(request, answered.body.length, client);
    return answered;
  } catch {
    return refusal('OUTCOME_UNKNOWN', 'there is no room for the reply, because clients do not read theirs');
  }
}
