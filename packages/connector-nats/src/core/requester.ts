import { createInbox, type Msg, type PermissionViolationError } from '@nats-io/transport-node';
import type { MessageRequester, ReceivedReply, RequestMessage } from '@sputnikjs/messaging';
import { nobodyListens, requestFailed, Requests } from '@sputnikjs/messaging/connector';
import { failureIn, propertiesOf } from '../headers.js';
import type { NatsLink, NatsLinkUser } from '../link/link.js';
import { forbidden, publicationOf } from '../publication.js';

/** What the server answers where nobody subscribes. */
const NO_RESPONDERS = 503;

/** Sends requests. All replies come to one inbox; the last token of their subject tells the request. */
export class NatsRequester implements MessageRequester, NatsLinkUser {
  readonly #link: NatsLink;
  readonly #inbox = `${createInbox()}.`;
  readonly #isStored: (target: string) => boolean;
  readonly #requests = new Requests();
  /** Why no reply can come. */
  #deaf: Error | undefined;

  /** `isStored` says whether a stream would take a request, and acknowledge it as if that were the reply. */
  constructor(link: NatsLink, isStored: (target: string) => boolean) {
    this.#link = link;
    this.#isStored = isStored;
    link.nats.subscribe(`${this.#inbox}*`, {
      callback: (error, reply) => (error === null ? this.#answered(reply) : this.#cannotHear(error)),
    });
    link.add(this);
  }

  async request(request: RequestMessage, signal?: AbortSignal): Promise<ReceivedReply> {
    const { target } = request;
    if (this.#deaf !== undefined) throw this.#deaf;
    // guard: a stream's acknowledgement is no reply
    if (this.#isStored(target)) throw stored(target);
    const publication = publicationOf(request, this.#link);
    return await this.#requests.open(request, signal, (key) =>
      this.#link.wire.outgoing.publish(publication, this.#inbox + key),
    );
  }

  denied(error: PermissionViolationError): void {
    if (error.operation !== 'publish') return;
    this.#requests.refuse((target) => (target === error.subject ? forbidden(target, error) : undefined));
  }

  ended(error: Error): void {
    this.#requests.end(error);
  }

  #answered(message: Msg): void {
    const key = message.subject.slice(this.#inbox.length);
    const { data: payload, headers } = message;
    const target = this.#requests.targetOf(key);
    if (target === undefined) return;
    const failure = failureIn(message);
    // guard: a server's word that nobody listens is no reply
    if (headers?.code === NO_RESPONDERS && payload.length === 0) this.#requests.settle(key, nobodyListens(target));
    else if (failure !== undefined) this.#requests.settle(key, requestFailed(target, failure));
    else this.#requests.settle(key, { payload, ...replyProperties(message) });
  }

  #cannotHear(cause: Error): void {
    const text = `cannot receive replies at ${this.#inbox}*: ${cause.message}; give the user the permission to subscribe to _INBOX.>`;
    this.#deaf = new Error(text, { cause });
    this.#requests.refuse(() => this.#deaf);
  }
}

function stored(target: string): Error {
  const why = 'a stream of the connector stores what goes there, and its acknowledgement would arrive as the reply';
  return new Error(`cannot request from "${target}": ${why}; use a subject that no stream takes`);
}

function replyProperties(message: Msg): Pick<ReceivedReply, 'contentType' | 'headers'> {
  const { contentType, headers } = propertiesOf(message);
  return { ...(contentType !== undefined && { contentType }), ...(headers !== undefined && { headers }) };
}
