import type { BlockCommunicator, Logger } from '@sputnikjs/core';
import type { SyslogMessage } from './message.js';
import type { Troubles } from './troubles.js';

/** What a receiver has taken in since it began, and what it could not take. */
export interface SyslogCounts {
  /** Datagrams that were handed on. */
  datagrams: number;
  /** Datagrams that came while there was no room for them, and are lost. */
  datagramsDropped: number;
  connections: number;
  /** Connections above `maxConnections`. */
  connectionsRefused: number;
  /** Frames from connections that were handed on, or wait to be. */
  frames: number;
  /** Frames among them that were longer than `maxMessageBytes` and lack their end. */
  framesTruncated: number;
  /** Frames that were malformed, or whose rest did not come: lost. */
  framesBroken: number;
  /** Frames that had come from connections and could not be handed on at landing. */
  framesLost: number;
}

/** What the two listeners share: where messages go, and where troubles are told. */
export interface Intake {
  readonly publisher: BlockCommunicator<SyslogMessage>;
  readonly counts: SyslogCounts;
  readonly troubles: Troubles;
  readonly log: Logger;
  /** Aborts when there is no more time to hand anything on. */
  readonly signal: AbortSignal;
  readonly maxMessageBytes: number;
}

/** Counts of a receiver that has taken in nothing yet. */
export function noCounts(): SyslogCounts {
  return {
    datagrams: 0,
    datagramsDropped: 0,
    connections: 0,
    connectionsRefused: 0,
    frames: 0,
    framesTruncated: 0,
    framesBroken: 0,
    framesLost: 0,
  };
}
