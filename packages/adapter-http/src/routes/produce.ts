import type { FastifyInstance } from 'fastify';
import { receive, serve, type Service } from '../produce/reception.js';
import { beginRequest } from '../spans.js';
import { contextOf, keepContext, letBodyCome, NO_BODY, type Rest, type RouteParts } from './route.js';

/** `POST /produce/<target>` and `POST /produce/<target>/batch`. */
export function routeProduce(app: FastifyInstance, service: Service, parts: RouteParts): void {
  const { access, traces, limits, answering } = parts;
  app.post<Rest>(
    '/produce/*',
    {
      onRequest: async (request, { raw: response }) => {
        const trace = beginRequest(traces, '/produce/*', request.raw, response);
        const context = await receive(request.raw, request.params['*'], access);
        keepContext(request, trace === undefined ? context : { ...context, trace });
        letBodyCome(request.raw, response, limits);
      },
    },
    async (request, reply) => {
      const context = contextOf(request);
      if (context) answering.send(reply, await serve(request.raw, context, request.body ?? NO_BODY, service));
      return reply;
    },
  );
}
