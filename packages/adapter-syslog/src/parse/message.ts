import type { Responsibility } from '@sputnikjs/core';

/**
 * Values of one SD-ELEMENT by PARAM-NAME. A name that the sender repeated (RFC 5424 section 6.3.3 allows it) has all its
 * values, in order, as an array.
 */
export interface StructuredElement {
  readonly [name: string]: string | readonly string[];
}

/** Structured data by SD-ID (RFC 5424 section 6.3). Elements that repeat an SD-ID against the RFC are joined. */
export interface StructuredData {
  readonly [id: string]: StructuredElement;
}

/** Where a message came from. */
export interface SyslogSource {
  /** The sender's address; of a Unix socket its path. */
  readonly address: string;
  /** The sender's port; 0 where there is none. */
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls' | 'unix';
  /** The subject of the sender's verified certificate (RFC 4514), where `peerSubject` asks for it. */
  readonly subject?: string;
  /** Where it was received: the address and port, or the path, that the receiver listens on. */
  readonly listener: string;
}

/** What a receiver knows of a frame beside its octets. */
export interface Received {
  readonly at: Date;
  /** One object for all frames of a sender is best: neighbours are compared by identity. */
  readonly source: SyslogSource;
  /** True if the frame lacks its end. */
  readonly truncated?: boolean | undefined;
}

/** What every message has. */
export interface SyslogOrigin {
  /** When the satellite received it: RFC 3339, UTC. */
  readonly received_at: string;
  readonly source: SyslogSource;
  /** There if the frame was longer than the receiver takes, and its end is missing. */
  readonly truncated?: true;
}

/** What the PRI part says (RFC 5424 section 6.2.1). */
export interface Priority {
  /** The PRI value, 0 to 191: facility * 8 + severity. */
  readonly priority: number;
  /** 0 (kern) to 23 (local7). */
  readonly facility: number;
  /** 0 (emerg) to 7 (debug). */
  readonly severity: number;
}

/** The parts that both formats have. Parts that the sender left out are absent, not empty. */
export interface SyslogHeader extends SyslogOrigin, Priority {
  /**
   * RFC 3339. As the sender wrote it where it had a zone. Else it is read in the configured time zone and given in UTC; without
   * a year, in the latest that puts it no more than a month after `received_at`.
   */
  readonly timestamp?: string;
  readonly hostname?: string;
}

/** A message of RFC 5424. */
export interface Rfc5424Message extends SyslogHeader {
  readonly rfc: 'RFC5424';
  readonly version: 1;
  readonly app_name?: string;
  readonly proc_id?: string;
  readonly msg_id?: string;
  readonly structured_data?: StructuredData;
  readonly message: string;
}

/** A message of RFC 3164, or of what its senders made of it. */
export interface Rfc3164Message extends SyslogHeader {
  readonly rfc: 'RFC3164';
  readonly tag?: string;
  /** The part in brackets after the tag. */
  readonly proc_id?: string;
  /** The number with which Cisco's devices begin; of two the second. */
  readonly sequence?: number;
  /** The first of two such numbers, which counts what the device sent to this receiver. */
  readonly counter?: number;
  /** How long a device of Cisco's has been up, as it tells it where it has no time: `00:20:10`, `1d02h`, `3w4d`. */
  readonly uptime?: string;
  readonly content: string;
}

/** What neither RFC accepts. Where it has a valid PRI all the same, that is there. */
export interface SyslogData extends SyslogOrigin, Partial<Priority> {
  readonly rfc?: never;
  /** The frame as it was received; octets that are not UTF-8 are replaced by U+FFFD. */
  readonly data: string;
}

/** A syslog message taken apart, told apart by `rfc`: its parts have the names of the original. */
export type SyslogMessage = Rfc5424Message | Rfc3164Message | SyslogData;

/** Address of the block that takes parsed messages from the receiver. */
export const SYSLOG_PRODUCER: Responsibility<SyslogMessage> = 'syslogproducer';

/** Parts being put together, in the order in which they are to be read. */
export type Draft<M> = { -readonly [K in keyof M]: M[K] };

/** Begins a message with the parts that every one has. */
export function originOf({ at, source, truncated }: Received): Draft<SyslogOrigin> {
  const origin: Draft<SyslogOrigin> = { received_at: isoTime(at), source };
  if (truncated) origin.truncated = true;
  return origin;
}

let lastTime = NaN;
let lastIso = '';

// Hundreds of messages arrive within one millisecond, and making the text costs as much as the rest of a message.
function isoTime(date: Date): string {
  if (date.getTime() !== lastTime) {
    lastIso = date.toISOString();
    lastTime = date.getTime();
  }
  return lastIso;
}
