import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Collector } from '@sputnikjs/testkit';
import { packetsOf } from './wire.js';

/** A subscriber written to the bytes, for what real clients do not do: it reads when it is told to. */
export class RawSubscriber {
  readonly socket: Socket;
  /** Payloads of the messages received. */
  readonly received = new Collector<string>();
  readonly subscribed = new Collector<true>();
  /** Takes what comes in `ms`, a piece at a time, until the test ends. */
  readSlowly(t: TestContext, ms: number): void {
    this.socket.removeAllListeners('data').on('readable', () => {});
    const reading = setInterval(() => {
      const data = this.socket.read() as Buffer | null;
      if (data !== null) this.#take(data);
    }, ms);
    t.after(() => clearInterval(reading));
  }

  /** Acknowledges what it receives. */
  acknowledges = true;
  #buffer: Buffer = Buffer.alloc(0);
  readonly #unacknowledged: Buffer[] = [];

  constructor(t: TestContext, port: number, clientId: string, filter: string, cleanSession = true) {
    this.socket = connect(port, '127.0.0.1');
    t.after(() => this.socket.destroy());
    const id = Buffer.from(clientId);
    const connectFlags = cleanSession ? 2 : 0;
    this.#write(0x10, Buffer.from([0, 4, ...Buffer.from('MQTT'), 4, connectFlags, 0, 0, 0, id.length, ...id]));
    if (filter !== '') this.#write(0x82, Buffer.from([0, 1, 0, filter.length, ...Buffer.from(filter), 1]));
    this.socket.on('data', (data) => this.#take(data));
    this.socket.on('error', () => {});
  }

  /** Acknowledges what is not acknowledged yet. */
  acknowledge(): void {
    for (const id of this.#unacknowledged.splice(0)) this.#write(0x40, id);
  }

  #write(type: number, body: Buffer): void {
    this.socket.write(Buffer.concat([Buffer.from([type, body.length]), body]));
  }

  #take(data: Buffer): void {
    const [packets, rest] = packetsOf(Buffer.concat([this.#buffer, data]));
    this.#buffer = rest;
    for (const { type, body } of packets) this.#packet(type, body);
  }

  #packet(type: number, body: Buffer): void {
    if (type >> 4 === 9) this.subscribed.add(true);
    if (type >> 4 !== 3) return;
    const topicEnd = 2 + body.readUInt16BE(0);
    const id = body.subarray(topicEnd, topicEnd + 2);
    this.#unacknowledged.push(id);
    if (this.acknowledges) this.acknowledge();
    this.received.add(body.subarray(topicEnd + 2).toString());
  }
}
