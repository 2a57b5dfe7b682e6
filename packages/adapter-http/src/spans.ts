import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Traces } from '@sputnikjs/messaging/traces';
import { traceOf, type Headers } from './read/properties.js';

/** As the router knows them; targets have no end of values. */
export type Route = '/produce/*' | '/consume/*' | '/request/*';

/**
 * Begins the span of a request, which ends with the answer. Returns the headers that its messages take along; undefined where nobody traces.
 */
export function beginRequest(
  traces: Traces | undefined,
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
): Headers | undefined {
  if (traces === undefined) return undefined;
  const { method = '', url = '', socket } = request;
  const traced = traces.begin(
    { headers: traceOf(request) },
    {
      name: `${method} ${route}`,
      kind: 'server',
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'url.path': url.split('?', 1)[0] ?? '',
        'url.scheme': 'encrypted' in socket ? 'https' : 'http',
        ...(socket.remoteAddress !== undefined && { 'client.address': socket.remoteAddress }),
      },
    },
  );
  response.once('close', () => {
    const { statusCode, writableFinished } = response;
    const attributes = { 'http.response.status_code': statusCode };
    // an error of the client is none of the server, and who consumes leaves when it has enough
    if (!writableFinished && route !== '/consume/*')
      traced.end({ error: { code: 'aborted', message: 'the client has gone' } });
    else if (statusCode >= 500) traced.end({ attributes, error: { code: `${statusCode}` } });
    else traced.end({ attributes });
  });
  return traced.carrier.headers;
}
