import assert from 'node:assert/strict';
import {
  parseSyslog,
  type ParseOptions,
  type Rfc3164Message,
  type Rfc5424Message,
  type SyslogMessage,
  type SyslogSource,
} from '@sputnikjs/adapter-syslog';

/** When the frames of the parser's tests came. */
export const RECEIVED: Date = new Date(2026, 10, 23, 18, 30);

/** Where they came from. */
export const SOURCE: SyslogSource = { address: '192.0.2.7', port: 514, transport: 'udp', listener: '127.0.0.1:5514' };

/** The parts of any message, for tests that do not know which it will be. */
export type Parts = Partial<Omit<Rfc5424Message, 'rfc'>> &
  Partial<Omit<Rfc3164Message, 'rfc'>> & { readonly rfc?: 'RFC5424' | 'RFC3164'; readonly data?: string };

export function parse(frame: string | Uint8Array, at: Date = RECEIVED, options?: ParseOptions): SyslogMessage & Parts {
  return parseSyslog(typeof frame === 'string' ? Buffer.from(frame) : frame, { at, source: SOURCE }, options);
}

/** The parts that say something, without those that follow from others. */
export function parts(frame: string | Uint8Array, at: Date = RECEIVED, options?: ParseOptions): Parts {
  const { received_at: _at, source, facility = NaN, severity = NaN, ...rest } = parse(frame, at, options) as Parts;
  assert.equal(source, SOURCE);
  if (rest.priority === undefined) assert.ok(Number.isNaN(facility) && Number.isNaN(severity));
  else assert.equal(facility * 8 + severity, rest.priority);
  return rest;
}

/** A local time, in the way a message tells it. */
export function local(...date: [number, number, number, number, number, number, number?]): string {
  return new Date(...date).toISOString();
}
