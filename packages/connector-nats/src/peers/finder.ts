import { createInbox, type Msg, type Subscription } from '@nats-io/transport-node';
import { systemClock } from '@sputnikjs/core';
import type { FoundPeer, Peer } from '@sputnikjs/messaging';
import type { NatsLink } from '../link/link.js';
import { PING_RESPONSE } from './service.js';
import { addressOf, SERVICES, serviceName, tokenOf } from './subjects.js';

/** A question finds so many processes at most; what one says of itself has so many characters at most. */
const [MOST_FOUND, LONGEST_TEXT] = [2_048, 2_048];

/** Asks the discovery of services for other processes. All answers come to one inbox; the last token of their subject tells the question. */
export class Finder {
  /** What the subjects begin with to which answers come. */
  readonly inbox: string = `${createInbox()}.`;
  readonly #link: NatsLink;
  readonly #self: Peer;
  readonly #subscription: Subscription;
  readonly #questions = new Map<string, (answer: Peer) => void>();
  #next = 0;

  constructor(link: NatsLink, self: Peer) {
    this.#link = link;
    this.#self = self;
    this.#subscription = link.nats.subscribe(`${this.inbox}*`, {
      callback: (error, message) => {
        // an error is a permission that is missing; the link tells that
        if (error === null) this.#answered(message);
      },
    });
  }

  /** Asks this process for itself. Nobody waits for the answer: what the server has against any of it comes before that. */
  askSelf(): void {
    const { whole, satellite, id } = this.#self;
    this.#ask(`${serviceName(whole, satellite)}.${tokenOf(id)}`, 'self');
  }

  async find(satellites: readonly string[], withinMs: number): Promise<readonly FoundPeer[]> {
    const { whole } = this.#self;
    const question = String(++this.#next);
    const found = new Map<string, FoundPeer>();
    const own = addressOf(this.#self);
    this.#questions.set(question, (peer) => {
      const address = addressOf(peer);
      // guard: services of the same name may be of others
      if (peer.whole !== whole || !satellites.includes(peer.satellite) || address === own) return;
      // guard: who answers for many processes does not fill the memory
      if (found.size >= MOST_FOUND) return;
      found.set(address, { ...peer, address });
    });
    const enough = new AbortController();
    try {
      for (const name of new Set(satellites.map((satellite) => serviceName(whole, satellite))))
        this.#ask(name, question);
      await this.#link.during(systemClock.sleep(withinMs, enough.signal));
      return [...found.values()];
    } finally {
      enough.abort();
      this.#questions.delete(question);
    }
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #ask(service: string, question: string): void {
    const subject = `${SERVICES}.PING.${service}`;
    const nothing = { headers: '', headersSize: 0, payload: '', payloadSize: 0 };
    this.#link.wire.outgoing.publish({ subject, ...nothing }, this.inbox + question);
  }

  #answered(message: Msg): void {
    const answered = this.#questions.get(message.subject.slice(this.inbox.length));
    const peer = answered && peerIn(message);
    if (peer !== undefined) answered?.(peer);
  }
}

/** Returns the process that has answered; undefined if it is another service, or the server's word that nobody is there. */
function peerIn(answer: Msg): Peer | undefined {
  try {
    const { type, id, metadata } = Object(answer.json()) as Partial<Record<string, unknown>>;
    const { whole, satellite, format = '', sputnik = '' } = Object(metadata) as Partial<Record<string, unknown>>;
    const texts = [whole, satellite, id, format, sputnik];
    // guard: other services are no processes
    if (type !== PING_RESPONSE || !texts.every((one) => typeof one === 'string')) return undefined;
    // guard: what is longer than any process says does not fill the memory
    if (texts.some(({ length }) => length > LONGEST_TEXT)) return undefined;
    return { whole, satellite, id, format, version: sputnik } as Peer;
  } catch {
    return undefined;
  }
}
