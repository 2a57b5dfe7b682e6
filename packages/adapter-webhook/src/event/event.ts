import { createHash } from 'node:crypto';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { traceHeaders } from '@sputnikjs/messaging/traces';
import { headerText, wellFormed } from './text.js';

/** A message as the body and the headers of a request: a CloudEvent. */
export interface WebhookEvent {
  /** The same however often the message is sent, so that the receiver can tell a repetition. It has no full stop. */
  readonly webhookId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a message does not say itself. */
export interface EventDefaults {
  /** The `type` of an event that has none. */
  readonly type: string;
  /** An id for a message that has none. */
  readonly newId: () => string;
}

/**
 * Makes a CloudEvent 1.0 of a message, in binary mode of the HTTP binding. Attributes that the message has in `ce-` headers stay as they are;
 * the others are made: the id of the message, its source as a path, the configured type. A message that is an event in structured mode, as its
 * content type says, stays one.
 */
export function eventOf(message: ConsumedMessage, { type, newId }: EventDefaults): WebhookEvent {
  const { payload: body, headers = {}, contentType } = message;
  const own = attributesOf(headers);
  const isStructured = /^application\/cloudevents(?![\w.-])/i.test(contentType ?? '');
  const id = own['ce-id'] ?? headerText(message.id || newId());
  const source = own['ce-source'] ?? pathOf(message.source);
  const made = { 'ce-specversion': '1.0', 'ce-id': id, 'ce-source': source, 'ce-type': headerText(type) };
  return {
    webhookId: webhookIdOf(source, id),
    headers: { ...contentTypeOf(contentType), ...(isStructured ? own : { ...made, ...own }), ...traceHeaders(headers) },
    body,
  };
}

/** Attributes are letters a to z and digits (CloudEvents 1.0, section 3.1); other headers are none. */
function attributesOf(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), headerText(value)] as const);
  return Object.fromEntries(entries.filter(([name, value]) => /^ce-[a-z\d]+$/.test(name) && value !== ''));
}

/** A source as a relative reference (RFC 3986, section 4.2): `/sensors/attic`. */
function pathOf(source: string): string {
  return `/${encodeURIComponent(wellFormed(source)).replaceAll('%2F', '/')}`;
}

/** Sources may use the same ids, so it is of both; hashed, since others choose these, and what is signed is parted by full stops. */
function webhookIdOf(source: string, id: string): string {
  return `msg_${createHash('sha256').update(`${source} ${id}`).digest('base64url')}`;
}

function contentTypeOf(contentType: string | undefined): Readonly<Record<string, string>> {
  if (contentType === undefined || contentType === '') return {};
  // a server may carry anything as a type
  return { 'content-type': /^[!-~](?:[ -~]*[!-~])?$/.test(contentType) ? contentType : 'application/octet-stream' };
}
