import type { Responsibility } from '@sputnikjs/core';

/**
 * Values of one SD-ELEMENT by PARAM-NAME. If the sender repeated a name, which RFC 5424 section 6.3.3 allows, it has an array of all values, in
 * order.
 */
export interface StructuredElement {
  readonly [name: string]: string | readonly string[];
}

/** Structured data by SD-ID (RFC 5424 section 6.3). Elements with the same SD-ID, which the RFC forbids, are merged. */
export interface StructuredData {
  readonly [id: string]: StructuredElement;
}

/** Where a message came from. */
export interface SyslogSource {
  /** Address of the sender; for a Unix socket, its path. */
  readonly address: string;
  /** Port of the sender; 0 for a Unix socket. */
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls' | 'unix';
  /** Subject of the verified certificate of the sender (RFC 4514), if `peerSubject` is set. */
  readonly subject?: string;
  /** Address and port, or path, at which the receiver listens. */
  readonly listener: string;
}

/** What a receiver knows about a frame, besides its octets. */
export interface Received {
  readonly at: Date;
  /** Pass the same object for all frames of a sender: successive ones are compared by identity, which is faster. */
  readonly source: SyslogSource;
  /** True if the end of the frame is missing. */
  readonly truncated?: boolean | undefined;
}

/** Parts that every message has. */
export interface SyslogOrigin {
  /** When the satellite received it: RFC 3339, UTC. */
  readonly received_at: string;
  readonly source: SyslogSource;
  /** Present if the frame was too long for the receiver, and its end was cut off. */
  readonly truncated?: true;
}

/** The values of the PRI part (RFC 5424 section 6.2.1). */
export interface Priority {
  /** The PRI value, 0 to 191: facility * 8 + severity. */
  readonly priority: number;
  /** 0 (kern) to 23 (local7). */
  readonly facility: number;
  /** 0 (emerg) to 7 (debug). */
  readonly severity: number;
}

/** Parts that both formats have. A part that the sender left out is absent, not empty. */
export interface SyslogHeader extends SyslogOrigin, Priority {
  /**
   * RFC 3339. With a zone, it is as the sender wrote it. Without one, it is read in the configured time zone, and given in UTC. Without a year,
   * it is in the latest year in which it is at most a month after `received_at`.
   */
  readonly timestamp?: string;
  readonly hostname?: string;
}

/** A message in the format of RFC 5424. */
export interface Rfc5424Message extends SyslogHeader {
  readonly rfc: 'RFC5424';
  readonly version: 1;
  readonly app_name?: string;
  readonly proc_id?: string;
  readonly msg_id?: string;
  readonly structured_data?: StructuredData;
  readonly message: string;
}

/** A message in the format of RFC 3164, or in one of the many variants in use. */
export interface Rfc3164Message extends SyslogHeader {
  readonly rfc: 'RFC3164';
  readonly tag?: string;
  /** The part in brackets after the tag. */
  readonly proc_id?: string;
  /** The sequence number of Cisco's devices; the second number if there are two. */
  readonly sequence?: number;
  /** The first of two numbers: it counts the messages that the device sent to this receiver. */
  readonly counter?: number;
  /** Uptime of a Cisco device that has no time of day, as it writes it: `00:20:10`, `1d02h`, `3w4d`. */
  readonly uptime?: string;
  readonly content: string;
}

/** A frame in neither format. Its priority is present if its PRI part is valid. */
export interface SyslogData extends SyslogOrigin, Partial<Priority> {
  readonly rfc?: never;
  /** The frame as received; octets that are not valid UTF-8 are replaced by U+FFFD. */
  readonly data: string;
}

/** A parsed syslog message; `rfc` tells which kind it is. Its parts have the names of the Go original. */
export type SyslogMessage = Rfc5424Message | Rfc3164Message | SyslogData;

/** Address of the block that takes parsed messages from the receiver. */
export const SYSLOG_PRODUCER: Responsibility<SyslogMessage> = 'syslogproducer';

/** A message under construction; its keys will be in the order in which they are set. */
export type Draft<M> = { -readonly [K in keyof M]: M[K] };

/** Begins a message with the parts that every message has. */
export function originOf({ at, source, truncated }: Received): Draft<SyslogOrigin> {
  const origin: Draft<SyslogOrigin> = { received_at: isoTime(at), source };
  if (truncated) origin.truncated = true;
  return origin;
}

let lastTime = NaN;
let lastIso = '';

// Hundreds of messages arrive within a millisecond, and formatting the time costs as much as the rest of a message.
function isoTime(date: Date): string {
  if (date.getTime() !== lastTime) {
    lastIso = date.toISOString();
    lastTime = date.getTime();
  }
  return lastIso;
}
