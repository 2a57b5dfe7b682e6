import type { Socket } from 'node:net';
import type { SputnikError } from '@sputnikjs/core';
import { connectionLost } from '@sputnikjs/sidecar/connector';
import { MqttClient, type IClientOptions } from 'mqtt';
import { DISCONNECT, PacketIds } from './packets.js';

type ReceivedMessage = Parameters<MqttClient['handleMessage']>[0];

/** What a link tells those that work on it. */
export interface LinkUser {
  /** The server has taken responsibility for the message that was published under this identifier. */
  acknowledged?(id: number): void;
  /** A message came in. Nothing acknowledges it by itself. */
  received?(message: ReceivedMessage): void;
  /** The link is over, for good. Nothing comes after it. */
  ended(error: SputnikError): void;
}

const CLOSED_BY_SERVER =
  'the server closed the connection; has another client the same clientId, or may the user not send a message? its log tells';
/** How long a server has to hang up after we said goodbye, in milliseconds. */
const GOODBYE_MS = 1000;

/**
 * One MQTT session over one socket, never used again once it ended. The library does the handshake, subscriptions,
 * keepalive and parsing. PUBLISH and PUBACK are written to the socket here: the library would copy and store each message (four
 * times the CPU time, measured), and can only acknowledge one message after the other, holding up all that comes after it.
 */
export class Link {
  readonly url: string;
  readonly ids: PacketIds = new PacketIds();
  readonly #client: MqttClient;
  readonly #socket: Socket;
  readonly #users: LinkUser[] = [];
  #corked = false;
  #end: SputnikError | undefined;
  /** Why the link is about to end, when it is us who end it. */
  #goodbye: Error | undefined;
  /** Those who wait for the answer to the PINGREQ under way. */
  #pings: ((alive: boolean) => void)[] = [];

  /** Starts the handshake over an open socket. */
  constructor(url: string, socket: Socket, options: IClientOptions) {
    this.url = url;
    this.#socket = socket;
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
    this.#client.on('packetreceive', (packet) => {
      if (packet.cmd === 'puback') for (const user of this.#users) user.acknowledged?.(packet.messageId ?? 0);
      else if (packet.cmd === 'pingresp') this.#pong(true);
    });
    this.#client.handleMessage = (message, done) => {
      // the library goes on with what it has parsed already
      if (this.#end === undefined) for (const user of this.#users) user.received?.(message);
      // an error keeps the library from acknowledging the message, and does nothing else
      done(new Error('it is acknowledged when it was handled'));
    };
  }

  /** Resolves when the server has accepted us; rejects when it refuses, or at once with the reason of the signal. */
  accepted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        reject(signal.reason as Error);
        this.end(signal.reason as Error);
      };
      if (signal.aborted) return aborted();
      signal.addEventListener('abort', aborted);
      this.add({
        ended: (error) => {
          signal.removeEventListener('abort', aborted);
          const { cause } = error;
          reject(
            new Error(`no session with ${this.url}: ${cause instanceof Error ? cause.message : error.message}`, {
              cause,
            }),
          );
        },
      });
      this.#client.once('connect', () => {
        signal.removeEventListener('abort', aborted);
        resolve();
      });
    });
  }

  /** Why the link is over, if it is. */
  get over(): SputnikError | undefined {
    return this.#end;
  }

  /** True while nothing speaks against the link being alive: it is open, and no ping of ours is unanswered. */
  get alive(): boolean {
    return this.#end === undefined && this.#pings.length === 0;
  }

  add(user: LinkUser): void {
    this.#users.push(user);
  }

  /** Sends a packet; what is sent in one turn of the event loop goes out in one piece. */
  send(packet: Uint8Array): void {
    if (this.#end !== undefined) return;
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
      if (this.#end !== undefined) return reject(this.#end);
      start((error) => (error ? reject(this.#end ?? error) : resolve()));
    });
  }

  /** Asks the server for a sign of life (PINGREQ): true when it comes, false when the link ends first. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (this.#pings.push(resolve) === 1) this.#client.sendPing();
    });
  }

  #pong(alive: boolean): void {
    const waiting = this.#pings;
    this.#pings = [];
    for (const resolve of waiting) resolve(alive);
  }

  /** Ends the link at once. The first reason counts. */
  end(cause: Error): void {
    if (this.#end !== undefined) return;
    const error = connectionLost(this.url, cause);
    this.#end = error;
    this.#socket.destroy();
    this.#client.end(true);
    this.#pong(false);
    for (const user of this.#users) user.ended(error);
  }

  /** Says goodbye and ends the link when what was sent before is out, within bounds. */
  async close(): Promise<void> {
    if (this.#end !== undefined) return;
    this.#goodbye = new Error('the satellite has disconnected');
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GOODBYE_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (this.#corked) this.#socket.uncork();
      this.#socket.end(DISCONNECT);
    });
    this.end(this.#goodbye);
  }
}

/** Refusals by the server carry the return code of CONNACK (MQTT 3.1.1, 3.2.2.3). */
function explained(error: Error & { readonly code?: unknown }): Error {
  const advice: Readonly<Record<number, string>> = {
    1: 'it does not speak MQTT 3.1.1',
    2: 'choose another clientId',
    4: 'check username and password',
    5: 'check username and password, and what the server allows the user',
  };
  const hint = typeof error.code === 'number' ? advice[error.code] : undefined;
  return hint === undefined ? error : new Error(`${error.message}; ${hint}`, { cause: error });
}
