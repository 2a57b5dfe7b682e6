import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { systemClock } from '@sputnikjs/core';
import { Aedes, type AedesOptions, type Client } from 'aedes';
import type { MqttConfig } from './config.js';
import { Deliveries } from './deliveries.js';

const HOST = '127.0.0.1';
/**
 * A subscriber that lets the broker's writes wait this long is disconnected, in milliseconds: until then it holds up whoever
 * publishes to it. Shorter than a heartbeat, so that publishers do not take the broker for dead.
 */
const STALL_MS = 4000;
/** How long the landing waits for subscribers to take what is theirs, in milliseconds. */
const DRAIN_MS = 3000;
/** How long it waits after that for clients to hang up. */
const HANG_UP_MS = 500;

interface Running {
  readonly broker: Aedes;
  readonly server: Server;
  readonly deliveries: Deliveries;
}

/** An MQTT broker inside the process, on loopback. Its state lives and dies with it. */
export class EmbeddedBroker {
  readonly #config: MqttConfig;
  #starting: Promise<Running> | undefined;
  #running: Running | undefined;
  #landing = false;

  constructor(config: MqttConfig) {
    this.#config = config;
  }

  /** Where it listens; undefined before it started. */
  get url(): string | undefined {
    const address = this.#running?.server.address() as AddressInfo | null | undefined;
    return address ? `mqtt://${HOST}:${address.port}` : undefined;
  }

  /** Listens, once. Rejects with what to do when it cannot. */
  async start(): Promise<void> {
    this.#starting ??= this.#start();
    try {
      this.#running = await this.#starting;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }

  async #start(): Promise<Running> {
    const broker = await Aedes.createBroker({
      // no common limit: a stalled subscriber holds up only those who publish to it
      concurrency: 0,
      drainTimeout: STALL_MS,
      authenticate: (_client, username, password, done) => {
        if (this.#admits(username, password)) return done(null, true);
        done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false);
      },
    });
    const deliveries = new Deliveries(broker);
    Object.assign(broker, this.#hooks(deliveries));
    const server = createServer((socket) => deliveries.add(broker.handle(socket), socket));
    const { port = 1883 } = this.#config;
    try {
      server.listen(port, HOST);
      await once(server, 'listening');
    } catch (cause) {
      broker.close();
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'the port is in use' : message;
      throw new Error(`the embedded MQTT broker cannot listen on ${HOST}:${port}: ${why}; set "port" to another`, {
        cause,
      });
    }
    // a client that could not be accepted notices itself
    server.on('error', () => {});
    return { broker, server, deliveries };
  }

  #admits(username: string | undefined, password: Buffer | undefined): boolean {
    const { username: user, password: secret = '' } = this.#config;
    return user === undefined || (same(username ?? '', user) && same(password ?? '', secret));
  }

  /** How messages go through the broker; wills of clients long gone have no client. */
  #hooks(deliveries: Deliveries): Pick<AedesOptions, 'authorizePublish' | 'authorizeForward' | 'published'> {
    return {
      authorizePublish: (client, { topic }, done) => {
        const refusal = this.#refusal(topic);
        if (client !== null) {
          if (refusal === undefined) deliveries.began();
          else deliveries.dismiss(client);
        }
        done(refusal);
      },
      authorizeForward: (client, packet) => {
        deliveries.sending(client, packet);
        return packet;
      },
      published: (_packet, client: Client | null, done) => {
        if (client !== null) deliveries.ended();
        done();
      },
    };
  }

  /** Aedes disconnects clients whose messages are refused. */
  #refusal(topic: string): Error | undefined {
    if (topic.startsWith('$SYS/')) return new Error('topics below $SYS belong to the broker');
    return this.#landing ? new Error('the broker is shutting down') : undefined;
  }

  /**
   * Takes no new clients and messages, waits within bounds until those connected have taken what is theirs, and ends.
   * Rejects, when it has ended, if something was left, and says what.
   */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    if (this.#running === undefined) return;
    const { broker, server, deliveries } = this.#running;
    this.#running = undefined;
    this.#landing = true;
    const closed = once(server, 'close');
    server.close();
    await until(DRAIN_MS, () => deliveries.isDone());
    const left = deliveries.left();
    // FIN comes after all data, and leaves what is not read yet readable
    for (const socket of deliveries.sockets()) socket.end();
    await until(HANG_UP_MS, () => deliveries.sockets().length === 0);
    await new Promise<void>((resolve) => broker.close(resolve));
    for (const socket of deliveries.sockets()) socket.destroy();
    await closed;
    if (left.length > 0) throw new Error(`the embedded MQTT broker ended and messages were left: ${left.join('; ')}`);
  }
}

async function until(ms: number, isDone: () => boolean): Promise<void> {
  const deadline = systemClock.now() + ms;
  while (!isDone() && systemClock.now() < deadline) await systemClock.sleep(10);
}

/** Compares in a time that tells nothing. */
function same(given: string | Buffer, expected: string): boolean {
  return timingSafeEqual(hash(given), hash(expected));
}

function hash(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
