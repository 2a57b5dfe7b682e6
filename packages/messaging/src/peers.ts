import { connectionPart } from './connection-part.js';

/** A process with a part of a satellite: one of its instances. */
export interface Peer {
  /** The name of the outermost satellite; processes of others are not found. */
  readonly whole: string;
  /** The path of the satellite that the process runs; empty for the outermost one. */
  readonly satellite: string;
  /** Of this instance: another one each time that a process starts. Letters and digits. */
  readonly id: string;
  /** How it writes messages: only processes of one format understand each other. Empty if it does not say. */
  readonly format: string;
  /** Its version of Sputnik, for people. */
  readonly version: string;
}

/** Another process, as it was found. */
export interface FoundPeer extends Peer {
  /** Where it takes packets. Only the connector knows what it means. */
  readonly address: string;
}

/** Bytes from another process. */
export interface Packet {
  /** Which talk of two processes it belongs to: as its sender said. Letters and digits. */
  readonly session: string;
  readonly bytes: Uint8Array;
  /** Where the process that sent it takes packets. */
  readonly from: string;
}

/** Receives what other processes send to this one. */
export interface PeerListener {
  packet(packet: Packet): void;
  /** A packet of this session reached nobody: the process at its address is gone. */
  unreachable(session: string): void;
}

/** What a process does, once it can be found. */
export interface Membership {
  /** Where it takes packets itself. */
  readonly address: string;
  /** The largest packet that {@link send} takes, in bytes. */
  readonly mostBytes: number;
  /**
   * Sends a packet, at most once; those to one address arrive in order, but for the ones that are lost. Never waits, never throws. If a packet reaches no
   * process, the listener hears of it.
   */
  send(to: string, session: string, bytes: Uint8Array): void;
  /**
   * Asks for the processes of the whole that run one of these satellites. Resolves with those that have answered within `withinMs`
   * milliseconds, itself left out; rejects with CONNECTION_LOST.
   */
  find(satellites: readonly string[], withinMs: number): Promise<readonly FoundPeer[]>;
  /** Others do not find it any more. Packets come still. */
  leave(): Promise<void>;
}

/** The part of a connection that joins processes to one satellite, for servers that can. It ends with the connection. */
export interface PeerNetwork {
  /**
   * Makes this process known. Resolves when others find it and its packets come. Rejects with CONNECTION_LOST if the connection ends first,
   * with any other error if the server refuses.
   */
  join(self: Peer, listener: PeerListener): Promise<Membership>;
}

/**
 * Returns the part of a connection that joins processes. Throws BAD_SETUP if the server connector gave none.
 *
 * @example
 * import { peersOf } from '@sputnikjs/messaging';
 * const peers = { join: () => Promise.reject(new Error('nobody is here')) };
 * console.log(peersOf({ peers }) === peers); // true
 */
export function peersOf(connection: unknown): PeerNetwork {
  const text = 'the server connector cannot join processes; use @sputnikjs/connector-nats in join.json';
  return connectionPart(connection, 'peers', 'join', text);
}
