import type { Msg, Subscription } from '@nats-io/transport-node';
import type { Peer } from '@sputnikjs/messaging';
import type { NatsLink } from '../link/link.js';
import { replyTo } from '../publication.js';
import type { Packets } from './packets.js';
import { SERVICES, serviceName, tokenOf } from './subjects.js';
import { versionOfPackage } from '../version.js';

const NANOSECONDS = 1e6;

/** How a process answers a PING. */
export const PING_RESPONSE = 'io.nats.micro.v1.ping_response';

/**
 * Answers questions of the discovery of services (ADR-32), so that other processes and the tools of NATS find this one: a service with one
 * endpoint, its packets.
 */
export class Service {
  readonly #link: NatsLink;
  readonly #self: Peer;
  readonly #packets: Packets;
  readonly #name: string;
  readonly #version = versionOfPackage();
  readonly #started = new Date().toISOString();
  readonly #subscriptions: readonly Subscription[];

  constructor(link: NatsLink, self: Peer, packets: Packets) {
    this.#link = link;
    this.#self = self;
    this.#packets = packets;
    this.#name = serviceName(self.whole, self.satellite);
    this.#subscriptions = [
      ...this.#answer('PING', () => this.#identity(PING_RESPONSE)),
      ...this.#answer('INFO', () => this.#info()),
      ...this.#answer('STATS', () => this.#stats()),
    ];
  }

  /** Resolves when nobody finds it any more, and all who have asked before have their answers. */
  async stop(): Promise<void> {
    const drained = this.#subscriptions.filter((one) => !one.isClosed()).map((one) => one.drain());
    await Promise.allSettled(drained);
  }

  /** Subscribes to a question to all services, to those of this name, and to this one. */
  #answer(verb: string, answer: () => object): readonly Subscription[] {
    const all = `${SERVICES}.${verb}`;
    const named = `${all}.${this.#name}`;
    const callback = (error: Error | null, { reply }: Msg): void => {
      if (error === null && reply !== undefined && reply !== '') this.#publish(reply, answer());
    };
    return [all, named, `${named}.${tokenOf(this.#self.id)}`].map((one) =>
      this.#link.nats.subscribe(one, { callback }),
    );
  }

  #publish(target: string, answer: object): void {
    try {
      this.#link.wire.outgoing.publish(replyTo(target, { payload: JSON.stringify(answer) }, this.#link));
    } catch {
      // who asked has named a place that nobody may publish to, such as one of the server's own
    }
  }

  #identity(type: string): object {
    const { whole, satellite, id, format, version } = this.#self;
    const metadata = { whole, satellite, subject: this.#packets.address, format, sputnik: version };
    return { type, name: this.#name, id, version: this.#version, metadata };
  }

  #info(): object {
    const { whole, satellite } = this.#self;
    const description = satellite === '' ? `the satellite "${whole}"` : `the satellite "${satellite}" of "${whole}"`;
    const endpoints = [{ ...this.#endpoint(), metadata: {} }];
    return { ...this.#identity('io.nats.micro.v1.info_response'), description, endpoints };
  }

  #stats(): object {
    const { packets, others, lastOther, handlingMs } = this.#packets.traffic;
    const processed = Math.trunc(handlingMs * NANOSECONDS);
    const figures = {
      num_requests: packets,
      num_errors: others,
      last_error: lastOther,
      processing_time: processed,
      average_processing_time: packets === 0 ? 0 : Math.trunc(processed / packets),
    };
    const endpoints = [{ ...this.#endpoint(), ...figures }];
    return { ...this.#identity('io.nats.micro.v1.stats_response'), started: this.#started, endpoints };
  }

  /** It is in no queue group: each process has its own subject. */
  #endpoint(): object {
    return { name: 'packets', subject: this.#packets.subject, queue_group: '' };
  }
}
