import { once } from 'node:events';
import type { Socket } from 'node:net';
import { inspectIncoming, Link, reasonOf, type LinkUser } from '@sputnikjs/messaging/connector';
import { MqttClient, type IClientOptions, type Packet } from 'mqtt';
import { Frames } from './frames.js';
import { DISCONNECT, PacketIds } from './packets.js';

type ReceivedMessage = Parameters<MqttClient['handleMessage']>[0];

/** Something that works on a link, and hears of acknowledgements, messages, and its end. */
export interface MqttLinkUser extends LinkUser {
  /** The server has taken responsibility for the message that was published under this identifier. */
  acknowledged?(id: number): void;
  /** A message came in. Nothing acknowledges it by itself. */
  received?(message: ReceivedMessage): void;
}

const CLOSED_BY_SERVER =
  'the server closed the connection; does another client have this clientId, or may the user not publish? Check the log of the server';

const NOT_MQTT = 'it does not speak MQTT; is the url right?';

/** What a server has to say to who publishes and subscribes with QoS 0 and 1 (MQTT 3.1.1, 3). */
const EXPECTED: ReadonlySet<string> = new Set(['connack', 'publish', 'puback', 'suback', 'unsuback', 'pingresp']);

/** Most bytes of messages from the server that wait for handlers: with more, nothing more is read. */
export const MOST_RECEIVED_BYTES: number = 32 * 1024 * 1024;
/** The largest packet that the server may send, in bytes. */
const MOST_PACKET_BYTES = 64 * 1024 * 1024;

/** What a server's first packet begins with: CONNACK (MQTT 3.1.1, 3.2.0-1). */
const CONNACK = 0x20;

/**
 * One MQTT session over one socket. The library does the handshake, subscriptions, keepalive and parsing. This class writes PUBLISH and PUBACK to
 * the socket: the library would copy and store each message (four times the CPU time, measured), and acknowledges only one message after the
 * other, which blocks all later ones.
 */
export class MqttLink extends Link<MqttLinkUser> {
  readonly ids: PacketIds = new PacketIds();
  readonly #client: MqttClient;
  readonly #socket: Socket;
  #corked = false;
  /** Why we are ending the link, if we are. */
  #goodbye: Error | undefined;
  #pong = (): void => {};
  /** Something has come since it was last looked at. */
  #hasHeard = false;
  #isPaused = false;
  /** Has the library go on with the next packet. */
  #goOn: (() => void) | undefined;

  /** Starts the handshake over an open socket. */
  constructor(url: string, socket: Socket, options: IClientOptions) {
    super(url);
    this.#socket = socket;
    // before the library, which puts together whatever is announced, and may take text for the beginning of a long packet
    inspectIncoming(socket, inspection());
    this.#client = new MqttClient(() => socket, {
      ...options,
      protocolVersion: 4,
      reconnectPeriod: 0,
      reschedulePings: false,
      timerVariant: 'native',
      messageIdProvider: this.ids,
    });
    this.#client.on('error', (error) => this.end(explained(error)));
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(this.#goodbye ?? new Error(CLOSED_BY_SERVER)));
    const giveUp = this.#client.onKeepaliveTimeout.bind(this.#client);
    this.#client.onKeepaliveTimeout = () => {
      if (!this.#hasHeard && !this.#isBusy) return giveUp();
      this.#hasHeard = false;
      this.#client.sendPing();
      this.#client.reschedulePing(true);
    };
    this.#client.on('packetreceive', (packet) => {
      this.#hasHeard = true;
      // the answer to a ping may stand behind many messages
      this.#pong();
      // guard: what is not for a client of QoS 1 ends the connection
      if (!EXPECTED.has(packet.cmd) || (packet.cmd === 'publish' && packet.qos === 2)) return this.#refuse(packet);
      if (packet.cmd === 'puback') for (const user of this.users) user.acknowledged?.(packet.messageId ?? 0);
    });
    this.#client.handleMessage = (message, done) => {
      // the library goes on with what it has parsed already
      if (this.over === undefined) for (const user of this.users) user.received?.(message);
      // an error keeps the library from acknowledging the message, and does nothing else
      const goOn = (): void => done(new Error('it is acknowledged once it is handled'));
      // guard: what comes is not read while too much waits
      if (this.#isPaused) this.#goOn = goOn;
      else goOn();
    };
  }

  /** The library would act on it all the same, and fails at some: with another name it passes it over. */
  #refuse(packet: Packet): void {
    this.end(new Error(`it sends ${packet.cmd} to a client that did not ask for it`));
    Object.assign(packet, { cmd: 'refused' });
  }

  /** Takes nothing more from the server, which TCP tells: neither messages, nor acknowledgements, nor answers to pings. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  /**
   * It is paused, and nobody waits for the server: that counts as alive. Otherwise who waits for an acknowledgement may be the one for whom it is
   * paused: for ever, unless the connection ends.
   */
  get #isBusy(): boolean {
    return this.#isPaused && this.ids.isIdle;
  }

  /** Resolves when the server has accepted the connection; rejects with why it has not. */
  async accepted(): Promise<void> {
    try {
      await this.during(new Promise<void>((resolve) => this.#client.once('connect', () => resolve())));
    } catch (error) {
      const { cause } = error as Error;
      throw new Error(`cannot connect to ${this.url}: ${reasonOf(cause as Error)}`, { cause: error });
    }
  }

  /** Sends a packet; what is sent in one turn of the event loop goes out in one piece. */
  send(packet: Uint8Array): void {
    if (this.over !== undefined) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(packet);
  }

  /** Resolves when the server has granted the subscription. */
  async subscribe(filter: string): Promise<void> {
    await this.#call((done) => this.#client.subscribe(filter, { qos: 1 }, done));
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#call((done) => this.#client.unsubscribe(filter, done));
  }

  #call(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.over !== undefined) return reject(this.over);
      start((error) => (error ? reject(this.over ?? error) : resolve()));
    });
  }

  /** A PINGREQ; whatever comes after it is an answer. */
  protected override pingServer(): Promise<void> {
    // guard: handlers may take longer than a heartbeat
    if (this.#isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#pong = resolve;
      this.#client.sendPing();
    });
  }

  protected override release(): void {
    this.#socket.destroy();
    this.#client.end(true);
  }

  /** DISCONNECT; the server hangs up when it has what was sent before. */
  protected override async sayGoodbye(): Promise<void> {
    this.#goodbye = new Error('the satellite has disconnected');
    const closed = once(this.#socket, 'close');
    if (this.#corked) this.#socket.uncork();
    this.#socket.end(DISCONNECT);
    await closed;
  }
}

/** Says what is wrong with the packets of a server, piece by piece. */
function inspection(): (bytes: Buffer) => Error | undefined {
  const frames = new Frames();
  let isKnown = false;
  return (bytes) => {
    // guard: what does not begin with CONNACK ends the attempt
    if (!isKnown && bytes[0] !== CONNACK) return new Error(NOT_MQTT);
    isKnown = true;
    const { length } = frames.take(bytes);
    // guard: a packet of a length that is not taken ends the connection
    if (length <= MOST_PACKET_BYTES) return undefined;
    return new Error(
      `the server announces a packet of ${length} bytes; the connector takes at most ${MOST_PACKET_BYTES}`,
    );
  };
}

/** Refusals by the server carry the return code of CONNACK (MQTT 3.1.1, 3.2.2.3). */
function explained(error: Error & { readonly code?: unknown }): Error {
  const advice: Readonly<Record<number, string>> = {
    1: 'it does not speak MQTT 3.1.1',
    // what mosquitto says to a keepalive above its max_keepalive, too
    2: 'choose another clientId, or a smaller keepaliveSeconds',
    4: 'check username and password',
    5: 'check username and password, and the permissions of the user on the server',
  };
  const hint = typeof error.code === 'number' ? advice[error.code] : undefined;
  return hint === undefined ? error : new Error(`${error.message}; ${hint}`, { cause: error });
}
