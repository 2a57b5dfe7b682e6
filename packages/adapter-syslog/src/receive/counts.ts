import type { Transport } from './listener-config.js';

/** What has come in, and what was not accepted, since the receiver started. */
export interface ListenerCounts {
  /** Datagrams received, complete or not. */
  datagrams: number;
  /** Datagrams received that could not be passed on: lost. */
  datagramsDropped: number;
  /** Datagrams that the kernel dropped, since they came faster than they were read, or were damaged. Linux only. */
  datagramsDroppedByKernel: number;
  connections: number;
  /** Connections refused, beyond `maxConnections`. */
  connectionsRefused: number;
  /** Connections of the sender that had most, closed at `maxConnections` for those of others. */
  connectionsDisplaced: number;
  /** Connections closed, since nothing but blank lines came for `idleTimeoutMs`. */
  connectionsIdle: number;
  /** Connections that failed, in the network or at the sender. */
  connectionsFailed: number;
  /** Connections that did not begin as configured: with TLS on a plain port, or without the PROXY header. */
  connectionsForeign: number;
  /** TLS handshakes that failed: garbage, time-outs, certificates that cannot be verified. */
  handshakesFailed: number;
  /** Messages received over connections. */
  frames: number;
  /** Messages longer than `maxMessageBytes`, whose end was cut off. */
  framesTruncated: number;
  /** Messages longer than `maxMessageBytes` that were refused. */
  framesRefused: number;
  /** Messages whose connection ended before they did: lost. */
  framesBroken: number;
  /** Octet counts that did not fit what followed, or were missing with `octet-counting`. */
  countsWrong: number;
  /** Messages whose structured data has too many elements or parameters, so that it stays in their text. */
  structuresTooLarge: number;
  /** Messages received over connections that could not be passed on: lost. */
  framesLost: number;
  /** Messages less severe than `severityLevel`. */
  filtered: number;
  /** Messages of nothing but blanks, line ends and NULs: dropped. */
  empty: number;
}

/** The counts of one listener. */
export interface NamedCounts extends ListenerCounts {
  readonly name: string;
  readonly transport: Transport;
}

/** The counts of a receiver: sums, and by listener. */
export interface SyslogCounts extends ListenerCounts {
  readonly listeners: readonly NamedCounts[];
}

/** Returns counts of 0. */
export function noCounts(): ListenerCounts {
  return {
    datagrams: 0,
    datagramsDropped: 0,
    datagramsDroppedByKernel: 0,
    connections: 0,
    connectionsRefused: 0,
    connectionsDisplaced: 0,
    connectionsIdle: 0,
    connectionsFailed: 0,
    connectionsForeign: 0,
    handshakesFailed: 0,
    frames: 0,
    framesTruncated: 0,
    framesRefused: 0,
    framesBroken: 0,
    countsWrong: 0,
    structuresTooLarge: 0,
    framesLost: 0,
    filtered: 0,
    empty: 0,
  };
}

/** Returns the counts of all listeners, and their sums. */
export function summed(listeners: readonly NamedCounts[]): SyslogCounts {
  const sums = noCounts();
  for (const key of Object.keys(sums) as (keyof ListenerCounts)[])
    for (const counts of listeners) sums[key] += counts[key];
  return { ...sums, listeners };
}
