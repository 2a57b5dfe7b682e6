import type { MessageProducer, ProduceMessage, ProduceResult, Production } from '@sputnikjs/messaging';
import { Outbox, produceBy } from '@sputnikjs/messaging/connector';
import type { MqttLink, MqttLinkUser } from './link.js';
import { MAX_LENGTH, packetLength, publishPacket } from './packets.js';
import { topicProblem } from './topic.js';

const STRIPPED: ProduceResult = { stripped: true };

/** Publishes with QoS 1, a bounded number of messages at once; the others wait in the order of the calls. */
export class MqttProducer implements MessageProducer, MqttLinkUser {
  readonly #link: MqttLink;
  /** By packet identifier. */
  readonly #outbox: Outbox<number>;
  readonly #maxPacketBytes: number;

  /** `maxPacketBytes` is what the server takes. */
  constructor(link: MqttLink, window: number, maxPacketBytes: number) {
    this.#link = link;
    this.#maxPacketBytes = maxPacketBytes;
    this.#outbox = new Outbox(window, (message) => this.#send(message));
    link.add(this);
  }

  produce(message: ProduceMessage): Promise<ProduceResult | void> {
    return produceBy(this, message);
  }

  submit(production: Production): void {
    // said at once, not when its turn comes
    const refusal = refused(production.message, this.#maxPacketBytes);
    if (refusal === undefined) this.#outbox.submit(production);
    else production.settle(refusal);
  }

  acknowledged(id: number): void {
    const { contentType, headers } = this.#outbox.get(id) ?? {};
    // guard: who gives headers hears that MQTT 3.1.1 has none
    const result = contentType === undefined && headers === undefined ? undefined : STRIPPED;
    if (this.#outbox.settle(id, result)) this.#link.ids.deallocate(id);
  }

  ended(error: Error): void {
    this.#outbox.end(error);
  }

  #send({ target, payload }: ProduceMessage): number {
    const id = this.#link.ids.allocate();
    // the window leaves half of them to others
    if (id === null) throw new Error('all packet identifiers of MQTT are in use');
    this.#link.send(publishPacket(id, target, payload));
    return id;
  }
}

function refused({ target, payload }: ProduceMessage, maxPacketBytes: number): Error | undefined {
  const problem = topicProblem(target);
  if (problem !== undefined) return new Error(`cannot publish to ${JSON.stringify(target.slice(0, 200))}: ${problem}`);
  const length = packetLength(Buffer.byteLength(target), payload);
  if (length <= maxPacketBytes) return undefined;
  const name = JSON.stringify(target.slice(0, 200));
  if (length > MAX_LENGTH)
    return new Error(`cannot publish to ${name}: the message is larger than the 256 MiB of MQTT`);
  const text = `cannot publish to ${name}: its packet has ${length} bytes, more than the ${maxPacketBytes} of "maxPacketBytes"`;
  return new Error(text);
}
