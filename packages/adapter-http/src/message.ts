import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/sidecar';
import { checkBody } from './check.js';
import { eventIn } from './events.js';
import { properties, propertiesOf } from './properties.js';

/** The message of a request whose body is one. Throws BAD_REQUEST or UNSUPPORTED_TYPE. */
export function messageOf(request: IncomingMessage, target: string, payload: Buffer): ProduceMessage {
  const { headersDistinct } = request;
  const contentType = headersDistinct['content-type']?.[0];
  const { headers, id } = propertiesOf(request);
  const event = eventIn(headersDistinct, contentType, payload);
  checkBody(contentType, payload);
  return { target, payload, contentType, ...properties({ ...headers, ...event?.headers }, id ?? event?.id) };
}
