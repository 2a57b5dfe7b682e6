import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { systemClock, type ListenPlace, type Logger } from '@sputnikjs/core';
import { Aedes, type AedesOptions, type Client } from 'aedes';
import { Bounds, MOST_CLIENTS, MOST_SUBSCRIPTIONS } from './bounds.js';
import { mostBytes, type MqttConfig } from './config.js';
import { Congestion } from './congestion.js';
import { Deliveries } from './deliveries.js';
import type { Subscriber, Subscribers } from './subscribers.js';
import { isShared } from './topic.js';

const HOST = '127.0.0.1';
const PORT = 1883;
/** Aedes' own bound for subscribers that stop reading, too strict for slow ones: as long as can be. See {@link Congestion}. */
const NO_DRAIN_TIMEOUT = 2_147_483_647;
/** How long a client may take to say who it is, in milliseconds. */
const CONNECT_MS = 10_000;
/** How long the landing waits for subscribers to take what is theirs, in milliseconds. */
const DRAIN_MS = 3000;
/** How often it looks; acknowledged messages reach subscribers sooner. */
const POLL_MS = 10;

interface Running {
  readonly broker: Aedes;
  readonly server: Server;
  readonly subscribers: Subscribers;
  readonly deliveries: Deliveries;
  readonly congestion: Congestion;
}

/** Where an embedded broker of that configuration is going to listen. */
export function listenPlaceOf({ port = PORT }: MqttConfig): ListenPlace {
  return { protocol: 'tcp', host: HOST, port };
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
  async start(log?: Logger): Promise<void> {
    this.#starting ??= this.#start(log);
    try {
      this.#running = await this.#starting;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }

  async #start(log: Logger | undefined): Promise<Running> {
    const bounds = new Bounds(mostBytes(this.#config), log);
    const broker = await Aedes.createBroker({
      // no common limit: what waits for one subscriber would hold up the others, and end in a stack overflow when it goes on
      concurrency: 0,
      drainTimeout: NO_DRAIN_TIMEOUT,
      connectTimeout: CONNECT_MS,
      preConnect: (_client, { clientId, clean = true }, done) =>
        bounds.maySession(clientId, clean) ? done(null, true) : done(new Error('too many persistent sessions'), false),
      authenticate: (_client, username, password, done) => {
        if (this.#admits(username, password)) return done(null, true);
        done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false);
      },
    });
    const subscribers = new Map<Client, Subscriber>();
    const deliveries = new Deliveries(broker, subscribers, log);
    const congestion = new Congestion(subscribers, (client) => {
      log?.warn({ event: 'subscriberStalled', client: client.id }, 'disconnecting a subscriber that reads nothing');
      deliveries.dismiss(client);
    });
    Object.assign(broker, this.#hooks(deliveries, congestion, bounds));
    const server = createServer((socket) => {
      bounds.watch(socket);
      const client = broker.handle(socket) as Subscriber['client'];
      const subscriber: Subscriber = { client, socket, unacknowledged: 0, taken: { bytes: 0, at: 0 } };
      subscribers.set(client, subscriber);
      socket.once('close', () => subscribers.delete(client));
      deliveries.add(subscriber);
    });
    server.maxConnections = MOST_CLIENTS;
    server.on('drop', () =>
      log?.warn({ event: 'connectionRefused' }, `a client was refused: there are ${MOST_CLIENTS} already`),
    );
    const { port } = listenPlaceOf(this.#config);
    try {
      server.listen(port, HOST);
      await once(server, 'listening');
    } catch (cause) {
      congestion.close();
      broker.close();
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'the port is in use' : message;
      throw new Error(`the embedded MQTT broker cannot listen on ${HOST}:${port}: ${why}; set "port" to another`, {
        cause,
      });
    }
    // a client that could not be accepted notices itself
    server.on('error', () => {});
    return { broker, server, subscribers, deliveries, congestion };
  }

  #admits(username: string | undefined, password: Buffer | undefined): boolean {
    const { username: user, password: secret = '' } = this.#config;
    return user === undefined || (same(username ?? '', user) && same(password ?? '', secret));
  }

  /** How messages go through the broker; wills of clients long gone have no client. Aedes disconnects whom it refuses. */
  #hooks(
    deliveries: Deliveries,
    congestion: Congestion,
    bounds: Bounds,
  ): Pick<AedesOptions, 'authorizePublish' | 'authorizeForward' | 'authorizeSubscribe'> {
    return {
      authorizePublish: (client, packet, done) => {
        const { topic } = packet;
        if (topic.startsWith('$SYS/')) return done(new Error('topics below $SYS belong to the broker'));
        if (packet.retain && !bounds.mayRetain(topic, packet.payload.length)) packet.retain = false;
        if (client === null) return done();
        congestion.admit(client, topic, () => {
          if (!this.#landing) return done();
          deliveries.dismiss(client);
          done(new Error('the broker is shutting down'));
        });
      },
      // aedes would grant it, and deliver nothing
      authorizeSubscribe: (client, subscription, done) => {
        const { subscriptions = {} } = client as Partial<Subscriber['client']>;
        const isTooMany = Object.keys(subscriptions).length >= MOST_SUBSCRIPTIONS;
        // guard: the embedded broker grants no shared subscription
        done(null, isTooMany || isShared(subscription.topic) ? null : subscription);
      },
      authorizeForward: (client, packet) => {
        deliveries.sending(client, packet);
        return packet;
      },
    };
  }

  /**
   * Takes no new clients and messages, waits within bounds until those connected have taken what is theirs, and ends.
   * Rejects, when it has ended, if something was left, and says what.
   */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    if (this.#running === undefined) return;
    const { broker, server, subscribers, deliveries, congestion } = this.#running;
    this.#running = undefined;
    this.#landing = true;
    congestion.close();
    const closed = once(server, 'close');
    server.close();
    const deadline = systemClock.now() + DRAIN_MS;
    do await systemClock.sleep(POLL_MS);
    while (!deliveries.isDone() && systemClock.now() < deadline);
    const left = deliveries.left();
    await new Promise<void>((resolve) => broker.close(resolve));
    // those that never said who they are
    for (const { socket } of subscribers.values()) socket.destroy();
    await closed;
    if (left.length > 0) throw new Error(`the embedded MQTT broker ended and messages were left: ${left.join('; ')}`);
  }
}

/** Compares in a time that tells nothing. */
function same(given: string | Buffer, expected: string): boolean {
  return timingSafeEqual(hash(given), hash(expected));
}

function hash(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
