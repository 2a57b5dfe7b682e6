import type { BlockContext } from '@sputnikjs/core';
import type { Address, ProblemLog } from '@sputnikjs/messaging/net';
import type { ListenerCounts } from './counts.js';
import type { Dispatcher } from './dispatcher.js';
import type { ListenerConfig } from './listener-config.js';
import type { Received, SyslogMessage, SyslogSource } from '../parse/message.js';
import type { ParseOptions } from '../parse/parse-options.js';
import { parseSyslog, passes } from '../parse/parse.js';
import { MOST_ELEMENTS, MOST_PARAMETERS, readStructuredData } from '../parse/structured-data.js';

const TOO_MUCH = `structured data with more than ${MOST_ELEMENTS} elements, or ${MOST_PARAMETERS.toLocaleString('en')} parameters, stays in the text of its message`;
const SPACE = 32;
const BLANK = new Set(Buffer.from('\0\t\n\r '));

/** What the listeners of a receiver share: where messages go, and which ones. */
export interface Reception {
  readonly dispatcher: Dispatcher;
  /** The least severe messages that are passed on. */
  readonly severityLevel: number;
  /** Zone of time stamps without one: an IANA name. */
  readonly timeZone?: string | undefined;
  readonly ctx: BlockContext;
}

/** What everything of one listener shares. */
export interface Intake extends Reception {
  readonly config: ListenerConfig;
  readonly options: ParseOptions;
  readonly counts: ListenerCounts;
  readonly problemLog: ProblemLog;
  /** Name of the listener in messages, counts and logs. Set when it listens. */
  name: string;
  /** The service manager has passed its socket. Set when it listens. */
  passed: boolean;
}

/** A place to listen at. */
export interface Listener {
  readonly intake: Intake;
  /**
   * Listens, and resolves with its address and port, or its path. If it cannot, it rejects with an error that says what to do, and leaves
   * nothing open.
   */
  open(port: number): Promise<Address>;
  /** Starts receiving; what came before has waited. */
  start(): void;
  /** Stops receiving; resolves when everything that had come is passed on, and all is closed. */
  close(): Promise<void>;
  /** Updates the counts. */
  updateCounts(): Promise<void>;
}

/** Parses a frame; returns undefined if it is empty, or not severe enough. */
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
  if (hasTooMuch(message)) {
    intake.counts.structuresTooLarge++;
    tell(intake, 'structureTooLarge', TOO_MUCH, received.source);
  }
  if (passes(message, intake.severityLevel)) return message;
  intake.counts.filtered++;
  return undefined;
}

/** Counts and logs messages that were refused, since they were too long. */
export function refuse(intake: Intake, source: SyslogSource, count: number): void {
  intake.counts.framesRefused += count;
  tell(intake, 'frameRefused', `${tooLong(intake)}; it was refused`, source, count);
}

/** Logs a problem of this listener, with the sender if that is known. */
export function tell({ problemLog, name }: Intake, event: string, text: string, source?: Peer, count?: number): void {
  const peer = source && { remoteAddress: source.address, remotePort: source.port };
  problemLog.note(event, text, { listener: name, ...peer }, count);
}

/** True if the structured data of a message stayed in its text for having too many parts. */
function hasTooMuch(message: SyslogMessage): boolean {
  if (message.rfc !== 'RFC5424' || message.structured_data !== undefined || message.message[0] !== '[') return false;
  return readStructuredData(message.message, 0) === 'too much';
}

/** True for what has nothing in it but blanks, line ends and NULs. */
export function isEmpty(frame: Buffer): boolean {
  for (const octet of frame) if (octet > SPACE || !BLANK.has(octet)) return false;
  return true;
}

type Peer = Pick<SyslogSource, 'address' | 'port'>;

function tooLong({ config }: Intake): string {
  return `a message was longer than maxMessageBytes (${config.maxMessageBytes})`;
}
