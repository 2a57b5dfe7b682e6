import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { FastifyInstance } from 'fastify';
import { answer } from '../answer/answers.js';
import { Refused } from '../answer/refusals.js';
import type { Hub } from '../consume/hub.js';
import { consumptionOf } from '../read/consumption.js';
import { beginRequest } from '../spans.js';
import type { Rest, RouteParts } from './route.js';

const NOT_ALONE = new Refused(
  'BAD_REQUEST',
  'other requests are under way on the connection; consume over a separate one',
);

/** `GET /consume/<source>`. */
export function routeConsume(app: FastifyInstance, hub: Hub, problemLog: ProblemLog, parts: RouteParts): void {
  const { access, traces, connections, answering } = parts;
  app.get<Rest>(
    '/consume/*',
    {
      // a HEAD would take messages that nobody gets
      exposeHeadRoute: false,
      onRequest: ({ raw: request }, { raw: response }, done) => {
        beginRequest(traces, '/consume/*', request, response);
        // At once: what comes behind it on the connection would be processed meanwhile.
        done(connections.takeOver(response) ? undefined : NOT_ALONE);
      },
    },
    async ({ raw, params }, reply) => {
      await access.refresh();
      const { name } = access.clientOf(raw, { source: params['*'] });
      const asked = consumptionOf(raw, params['*']);
      if (await hub.read(asked, name, reply.raw, problemLog)) {
        reply.hijack();
        answering.counted(answer(200, {}));
      }
      return reply;
    },
  );
}
