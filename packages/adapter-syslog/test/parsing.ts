import assert from 'node:assert/strict';
import { parseSyslog, type SyslogMessage } from '@sputnikjs/adapter-syslog';

/** When the frames of the parser's tests came. */
export const RECEIVED: Date = new Date(2026, 10, 23, 18, 30);

export function parse(frame: string | Uint8Array, receivedAt: Date = RECEIVED): SyslogMessage {
  return parseSyslog(typeof frame === 'string' ? Buffer.from(frame) : frame, receivedAt);
}

/** The parts that say something, without those that follow from others. */
export function parts(frame: string | Uint8Array, receivedAt: Date = RECEIVED): Partial<SyslogMessage> {
  const {
    receivedAt: _at,
    facilityName: _facility,
    severityName: _severity,
    facility,
    severity,
    ...rest
  } = parse(frame, receivedAt);
  assert.equal(facility * 8 + severity, rest.priority);
  return rest;
}

/** A local time, in the way a message tells it. */
export function local(...date: [number, number, number, number, number, number, number?]): string {
  return new Date(...date).toISOString();
}
