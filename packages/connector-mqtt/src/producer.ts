import type { MessageProducer, ProduceMessage } from '@sputnikjs/sidecar';
import { Fifo } from './fifo.js';
import type { Link, LinkUser } from './link.js';
import { MAX_LENGTH, packetLength, publishPacket } from './packets.js';
import { topicProblem } from './topic.js';

interface Job {
  readonly message: ProduceMessage;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Publishes with QoS 1, a bounded number of messages at once; the others wait in the order of the calls. */
export class Producer implements MessageProducer, LinkUser {
  readonly #link: Link;
  readonly #window: number;
  /** Sent and not yet acknowledged, by packet identifier. */
  readonly #sent = new Map<number, Job>();
  /** Not yet sent. */
  readonly #waiting = new Fifo<Job>();

  constructor(link: Link, window: number) {
    this.#link = link;
    this.#window = window;
    link.add(this);
  }

  produce(message: ProduceMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const refusal = this.#link.over ?? refused(message);
      if (refusal !== undefined) return reject(refusal);
      this.#waiting.push({ message, resolve, reject });
      this.#sendOn();
    });
  }

  acknowledged(id: number): void {
    const job = this.#sent.get(id);
    if (job === undefined) return;
    this.#sent.delete(id);
    this.#link.ids.deallocate(id);
    job.resolve();
    this.#sendOn();
  }

  ended(error: Error): void {
    const jobs = [...this.#sent.values(), ...this.#waiting.drain()];
    this.#sent.clear();
    for (const job of jobs) job.reject(error);
  }

  #sendOn(): void {
    while (this.#sent.size < this.#window && this.#waiting.size > 0) {
      const id = this.#link.ids.allocate();
      const job = id === null ? undefined : this.#waiting.shift();
      if (id === null || job === undefined) return;
      this.#sent.set(id, job);
      this.#link.send(publishPacket(id, job.message.target, job.message.payload));
    }
  }
}

function refused({ target, payload }: ProduceMessage): Error | undefined {
  const problem = topicProblem(target);
  if (problem !== undefined) return new Error(`cannot publish to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
  if (packetLength(Buffer.byteLength(target), payload) <= MAX_LENGTH) return undefined;
  return new Error(`cannot publish to ${JSON.stringify(target)}: the message is larger than MQTT's 256 MiB`);
}
