import type { Transport } from './listener-config.js';

/** What has come in, and what could not be taken, since the receiver began. */
export interface ListenerCounts {
  /** Datagrams that came, whole or not. */
  datagrams: number;
  /** Datagrams among them that could not be handed on: lost. */
  datagramsDropped: number;
  /** Datagrams that the kernel dropped, for they came faster than they were read, or were not for UDP to understand. Linux only. */
  datagramsDroppedByKernel: number;
  connections: number;
  /** Connections above `maxConnections`. */
  connectionsRefused: number;
  /** Connections that nothing came from for `idleTimeoutMs`. */
  connectionsIdle: number;
  /** Connections that broke: the network's failures, or the sender's. */
  connectionsFailed: number;
  /** Connections that began with no syslog where that has to come: TLS on a plain port, or no PROXY header where one is needed. */
  connectionsForeign: number;
  /** Connections that never became TLS: garbage, time-outs, certificates that nobody vouches for. */
  handshakesFailed: number;
  /** Messages that came by connections. */
  frames: number;
  /** Messages that were longer than `maxMessageBytes` and lack their end. */
  framesTruncated: number;
  /** Messages that were longer, and were refused for it. */
  framesRefused: number;
  /** Messages whose end did not come by their connection: lost. */
  framesBroken: number;
  /** Octet counts that did not fit what followed, or were missing where only they tell. */
  countsWrong: number;
  /** Messages that had come by connections and could not be handed on: lost. */
  framesLost: number;
  /** Messages below the `severityLevel`. */
  filtered: number;
  /** Messages with nothing in them but blanks, line ends and NULs: dropped. */
  empty: number;
}

/** The counts of one listener. */
export interface NamedCounts extends ListenerCounts {
  readonly name: string;
  readonly transport: Transport;
}

/** The counts of a receiver: all in all, and by listener. */
export interface SyslogCounts extends ListenerCounts {
  readonly listeners: readonly NamedCounts[];
}

/** Counts of a listener that has taken in nothing yet. */
export function noCounts(): ListenerCounts {
  return {
    datagrams: 0,
    datagramsDropped: 0,
    datagramsDroppedByKernel: 0,
    connections: 0,
    connectionsRefused: 0,
    connectionsIdle: 0,
    connectionsFailed: 0,
    connectionsForeign: 0,
    handshakesFailed: 0,
    frames: 0,
    framesTruncated: 0,
    framesRefused: 0,
    framesBroken: 0,
    countsWrong: 0,
    framesLost: 0,
    filtered: 0,
    empty: 0,
  };
}

/** The counts of all listeners, and their sums. */
export function summed(listeners: readonly NamedCounts[]): SyslogCounts {
  const sums = noCounts();
  for (const key of Object.keys(sums) as (keyof ListenerCounts)[])
    for (const counts of listeners) sums[key] += counts[key];
  return { ...sums, listeners };
}
