import type { BlockContext } from '@sputnikjs/core';
import type { Address, ProblemLog } from '@sputnikjs/messaging/net';
import type { ListenerCounts } from './counts.js';
import type { Dispatcher } from './dispatcher.js';
import type { ListenerConfig } from './listener-config.js';
import type { Received, SyslogMessage, SyslogSource } from '../parse/message.js';
import type { ParseOptions } from '../parse/parse-options.js';
import { parseSyslog, passes } from '../parse/parse.js';

const SPACE = 32;
const BLANK = new Set(Buffer.from('\0\t\n\r '));

/** What the listeners of a receiver share: where messages go, and which do. */
export interface Reception {
  readonly dispatcher: Dispatcher;
  /** The least severe messages that are handed on. */
  readonly severityLevel: number;
  /** IANA name of the zone of time stamps that tell none. */
  readonly timeZone?: string | undefined;
  readonly ctx: BlockContext;
}

/** What all that belongs to one listener shares. */
export interface Intake extends Reception {
  readonly config: ListenerConfig;
  readonly options: ParseOptions;
  readonly counts: ListenerCounts;
  readonly problemLog: ProblemLog;
  /** What messages, counts and logs call the listener. It is known when the listener listens. */
  name: string;
}

/** A place to listen at. */
export interface Listener {
  readonly intake: Intake;
  /**
   * Listens, and resolves with the place: its address and port, or its path. Rejects with an Error that says what to do; then
   * nothing is open.
   */
  open(port: number): Promise<Address>;
  /** Begins to take in: what came before has waited. */
  start(): void;
  /** Takes nothing more in; resolves when all that had come is handed on, and all is closed. */
  close(): Promise<void>;
  /** Brings the counts up to date. */
  look(): Promise<void>;
}

/** The message that a frame is; undefined if it is empty, or none so minor is wanted. */
export function read(intake: Intake, frame: Buffer, received: Received): SyslogMessage | undefined {
  if (isEmpty(frame)) {
    intake.counts.empty++;
    tell(intake, 'messageEmpty', 'an empty message was dropped', received.source);
    return undefined;
  }
  if (received.truncated) {
    intake.counts.framesTruncated++;
    tell(intake, 'frameTruncated', `${tooLong(intake)}; its end is lost`, received.source);
  }
  const message = parseSyslog(frame, received, intake.options);
  if (passes(message, intake.severityLevel)) return message;
  intake.counts.filtered++;
  return undefined;
}

/** Counts and tells that messages were refused, being too long. */
export function refuse(intake: Intake, source: SyslogSource, count: number): void {
  intake.counts.framesRefused += count;
  tell(intake, 'frameRefused', `${tooLong(intake)}; it was refused`, source, count);
}

/** Tells of a trouble of this listener, and of whose it is if that is known. */
export function tell({ problemLog, name }: Intake, event: string, text: string, source?: Peer, count?: number): void {
  const peer = source && { remoteAddress: source.address, remotePort: source.port };
  problemLog.note(event, text, { listener: name, ...peer }, count);
}

/** True for what has nothing in it but blanks, line ends and NULs. */
function isEmpty(frame: Buffer): boolean {
  for (const octet of frame) if (octet > SPACE || !BLANK.has(octet)) return false;
  return true;
}

type Peer = Pick<SyslogSource, 'address' | 'port'>;

function tooLong({ config }: Intake): string {
  return `a message was longer than maxMessageBytes (${config.maxMessageBytes})`;
}
