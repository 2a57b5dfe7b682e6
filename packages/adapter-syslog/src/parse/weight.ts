import type { SyslogMessage } from './message.js';

/** What a message takes beside its texts, and a parameter of its structured data: objects, and places in them. */
const OVERHEAD = 512;
const PARAMETER = 128;
/** V8 keeps a text that has one character beyond Latin-1 with two bytes for each of all. */
const CHARACTER = 2;

/**
 * The bytes of memory that a parsed message takes, about: for the `weigh` of the mailbox of a block that takes such messages.
 *
 * @example
 * import { parseSyslog, weightOf } from '@sputnikjs/adapter-syslog';
 * const source = { address: '192.0.2.1', port: 40_000, transport: 'udp', listener: '0.0.0.0:514' } as const;
 * const weightOfText = (text: string): number => weightOf(parseSyslog(Buffer.from(`<13>${text}`), { at: new Date(), source }));
 * console.log(weightOfText('x'.repeat(1_000)) - weightOfText('x')); // 1998
 */
export function weightOf(message: SyslogMessage): number {
  // Header fields are parts of one text with these.
  if (message.rfc === 'RFC3164') return OVERHEAD + textBytes(message.content);
  if (message.rfc === undefined) return OVERHEAD + textBytes(message.data);
  let bytes = OVERHEAD + textBytes(message.message);
  for (const element of Object.values(message.structured_data ?? {})) {
    bytes += PARAMETER;
    for (const values of Object.values(element))
      for (const value of typeof values === 'string' ? [values] : values) bytes += PARAMETER + textBytes(value);
  }
  return bytes;
}

/** A block in between may have left something out. */
function textBytes(text: string | undefined): number {
  return CHARACTER * (text?.length ?? 0);
}
