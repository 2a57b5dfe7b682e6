import type { Socket } from 'node:net';
import { Link, type LinkUser } from '@sputnikjs/messaging/connector';
import type { NatsConnection, PermissionViolationError, Status } from '@nats-io/transport-node';
import type { Wire } from './wire.js';

/** What a link tells those that work on it. */
export interface NatsLinkUser extends LinkUser {
  /** The server forbids what was sent. */
  denied?(error: PermissionViolationError): void;
}

const CLOSED_BY_SERVER = 'the server closed the connection';

/** One connection; the library's reconnecting is off, since it is sputnik's job. */
export class NatsLink extends Link<NatsLinkUser> {
  readonly nats: NatsConnection;
  readonly wire: Wire;
  readonly #socket: Socket;
  /** What the server said last against us; it closes the connection after most of that. */
  #complaint: Error | undefined;

  constructor(url: string, nats: NatsConnection, socket: Socket, wire: Wire) {
    super(url);
    this.nats = nats;
    this.wire = wire;
    this.#socket = socket;
    let broken: Error | undefined;
    socket.on('error', (error) => (broken = error));
    socket.on('close', () => this.end(this.#complaint ?? broken ?? new Error(CLOSED_BY_SERVER)));
    void nats.closed().then((error) => this.end(error ?? this.#complaint ?? new Error(CLOSED_BY_SERVER)));
    void this.#listen(nats.status());
  }

  override get product(): string {
    return `nats-server ${this.nats.info?.version}`;
  }

  async #listen(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === 'staleConnection') this.end(this.#complaint ?? new Error('the server does not answer pings'));
      if (status.type !== 'error') continue;
      if (!isViolation(status.error)) this.#complaint = status.error;
      else for (const user of this.users) user.denied?.(status.error);
    }
  }

  /** A PING. */
  protected override pingServer(): Promise<void> {
    return this.nats.flush();
  }

  protected override release(): void {
    this.#socket.destroy();
    this.nats.close().catch(ignore);
  }
}

function isViolation(error: Error): error is PermissionViolationError {
  return error.name === 'PermissionViolationError';
}

function ignore(): void {}
