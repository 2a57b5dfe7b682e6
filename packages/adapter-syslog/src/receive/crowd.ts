import type { Socket } from 'node:net';
import { networkOf, type Address } from '@sputnikjs/messaging/net';
import type { Connection } from './connection.js';
import { tell, type Intake } from './intake.js';

interface Member {
  readonly socket: Socket;
  readonly peer: Address;
  /** Who is behind it, as far as addresses tell. */
  readonly network: string;
  readonly since: number;
  /** Undefined as long as it is in the handshake of TLS. */
  connection: Connection | undefined;
}

/**
 * The connections of a listener, `maxConnections` at most. Beyond that, a new one displaces one of whoever has most, so that nobody locks
 * others out; unless its own sender has as many: then it is refused.
 */
export class Crowd {
  readonly #intake: Intake;
  /** By address and port, which a TLS socket shares with the one it was made of; those of a Unix socket have neither. */
  readonly #members = new Map<string | Socket, Member>();

  constructor(intake: Intake) {
    this.#intake = intake;
  }

  /** False if there is no room: then the connection is closed. */
  admit(socket: Socket, peer: Address): boolean {
    const network = networkOf(socket.remoteAddress);
    const { maxConnections } = this.#intake.config;
    if (this.#members.size >= maxConnections && !this.#makeRoom(network)) {
      this.#intake.counts.connectionsRefused++;
      const text = `a connection was refused: there are already maxConnections (${maxConnections})`;
      tell(this.#intake, 'connectionRefused', text, peer);
      socket.on('error', () => {}).destroy();
      return false;
    }
    const key = keyOf(socket);
    const member = { socket, peer, network, since: this.#intake.ctx.clock.now(), connection: undefined };
    this.#members.set(key, member);
    socket.once('close', () => {
      // the same port may have connected again
      if (this.#members.get(key) === member) this.#members.delete(key);
    });
    return true;
  }

  /** What a socket that was admitted has become. */
  join(socket: Socket, connection: Connection): void {
    const member = this.#members.get(keyOf(socket));
    if (member) member.connection = connection;
  }

  #makeRoom(newcomer: string): boolean {
    const counts = new Map<string, number>();
    for (const { network } of this.#members.values()) counts.set(network, (counts.get(network) ?? 0) + 1);
    const most = Math.max(...counts.values());
    // guard: who has as many as anybody displaces nobody
    if (most <= (counts.get(newcomer) ?? 0) + 1) return false;
    let victim: readonly [key: string | Socket, member: Member] | undefined;
    for (const entry of this.#members) {
      if (counts.get(entry[1].network) !== most) continue;
      // guard: the connection that has been quiet for longest gives way
      if (victim === undefined || quietSince(entry[1]) < quietSince(victim[1])) victim = entry;
    }
    if (victim) this.#displace(...victim);
    return true;
  }

  #displace(key: string | Socket, { socket, peer, connection }: Member): void {
    this.#members.delete(key);
    this.#intake.counts.connectionsDisplaced++;
    const { maxConnections } = this.#intake.config;
    const text = `a connection was closed to make room for another sender: there are maxConnections (${maxConnections}), and its sender has most of them`;
    tell(this.#intake, 'connectionDisplaced', text, peer);
    if (connection) void connection.land();
    else socket.destroy();
  }
}

function quietSince({ connection, since }: Member): number {
  return connection ? connection.quietSince : since;
}

function keyOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
