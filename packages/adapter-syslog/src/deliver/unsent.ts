import type { Responsibility } from '@sputnikjs/core';

/** A message that could not be delivered, and why. */
export interface UnsentMessage {
  readonly target: string;
  /** JSON. */
  readonly payload: Uint8Array | string;
  readonly reason: string;
}

/** Address of the block that gets the messages that cannot be delivered, as in the Go original. Optional. */
export const SYSLOG_WRITER: Responsibility<UnsentMessage> = 'syslogwriter';
