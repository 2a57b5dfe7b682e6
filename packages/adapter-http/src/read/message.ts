import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { checkBody } from './check.js';
import { eventIn } from './events.js';
import { idOf, type Scope } from './identity.js';
import { properties, propertiesOf } from './properties.js';

/** Returns the message of a request whose body is one message. Throws BAD_REQUEST or UNSUPPORTED_TYPE. */
export function messageOf(request: IncomingMessage, scope: Scope, payload: Buffer): ProduceMessage {
  const { headersDistinct } = request;
  const contentType = headersDistinct['content-type']?.[0];
  const { headers, key } = propertiesOf(request);
  const event = eventIn(headersDistinct, contentType, payload);
  checkBody(contentType, payload);
  const id = key !== undefined ? idOf('key', scope, key) : event && idOf('event', scope, ...event.identity);
  const all = event === undefined ? headers : { ...headers, ...event.headers };
  return { target: scope.target, payload, contentType, ...properties(all, id) };
}
