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

/** A syslog message taken apart. Parts that the sender left out are absent, not empty. */
export interface SyslogMessage {
  /** When the satellite received it: ISO 8601, UTC. */
  readonly receivedAt: string;
  /** How it was read; 'raw' means that nothing but the whole text could be made of it. */
  readonly format: 'rfc5424' | 'rfc3164' | 'raw';
  /** The PRI value, 0 to 191: facility * 8 + severity. */
  readonly priority: number;
  readonly facility: number;
  readonly facilityName: string;
  readonly severity: number;
  readonly severityName: string;
  /** The VERSION of RFC 5424. */
  readonly version?: 1;
  /**
   * ISO 8601. As the sender wrote it where it had a zone; the time stamp of RFC 3164, which has neither year nor zone, is
   * read as local time of this process, in the latest year that puts it no more than a month after `receivedAt`.
   */
  readonly timestamp?: string;
  readonly hostname?: string;
  /** APP-NAME of RFC 5424, TAG of RFC 3164. */
  readonly appName?: string;
  /** PROCID of RFC 5424, the part in brackets after the TAG of RFC 3164. */
  readonly procId?: string;
  readonly msgId?: string;
  readonly structuredData?: StructuredData;
  /** True if the frame was longer than the receiver takes, and its end is missing. */
  readonly truncated?: true;
  readonly message: string;
}

/** Address of the block that takes parsed messages from the receiver. */
export const SYSLOG_PRODUCER: Responsibility<SyslogMessage> = 'syslogproducer';

/** A message being put together; the parts are set in the order in which they are to be read. */
export type Draft = { -readonly [K in keyof Omit<SyslogMessage, 'message'>]: SyslogMessage[K] };

const SEVERITIES = 'emerg alert crit err warning notice info debug'.split(' ');
const FACILITIES = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

/** Begins a message with the parts that every one has. */
export function begin(format: SyslogMessage['format'], priority: number, receivedAt: Date): Draft {
  const facility = priority >> 3;
  const severity = priority & 7;
  return {
    receivedAt: isoTime(receivedAt),
    format,
    priority,
    facility,
    facilityName: FACILITIES[facility] as string,
    severity,
    severityName: SEVERITIES[severity] as string,
  };
}

/** Ends a message with its text. */
export function complete(draft: Draft, message: string): SyslogMessage {
  return Object.assign(draft, { message });
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
